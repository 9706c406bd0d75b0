#include "format/safetensors_json.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/fail.h"
#include "format/json_text.h"
#include "format/text.h"

namespace windrow::safetensors {

namespace {

constexpr int kMaxDepth = 8;
constexpr uint64_t kTextBegin = 8;  // of the JSON text in the file
constexpr const char* kMetadataName = "__metadata__";

// Takes the events of nlohmann's SAX interface. Its DOM would keep the last of two equal keys and turn large
// integers into floats unseen; here each key and each number passes by once. A handler that returns false
// ends the reading; `error` then says why.
class Reader {
 public:
  explicit Reader(const uint64_t* consumed) : consumed_(consumed) {}

  Described described;
  Error error{ErrorCode::kFormat, {}};

  bool null() {
    if (place_ == Place::kRoot && in_metadata_) return true;
    return other("null");
  }
  bool boolean(bool value) { return other(value ? "true" : "false"); }
  // Events of this kind have a minus sign, "-0" among them.
  bool number_integer(int64_t) { return other("a negative number"); }
  bool number_float(double, const std::string&) {
    return other("a number with fraction or exponent, or above 2^64-1");
  }
  bool binary(std::vector<uint8_t>&) { return other("binary data"); }  // not in JSON text

  bool number_unsigned(uint64_t value) {
    if (place_ == Place::kShape) {
      entry().tensor.shape.push_back(value);
      return true;
    }
    if (place_ == Place::kOffsets) {
      if (offsets_ == 0) entry().tensor.begin = value;
      if (offsets_ == 1) entry().tensor.end = value;
      ++offsets_;
      return true;
    }
    return other("a number");
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      described.metadata.emplace(std::move(key_), std::move(value));
      return true;
    }
    if (place_ == Place::kEntry && field_ == Field::kDtype) {
      entry().tensor.dtype = std::move(value);
      return true;
    }
    return other("a string");
  }

  bool key(std::string& name) {
    switch (place_) {
      case Place::kRoot:
        return root_key(name);
      case Place::kMetadata:
        return metadata_key(name);
      case Place::kEntry:
        return entry_key(name);
      default:
        return true;
    }
  }

  bool start_object(size_t) {
    if (!descend()) return false;
    if (place_ == Place::kOutside) {
      place_ = Place::kRoot;
      return true;
    }
    if (place_ == Place::kRoot) {
      place_ = in_metadata_ ? Place::kMetadata : Place::kEntry;
      has_dtype_ = has_shape_ = has_offsets_ = false;
      further_keys_.clear();
      return true;
    }
    return open_ignored("an object");
  }

  bool start_array(size_t) {
    if (!descend()) return false;
    if (place_ == Place::kEntry && field_ == Field::kShape) {
      place_ = Place::kShape;
      return true;
    }
    if (place_ == Place::kEntry && field_ == Field::kOffsets) {
      place_ = Place::kOffsets;
      offsets_ = 0;
      return true;
    }
    return open_ignored("an array");
  }

  bool end_object() { return ascend(); }
  bool end_array() {
    if (place_ == Place::kOffsets && offsets_ != 2) {
      return refuse(tensor_text(), ": 'data_offsets' has ", offsets_, " numbers, not two");
    }
    return ascend();
  }

  // nlohmann's own text is left out: it repeats the last token, however long.
  template <class Exception>
  bool parse_error(size_t, const std::string&, const Exception&) {
    return refuse("the header is not valid JSON");
  }

 private:
  enum class Place : uint8_t { kOutside, kRoot, kMetadata, kEntry, kShape, kOffsets, kIgnored };
  enum class Field : uint8_t { kDtype, kShape, kOffsets, kFurther };

  Described::Entry& entry() { return described.entries.back(); }
  std::string tensor_text() { return concat("tensor ", in_quotes(entry().tensor.name)); }

  template <class... Parts>
  bool refuse(const Parts&... parts) {
    error.message = concat(parts..., " (near byte ", kTextBegin + *consumed_, ")");
    return false;
  }

  bool root_key(std::string& name) {
    in_metadata_ = name == kMetadataName;
    if (!in_metadata_) {
      described.entries.push_back({});
      entry().tensor.name = std::move(name);
      entry().byte = kTextBegin + *consumed_;
      return true;
    }
    if (std::exchange(has_metadata_, true)) return refuse("the header has ", kMetadataName, " twice");
    return true;
  }

  bool metadata_key(std::string& name) {
    if (described.metadata.contains(name))
      return refuse(kMetadataName, " has the key ", in_quotes(name), " twice");
    key_ = std::move(name);
    return true;
  }

  bool entry_key(std::string& name) {
    bool seen = false;
    if (name == "dtype") {
      field_ = Field::kDtype;
      seen = std::exchange(has_dtype_, true);
    } else if (name == "shape") {
      field_ = Field::kShape;
      seen = std::exchange(has_shape_, true);
    } else if (name == "data_offsets") {
      field_ = Field::kOffsets;
      seen = std::exchange(has_offsets_, true);
    } else {  // ignored, as by the reference, but still not twice
      field_ = Field::kFurther;
      seen = !further_keys_.insert(name).second;
    }
    if (seen) return refuse(tensor_text(), " has the key ", in_quotes(name), " twice");
    return true;
  }

  bool descend() {
    if (depth_ == kMaxDepth) return refuse("the header is nested deeper than ", kMaxDepth);
    ++depth_;
    return true;
  }

  bool ascend() {
    --depth_;
    if (depth_ == 0) {
      place_ = Place::kOutside;
    } else if (depth_ == 1) {
      if (place_ == Place::kEntry && !complete()) return false;
      place_ = Place::kRoot;
    } else if (depth_ == 2) {
      place_ = Place::kEntry;  // nothing inside __metadata__ can be opened
    }
    return true;
  }

  bool complete() {
    const char* missing = !has_dtype_     ? "dtype"
                          : !has_shape_   ? "shape"
                          : !has_offsets_ ? "data_offsets"
                                          : nullptr;
    if (missing != nullptr) return refuse(tensor_text(), " has no '", missing, "'");
    return true;
  }

  bool ignoring() const {
    return place_ == Place::kIgnored || (place_ == Place::kEntry && field_ == Field::kFurther);
  }

  bool open_ignored(const char* found) {
    if (!other(found)) return false;
    place_ = Place::kIgnored;
    return true;
  }

  // A value that means nothing here: fine under a key that is ignored, of a wrong type elsewhere.
  bool other(const char* found) {
    if (ignoring()) return true;
    switch (place_) {
      case Place::kRoot:
        if (in_metadata_) return refuse(kMetadataName, " is ", found, ", not an object of strings");
        return refuse(tensor_text(), " is described by ", found, ", not by an object");
      case Place::kMetadata:
        return refuse(kMetadataName, ": ", in_quotes(key_), " is ", found, ", not a string");
      case Place::kEntry:
        if (field_ == Field::kDtype) return refuse(tensor_text(), ": 'dtype' is ", found, ", not a string");
        return refuse(tensor_text(), ": '", field_ == Field::kShape ? "shape" : "data_offsets", "' is ",
                      found, ", not an array of integers");
      case Place::kShape:
      case Place::kOffsets:
        return refuse(tensor_text(), ": '", place_ == Place::kShape ? "shape" : "data_offsets", "' holds ",
                      found, ", not an integer from 0 to 2^64-1 written in digits only");
      default:
        return refuse("the header is ", found, ", not a JSON object");
    }
  }

  const uint64_t* consumed_;
  int depth_ = 0;
  Place place_ = Place::kOutside;
  Field field_ = Field::kFurther;
  bool in_metadata_ = false;
  bool has_metadata_ = false;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  uint64_t offsets_ = 0;
  std::string key_;  // of the value that follows in __metadata__
  // Ordered, as is `metadata`: a hash table could be flooded by a file made for it.
  std::set<std::string> further_keys_;
};

}  // namespace

Result<Described> read_json(std::string_view text) {
  uint64_t consumed = 0;
  Reader reader(&consumed);
  const CountingIterator begin(text.data(), &consumed);
  const CountingIterator end(text.data() + text.size(), &consumed);
  if (!nlohmann::json::sax_parse(begin, end, &reader)) return tl::make_unexpected(std::move(reader.error));
  return std::move(reader.described);
}

}  // namespace windrow::safetensors
