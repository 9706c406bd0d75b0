#include "format/gguf.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "base/checked.h"
#include "base/guard.h"
#include "format/gguf_cursor.h"
#include "format/gguf_types.h"
#include "format/text.h"

namespace windrow::gguf {

namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr const char* kAlignment = "general.alignment";
constexpr const char* kTokens = "tokenizer.ggml.tokens";

constexpr uint64_t kMaxNameBytes = 65535;  // of keys, as the format says, and of tensors
constexpr uint64_t kMaxShownBytes = 256;   // of texts that are kept
constexpr uint32_t kMaxDimensions = 4;
constexpr uint64_t kMinValueBytes = 8 + 4 + 1;           // an empty key, the type, a byte
constexpr uint64_t kMinTensorBytes = 8 + 4 + 8 + 4 + 8;  // an empty name, one dimension

enum class ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

// Bytes of a value of fixed size; 0 for strings, lists and types that are not known.
uint64_t bytes_of_type(uint32_t type) {
  constexpr uint8_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kBytes) ? kBytes[type] : 0;
}

bool is(uint32_t type, ValueType expected) {
  return type == static_cast<uint32_t>(expected);
}

template <class T>
std::string text_of(T value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return {text, end};
}

// Whether a text can be shown as it is.
bool is_plain(std::string_view text) {
  return utf8_prefix(text) == text.size() && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

class HeaderReader {
 public:
  HeaderReader(const Read& read, uint64_t file_bytes) : at_(read, file_bytes), file_bytes_(file_bytes) {}

  Result<Header> header() {
    auto counts = start();
    if (!counts) return pass(counts);
    for (uint64_t i = 0; i < counts->values; ++i) {
      if (auto value = read_value(); !value) return pass(value);
    }
    header_.tensors.reserve(static_cast<size_t>(std::min<uint64_t>(counts->tensors, 4096)));
    for (uint64_t i = 0; i < counts->tensors; ++i) {
      if (auto tensor = read_tensor(); !tensor) return pass(tensor);
    }
    header_.data_begin = round_up(at_.position(), alignment_);
    for (Tensor& tensor : header_.tensors) {
      if (auto placed = place(tensor); !placed) return pass(placed);
    }
    return std::move(header_);
  }

 private:
  struct Counts {
    uint64_t tensors, values;
  };

  Result<Counts> start() {
    char magic[4];
    for (char& c : magic) {
      const auto byte = at_.number<char>("its first bytes");
      if (!byte) return tl::make_unexpected(byte.error());
      c = *byte;
    }
    if (std::string_view(magic, 4) != kMagic) {
      return fail(ErrorCode::kFormat, "not a GGUF file: it does not start with \"GGUF\"");
    }
    const auto version = at_.number<uint32_t>("the version");
    if (!version) return tl::make_unexpected(version.error());
    if (*version != 0 && (*version & 0xffff) == 0) {
      return fail(ErrorCode::kUnsupported,
                  "a big-endian GGUF file (byte 4); only little-endian ones can be read");
    }
    if (*version == 1) {
      return fail(ErrorCode::kUnsupported,
                  "GGUF version 1 (byte 4), of 2023; make the file anew: versions 2 and 3 can be read");
    }
    if (*version != 2 && *version != 3) {
      return fail(ErrorCode::kFormat, "GGUF version ", *version, " (byte 4); known are 2 and 3");
    }
    const auto tensors = at_.number<uint64_t>("the number of tensors");
    if (!tensors) return tl::make_unexpected(tensors.error());
    const auto values = at_.number<uint64_t>("the number of values");
    if (!values) return tl::make_unexpected(values.error());
    if (*values > at_.left() / kMinValueBytes || *tensors > at_.left() / kMinTensorBytes) {
      return at_.wrong("the header promises ", *values, " values and ", *tensors, " tensors, but only ",
                       at_.left(), " bytes follow");
    }
    return Counts{*tensors, *values};
  }

  // What stays in memory of a header has a bound.
  Result<void> keep(uint64_t bytes) {
    kept_ += bytes + 128;  // with what a set or a vector takes for an entry
    if (kept_ <= kMaxHeaderMemory) return {};
    return at_.wrong("the names in the header take more than ", kMaxHeaderMemory, " bytes, as no model's do");
  }

  Result<void> read_value() {
    const uint64_t begin = at_.position();
    auto key = at_.string("a key", kMaxNameBytes);
    if (!key) return pass(key);
    if (auto kept = keep(key->size()); !kept) return kept;
    const auto type = at_.number<uint32_t>("the type of a value");
    if (!type) return tl::make_unexpected(type.error());
    if (!keys_.insert(*key).second) {
      return fail(ErrorCode::kFormat, "the key ", in_quotes(*key), " is there twice (byte ", begin, ")");
    }
    if (*key == kTokens && !is(*type, ValueType::kArray)) {
      return at_.wrong(kTokens, " is no list of strings");
    }
    if (*key == kAlignment) return read_alignment(*type);
    if (is(*type, ValueType::kArray)) return read_array(*key);
    if (is(*type, ValueType::kString)) return read_string(*key);
    return read_scalar(*key, *type);
  }

  Result<void> read_alignment(uint32_t type) {
    if (!is(type, ValueType::kU32)) return at_.wrong(kAlignment, " is no u32, but of type ", type);
    const auto alignment = at_.number<uint32_t>(kAlignment);
    if (!alignment) return tl::make_unexpected(alignment.error());
    if (*alignment < 8 || *alignment > (1u << 20) || (*alignment & (*alignment - 1)) != 0) {
      return at_.wrong(kAlignment, " is ", *alignment, ", and must be a power of two from 8 to 1048576");
    }
    alignment_ = *alignment;
    header_.metadata[kAlignment] = text_of(*alignment);
    return {};
  }

  Result<void> read_array(const std::string& key) {
    const auto type = at_.number<uint32_t>("the type of a list");
    if (!type) return tl::make_unexpected(type.error());
    const auto count = at_.number<uint64_t>("the length of a list");
    if (!count) return tl::make_unexpected(count.error());
    if (is(*type, ValueType::kArray))
      return at_.wrong(in_quotes(key), " is a list of lists, which is not read");
    const bool strings = is(*type, ValueType::kString);
    if (key == kTokens && !strings)
      return at_.wrong(kTokens, " is a list of type ", *type, ", not of strings");
    const uint64_t least = strings ? sizeof(uint64_t) : bytes_of_type(*type);
    if (least == 0) return at_.wrong(in_quotes(key), " is a list of the unknown type ", *type);
    if (*count > at_.left() / least) {
      return at_.wrong(in_quotes(key), " is a list of ", *count, " entries, but only ", at_.left(),
                       " bytes follow");
    }
    if (!strings) {
      at_.skip(*count * least);
      return {};
    }
    StringList list{*count, at_.position(), 0};
    for (uint64_t i = 0; i < *count; ++i) {
      const auto length = at_.string_length("an entry of a list");
      if (!length) return tl::make_unexpected(length.error());
      at_.skip(*length);
    }
    list.end = at_.position();
    if (key == kTokens) header_.tokens = list;
    return {};
  }

  Result<void> read_string(const std::string& key) {
    const auto length = at_.string_length("a text");
    if (!length) return tl::make_unexpected(length.error());
    if (*length > kMaxShownBytes) {
      at_.skip(*length);
      return {};
    }
    auto text = at_.bytes(static_cast<size_t>(*length));
    if (!text) return pass(text);
    return show(key, std::move(*text));
  }

  Result<void> read_scalar(const std::string& key, uint32_t type) {
    switch (static_cast<ValueType>(type)) {
      case ValueType::kU8:
        return read_number<uint8_t>(key);
      case ValueType::kI8:
        return read_number<int8_t>(key);
      case ValueType::kU16:
        return read_number<uint16_t>(key);
      case ValueType::kI16:
        return read_number<int16_t>(key);
      case ValueType::kU32:
        return read_number<uint32_t>(key);
      case ValueType::kI32:
        return read_number<int32_t>(key);
      case ValueType::kF32:
        return read_number<float>(key);
      case ValueType::kU64:
        return read_number<uint64_t>(key);
      case ValueType::kI64:
        return read_number<int64_t>(key);
      case ValueType::kF64:
        return read_number<double>(key);
      case ValueType::kBool: {
        const auto value = at_.number<uint8_t>("a value");
        if (!value) return tl::make_unexpected(value.error());
        return show(key, *value ? "true" : "false");
      }
      default:
        return at_.wrong(in_quotes(key), " is of the unknown type ", type);
    }
  }

  template <class T>
  Result<void> read_number(const std::string& key) {
    const auto value = at_.number<T>("a value");
    if (!value) return tl::make_unexpected(value.error());
    return show(key, text_of(*value));
  }

  Result<void> show(const std::string& key, std::string text) {
    if (key.size() > kMaxShownBytes || !is_plain(key) || !is_plain(text)) return {};
    if (auto kept = keep(key.size() + text.size()); !kept) return kept;
    header_.metadata.emplace(key, std::move(text));
    return {};
  }

  Result<void> read_tensor() {
    const uint64_t begin = at_.position();
    Tensor tensor;
    auto name = at_.string("a tensor's name", kMaxNameBytes);
    if (!name) return pass(name);
    tensor.name = std::move(*name);
    if (auto kept = keep(2 * tensor.name.size() + sizeof(Tensor)); !kept) return kept;
    if (!names_.insert(tensor.name).second) {
      return fail(ErrorCode::kFormat, "tensor ", in_quotes(tensor.name), " is there twice (byte ", begin,
                  ")");
    }
    const auto dimensions = at_.number<uint32_t>("a tensor's dimensions");
    if (!dimensions) return tl::make_unexpected(dimensions.error());
    if (*dimensions < 1 || *dimensions > kMaxDimensions) {
      return at_.wrong("tensor ", in_quotes(tensor.name), " has ", *dimensions,
                       " dimensions; there can be 1 to 4");
    }
    for (uint32_t i = 0; i < *dimensions; ++i) {
      const auto extent = at_.number<uint64_t>("a tensor's dimensions");
      if (!extent) return tl::make_unexpected(extent.error());
      if (*extent == 0) return at_.wrong("tensor ", in_quotes(tensor.name), " has a dimension of 0");
      tensor.shape.insert(tensor.shape.begin(), *extent);
    }
    const auto type = at_.number<uint32_t>("a tensor's type");
    if (!type) return tl::make_unexpected(type.error());
    tensor.type = *type;
    const auto offset = at_.number<uint64_t>("a tensor's offset");
    if (!offset) return tl::make_unexpected(offset.error());
    tensor.begin = *offset;  // until it is known where the data begin
    header_.tensors.push_back(std::move(tensor));
    return {};
  }

  // Turns a tensor's offset into bytes of the file, and checks that they are there.
  Result<void> place(Tensor& tensor) const {
    const auto bad = [&](const auto&... parts) {
      return fail(ErrorCode::kFormat, "tensor ", in_quotes(tensor.name), parts...);
    };
    if (tensor.begin % alignment_ != 0) {
      return bad(" begins at offset ", tensor.begin, ", which is no multiple of the alignment, ", alignment_);
    }
    const auto bytes = size_of(tensor);
    if (!bytes) return tl::make_unexpected(bytes.error());
    const auto begin = checked_add(header_.data_begin, tensor.begin);
    const auto end = begin ? checked_add(*begin, *bytes) : std::nullopt;
    if (!end || *end > file_bytes_) {
      return bad(" should be ", *bytes, " bytes at offset ", tensor.begin,
                 " of the data, which begin at byte ", header_.data_begin, ", but the file ends at byte ",
                 file_bytes_, " (truncated?)");
    }
    tensor.begin = *begin;
    tensor.end = *end;
    return {};
  }

  static Result<uint64_t> size_of(const Tensor& tensor) {
    const TypeInfo* info = find_type(tensor.type);
    const uint64_t in_block = info ? info->values_in_block : 0;
    const uint64_t row = tensor.shape.back();
    if (in_block > 0 && row % in_block != 0) {
      return fail(ErrorCode::kFormat, "tensor ", in_quotes(tensor.name), " has rows of ", row,
                  " values of type ", info->name, ", which come in blocks of ", in_block);
    }
    std::optional<uint64_t> bytes = in_block > 0 ? row / in_block : row;
    if (in_block > 0) bytes = checked_mul(*bytes, info->block_bytes);
    for (size_t i = 0; bytes && i + 1 < tensor.shape.size(); ++i)
      bytes = checked_mul(*bytes, tensor.shape[i]);
    if (!bytes)
      return fail(ErrorCode::kFormat, "tensor ", in_quotes(tensor.name), " has more than 2^64-1 bytes");
    return in_block > 0 ? *bytes : 0;
  }

  Cursor at_;
  uint64_t file_bytes_;
  Header header_;
  uint32_t alignment_ = 32;
  std::set<std::string> keys_;
  std::set<std::string> names_;
  uint64_t kept_ = 0;
};

}  // namespace

const Tensor* Header::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

Result<Header> read_header(const Read& read, uint64_t file_bytes) {
  return guard([&] { return HeaderReader(read, file_bytes).header(); });
}

}  // namespace windrow::gguf
