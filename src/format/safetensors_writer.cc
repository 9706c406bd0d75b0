#include <set>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/guard.h"
#include "format/safetensors.h"
#include "format/text.h"

namespace windrow::safetensors {

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSizeLimit = uint64_t{1} << 48;  // the cap of the published JSON schema
constexpr std::string_view kMetadataName = "__metadata__";
constexpr std::string_view kFillerPrefix = "_pad.";

void append_string(std::string& json, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      json += "\\u00";
      json += kHex[c >> 4];
      json += kHex[c & 15];
    } else {
      json += c;
    }
  }
  json += '"';
}

// Compact JSON, one member after another; closed by finish().
class HeaderText {
 public:
  void add_metadata(std::span<const std::pair<std::string, std::string>> metadata) {
    if (metadata.empty()) return;  // some readers stumble over an empty object
    append_string(json_, kMetadataName);
    json_ += ":{";
    for (size_t i = 0; i < metadata.size(); ++i) {
      if (i > 0) json_ += ',';
      append_string(json_, metadata[i].first);
      json_ += ':';
      append_string(json_, metadata[i].second);
    }
    json_ += '}';
  }

  void add_tensor(std::string_view name, std::string_view dtype, std::span<const uint64_t> shape,
                  uint64_t begin, uint64_t end) {
    if (json_.size() > 1) json_ += ',';
    append_string(json_, name);
    json_ += ":{\"dtype\":";
    append_string(json_, dtype);
    json_ += ",\"shape\":[";
    for (size_t i = 0; i < shape.size(); ++i) {
      if (i > 0) json_ += ',';
      json_ += std::to_string(shape[i]);
    }
    json_ += concat("],\"data_offsets\":[", begin, ",", end, "]}");
  }

  // The length and the text, padded with spaces behind the text to whole pages: the one padding that every
  // known reader accepts.
  std::vector<uint8_t> finish() {
    json_ += '}';
    const uint64_t bytes = round_up(sizeof(uint64_t) + json_.size(), kPage);
    std::vector<uint8_t> header(bytes, ' ');
    store<uint64_t>(header.data(), bytes - sizeof(uint64_t));
    std::memcpy(header.data() + sizeof(uint64_t), json_.data(), json_.size());
    return header;
  }

 private:
  std::string json_ = "{";
};

Result<void> check_metadata(std::span<const std::pair<std::string, std::string>> metadata) {
  std::set<std::string_view> keys;
  for (const auto& [key, value] : metadata) {
    if (utf8_prefix(key) != key.size() || utf8_prefix(value) != value.size()) {
      return fail(ErrorCode::kInvalidArgument, "metadata ", in_quotes(key), ": key or value is not UTF-8");
    }
    if (!keys.insert(key).second)
      return fail(ErrorCode::kInvalidArgument, "metadata ", in_quotes(key), " is given twice");
  }
  return {};
}

Result<uint64_t> tensor_bytes(const NewTensor& tensor) {
  const auto wrong = [&](const auto&... parts) {
    return fail(ErrorCode::kInvalidArgument, "tensor ", in_quotes(tensor.name), ": ", parts...);
  };
  if (utf8_prefix(tensor.name) != tensor.name.size()) return wrong("the name is not UTF-8");
  if (tensor.name == kMetadataName || tensor.name.starts_with(kFillerPrefix))
    return wrong("the name is reserved");
  const auto bits = bits_of(tensor.dtype);
  if (!bits) return wrong("unknown dtype ", in_quotes(tensor.dtype));
  uint64_t all_bits = *bits;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    const auto product = checked_mul(all_bits, tensor.shape[i]);
    if (!product || *product / 8 >= kSizeLimit || tensor.shape[i] >= kSizeLimit) {
      return wrong("dimension ", i, " of ", tensor.shape[i], " makes it 2^48 bytes or more");
    }
    all_bits = *product;
  }
  if (all_bits % 8 != 0) return wrong("its values do not end on a whole byte");
  return all_bits / 8;
}

Result<Layout> lay_out_checked(std::span<const NewTensor> tensors,
                               std::span<const std::pair<std::string, std::string>> metadata) {
  if (auto checked = check_metadata(metadata); !checked) return pass(checked);
  HeaderText text;
  text.add_metadata(metadata);

  Layout layout;
  layout.tensors.reserve(tensors.size());
  std::set<std::string_view> names;
  uint64_t offset = 0;  // from the first data byte; that one is on a page too
  uint64_t fillers = 0;
  for (const NewTensor& tensor : tensors) {
    const auto bytes = tensor_bytes(tensor);
    if (!bytes) return tl::make_unexpected(bytes.error());
    if (!names.insert(tensor.name).second) {
      return fail(ErrorCode::kInvalidArgument, "tensor ", in_quotes(tensor.name), " is given twice");
    }
    const uint64_t begin = round_up(offset, kPage);
    if (begin > offset) {  // the format allows no holes
      const uint64_t filler_shape[] = {begin - offset};
      text.add_tensor(concat(kFillerPrefix, fillers++), "U8", filler_shape, offset, begin);
    }
    offset = begin + *bytes;
    if (offset >= kSizeLimit) {
      return fail(ErrorCode::kInvalidArgument, "tensor ", in_quotes(tensor.name),
                  " would end beyond 2^48 bytes");
    }
    text.add_tensor(tensor.name, tensor.dtype, tensor.shape, begin, offset);
    layout.tensors.push_back({tensor.name, tensor.dtype, tensor.shape, begin, offset});
  }

  layout.header = text.finish();
  const uint64_t data_begin = layout.header.size();
  if (data_begin - sizeof(uint64_t) > kMaxHeaderBytes) {
    return fail(ErrorCode::kInvalidArgument, "the header would take ", data_begin,
                " bytes, above the limit of ", kMaxHeaderBytes);
  }
  for (Tensor& tensor : layout.tensors) {
    tensor.begin += data_begin;
    tensor.end += data_begin;
  }
  layout.file_bytes = data_begin + offset;
  return layout;
}

}  // namespace

Result<Layout> lay_out(std::span<const NewTensor> tensors,
                       std::span<const std::pair<std::string, std::string>> metadata) {
  return guard([&] { return lay_out_checked(tensors, metadata); });
}

}  // namespace windrow::safetensors
