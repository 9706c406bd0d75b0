#include "format/safetensors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/guard.h"
#include "format/json_text.h"
#include "format/safetensors_json.h"
#include "format/text.h"

namespace windrow::safetensors {

namespace {

constexpr uint64_t kLengthBytes = 8;  // the u64 in front of the JSON text

// By sorting, not by a hash table, which a file made for it could flood.
Result<void> check_names_differ(const std::vector<Described::Entry>& entries) {
  std::vector<const Described::Entry*> by_name;
  by_name.reserve(entries.size());
  for (const auto& entry : entries) by_name.push_back(&entry);
  std::stable_sort(by_name.begin(), by_name.end(),
                   [](const auto* a, const auto* b) { return a->tensor.name < b->tensor.name; });
  const auto twin = std::adjacent_find(by_name.begin(), by_name.end(), [](const auto* a, const auto* b) {
    return a->tensor.name == b->tensor.name;
  });
  if (twin == by_name.end()) return {};
  return fail(ErrorCode::kFormat, "the header has tensor ", in_quotes((*twin)->tensor.name),
              " twice (names end at bytes ", twin[0]->byte, " and ", twin[1]->byte, ")");
}

std::string shape_text(std::span<const uint64_t> shape) {
  constexpr size_t kMaxShown = 8;
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    if (i == kMaxShown) {
      text += "...";
      break;
    }
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

// Shape, dtype and byte range of one tensor agree; its range becomes one of the file.
Result<void> place_tensor(Described::Entry& entry, uint64_t data_begin) {
  Tensor& tensor = entry.tensor;
  const auto wrong = [&](const auto&... parts) {
    return fail(ErrorCode::kFormat, "tensor ", in_quotes(tensor.name), " (header byte ", entry.byte,
                "): ", parts...);
  };
  uint64_t count = 1;
  for (const uint64_t extent : tensor.shape) {
    const auto product = checked_mul(count, extent);
    if (!product) return wrong("the product of shape ", shape_text(tensor.shape), " is above 2^64-1");
    count = *product;
  }
  if (tensor.begin > tensor.end) {
    return wrong("data_offsets [", tensor.begin, ", ", tensor.end, "] end before they begin");
  }
  // A dtype that is not known says nothing about the size; the tensor still has to fit between its
  // neighbours.
  if (const auto bits = bits_of(tensor.dtype)) {
    const auto all_bits = checked_mul(count, *bits);
    if (!all_bits) return wrong(tensor.dtype, " ", shape_text(tensor.shape), " is above 2^64-1 bits");
    if (*all_bits % 8 != 0) {
      return wrong(tensor.dtype, " ", shape_text(tensor.shape), " does not end on a whole byte");
    }
    if (tensor.end - tensor.begin != *all_bits / 8) {
      return wrong(tensor.dtype, " ", shape_text(tensor.shape), " takes ", *all_bits / 8,
                   " bytes, but data_offsets [", tensor.begin, ", ", tensor.end, "] give it ",
                   tensor.end - tensor.begin);
    }
  }
  const auto file_end = checked_add(data_begin, tensor.end);
  if (!file_end)
    return wrong("data_offsets [", tensor.begin, ", ", tensor.end, "] reach beyond 2^64-1 bytes");
  tensor.begin += data_begin;
  tensor.end = *file_end;
  return {};
}

// Every data byte belongs to exactly one tensor: no leniency, since hidden bytes are what lets one file be
// two things at once.
Result<void> check_coverage(const Header& header, uint64_t file_bytes) {
  uint64_t reached = header.data_begin;
  const Tensor* before = nullptr;
  for (const Tensor& tensor : header.tensors) {
    if (tensor.begin > reached) {
      return fail(ErrorCode::kFormat, "a hole of ", tensor.begin - reached, " bytes at byte ", reached,
                  ", between ", before ? in_quotes(before->name) : std::string("the header"), " and ",
                  in_quotes(tensor.name));
    }
    if (tensor.begin < reached) {
      return fail(ErrorCode::kFormat, "tensors ", in_quotes(before->name), " and ", in_quotes(tensor.name),
                  " overlap from byte ", tensor.begin);
    }
    reached = tensor.end;
    before = &tensor;
  }
  if (reached > file_bytes) {
    return fail(ErrorCode::kFormat, "the file ends at byte ", file_bytes, ", its header promises ", reached,
                " bytes, up to the end of ", in_quotes(before->name), " (truncated?)");
  }
  if (reached < file_bytes) {
    return fail(ErrorCode::kFormat, file_bytes - reached, " trailing bytes from byte ", reached, ", behind ",
                before ? concat("the last tensor, ", in_quotes(before->name))
                       : std::string("a header without tensors"));
  }
  return {};
}

Result<Header> parse_text(std::string_view text, uint64_t file_bytes) {
  if (auto checked = check_json_text(text, kLengthBytes, "the header"); !checked) return pass(checked);
  auto described = read_json(text);
  if (!described) return pass(described);
  if (auto differ = check_names_differ(described->entries); !differ) return pass(differ);

  Header header;
  header.data_begin = kLengthBytes + text.size();
  header.metadata = std::move(described->metadata);
  header.tensors.reserve(described->entries.size());
  for (Described::Entry& entry : described->entries) {
    if (auto placed = place_tensor(entry, header.data_begin); !placed) return pass(placed);
    header.tensors.push_back(std::move(entry.tensor));
  }
  // Empty tensors may share an offset with another one: before it, in the order of the text.
  std::stable_sort(header.tensors.begin(), header.tensors.end(), [](const Tensor& a, const Tensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  if (auto covered = check_coverage(header, file_bytes); !covered) return pass(covered);
  return header;
}

}  // namespace

const Tensor* Header::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

std::optional<uint64_t> bits_of(std::string_view dtype) {
  // The names of the reference implementation.
  constexpr std::pair<std::string_view, uint64_t> kBits[] = {
      {"BOOL", 8},        {"U8", 8},          {"I8", 8},      {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8},
      {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
      {"I32", 32},        {"U32", 32},        {"F32", 32},    {"I64", 64},    {"U64", 64},    {"F64", 64},
      {"C64", 64},        {"F4", 4},          {"F6_E2M3", 6}, {"F6_E3M2", 6},
  };
  for (const auto& [name, bits] : kBits) {
    if (name == dtype) return bits;
  }
  return std::nullopt;
}

Result<uint64_t> header_bytes(std::span<const uint8_t> start, uint64_t file_bytes) {
  if (file_bytes < kLengthBytes || start.size() < kLengthBytes) {
    return fail(ErrorCode::kFormat, "not a safetensors file: ", std::min<uint64_t>(file_bytes, start.size()),
                " bytes, too short for the header length in its first 8");
  }
  const auto length = load<uint64_t>(start.data());
  if (length > kMaxHeaderBytes) {
    return fail(ErrorCode::kFormat, "not a safetensors file: its first 8 bytes give a header of ", length,
                " bytes, above the limit of ", kMaxHeaderBytes);
  }
  if (length > file_bytes - kLengthBytes) {
    return fail(ErrorCode::kFormat, "the header of ", length, " bytes reaches to byte ",
                kLengthBytes + length, ", but the file ends at byte ", file_bytes,
                " (truncated, or not a safetensors file)");
  }
  if (length < 2) {
    return fail(ErrorCode::kFormat, "not a safetensors file: a header of ", length,
                " bytes cannot hold a JSON object");
  }
  return kLengthBytes + length;
}

Result<Header> parse(std::span<const uint8_t> bytes, uint64_t file_bytes) {
  return guard([&]() -> Result<Header> {
    const auto length = header_bytes(bytes, file_bytes);
    if (!length) return tl::make_unexpected(length.error());
    if (bytes.size() < *length) {
      return fail(ErrorCode::kFormat, "only ", bytes.size(), " of the ", *length, " header bytes are there");
    }
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
    return parse_text({text, *length - kLengthBytes}, file_bytes);
  });
}

}  // namespace windrow::safetensors
