#include "format/shard_index.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/fail.h"
#include "base/guard.h"
#include "format/json_text.h"
#include "format/text.h"

namespace windrow {

namespace {

constexpr std::string_view kMapName = "weight_map";

// Takes the events of nlohmann's SAX interface, like the reader of safetensors headers and for the same
// reason: a DOM would keep the last of two equal keys unseen. A handler that returns false ends the reading;
// `error` then says why. What is ignored may be nested to any depth: the reader does not recurse.
class IndexReader {
 public:
  explicit IndexReader(const uint64_t* consumed) : consumed_(consumed) {}

  ShardIndex index;
  Error error{ErrorCode::kFormat, {}};
  bool has_map = false;

  bool null() { return other("null"); }
  bool boolean(bool value) { return other(value ? "true" : "false"); }
  bool number_integer(int64_t) { return other("a number"); }
  bool number_unsigned(uint64_t) { return other("a number"); }
  bool number_float(double, const std::string&) { return other("a number"); }
  bool binary(std::vector<uint8_t>&) { return other("binary data"); }  // not in JSON text

  bool string(std::string& value) {
    if (!in_map()) return other("a string");
    if (!is_plain_name(value)) {
      return refuse("tensor ", in_quotes(tensor_), " is said to be in ", in_quotes(value),
                    ", which is no plain file name");
    }
    const auto found = numbers_.emplace(value, index.files.size());
    if (found.second) index.files.push_back(std::move(value));
    index.tensors.push_back({std::move(tensor_), found.first->second});
    return true;
  }

  bool key(std::string& name) {
    if (depth_ == 1) {
      at_map_ = name == kMapName;
      if (at_map_ && std::exchange(has_map, true)) return refuse(kMapName, " is there twice");
    } else if (in_map()) {
      tensor_ = std::move(name);
    }
    return true;
  }

  bool start_object(size_t) {
    // The root, the map itself, or what is ignored.
    if (depth_ >= 2 || (depth_ == 1 && !at_map_)) {
      if (!other("an object")) return false;
    }
    ++depth_;
    return true;
  }
  bool start_array(size_t) {
    if (!other("an array")) return false;
    ++depth_;
    return true;
  }
  bool end_object() {
    --depth_;
    return true;
  }
  bool end_array() { return end_object(); }

  template <class Exception>
  bool parse_error(size_t, const std::string&, const Exception&) {
    return refuse("not valid JSON");
  }

 private:
  // Files are looked for in the folder of the index and nowhere else.
  static bool is_plain_name(std::string_view name) {
    constexpr std::string_view kForbidden("/\\\0", 3);
    return !name.empty() && name != "." && name.find_first_of(kForbidden) == name.npos &&
           name.find("..") == name.npos;
  }

  bool in_map() const { return at_map_ && depth_ == 2; }

  // A value other than those wanted: fine where values are ignored.
  bool other(const char* found) {
    if (depth_ == 0) return refuse("the index is ", found, ", not a JSON object");
    if (depth_ == 1 && at_map_) return refuse(kMapName, " is ", found, ", not an object");
    if (in_map()) return refuse("the file of tensor ", in_quotes(tensor_), " is ", found, ", not a string");
    return true;
  }

  template <class... Parts>
  bool refuse(const Parts&... parts) {
    error.message = concat(parts..., " (near byte ", *consumed_, ")");
    return false;
  }

  const uint64_t* consumed_;
  uint64_t depth_ = 0;
  bool at_map_ = false;  // the key read last at the root is `weight_map`
  std::string tensor_;
  std::map<std::string, size_t> numbers_;  // of files; ordered, as a hash table could be flooded
};

Result<ShardIndex> parse_text(std::string_view text) {
  if (text.size() > kMaxShardIndexBytes) {
    return fail(ErrorCode::kUnsupported, "an index of ", text.size(), " bytes; the limit is ",
                kMaxShardIndexBytes);
  }
  if (auto checked = check_json_text(text, 0, "the index"); !checked) return pass(checked);
  uint64_t consumed = 0;
  IndexReader reader(&consumed);
  const CountingIterator begin(text.data(), &consumed);
  const CountingIterator end(text.data() + text.size(), &consumed);
  if (!nlohmann::json::sax_parse(begin, end, &reader)) return tl::make_unexpected(std::move(reader.error));
  if (!reader.has_map) {
    return fail(ErrorCode::kFormat, "JSON text, but no index of a checkpoint: it has no ", kMapName,
                ", which says where the tensors are");
  }
  auto& tensors = reader.index.tensors;
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.tensor < b.tensor; });
  const auto twin = std::adjacent_find(tensors.begin(), tensors.end(),
                                       [](const auto& a, const auto& b) { return a.tensor == b.tensor; });
  if (twin != tensors.end()) {
    return fail(ErrorCode::kFormat, "the index has tensor ", in_quotes(twin->tensor), " twice");
  }
  return std::move(reader.index);
}

}  // namespace

Result<ShardIndex> parse_shard_index(std::string_view text) {
  return guard([&] { return parse_text(text); });
}

}  // namespace windrow
