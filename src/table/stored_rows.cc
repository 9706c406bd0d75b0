#include "table/stored_rows.h"

#include <array>
#include <string>
#include <string_view>

#include "base/fail.h"
#include "table/row_format_check.h"

namespace windrow {

namespace {

using Kind = RowFormat::Kind;

constexpr uint64_t kMaxRows = uint64_t{1} << 62;

// What the values of a row dtype are. U8 has no kind of its own.
struct Element {
  std::string_view safetensors;
  std::string_view npy;
  uint64_t bytes;
  std::optional<Kind> kind;
};
constexpr std::array kElements = {
    Element{"F32", "<f4", 4, Kind::kF32},      Element{"F16", "<f2", 2, Kind::kF16},
    Element{"BF16", "", 2, Kind::kBf16},       Element{"F8_E4M3", "", 1, Kind::kFp8E4m3},
    Element{"F8_E5M2", "", 1, Kind::kFp8E5m2}, Element{"I8", "|i1", 1, Kind::kI8},
    Element{"U8", "|u1", 1, std::nullopt},
};

// A matrix as a file describes it.
struct Matrix {
  std::string text;  // "file: tensor "x"", for messages
  std::string_view dtype;
  const std::vector<uint64_t>& shape;
  uint64_t begin;
};

const Element* find_element(std::string_view dtype, std::string_view Element::*name) {
  for (const Element& element : kElements) {
    if (element.*name == dtype) return &element;
  }
  return nullptr;
}

// The dim of rows of `kind` in so many bytes; 0 when there is none.
uint64_t dim_of(Kind kind, uint64_t row_bytes) {
  const uint64_t behind = kind == Kind::kInt8 ? 8 : kind == Kind::kInt4 || kind == Kind::kInt2 ? 4 : 0;
  if (row_bytes <= behind) return 0;
  const uint64_t values_per_byte = kind == Kind::kInt4 ? 2 : kind == Kind::kInt2 ? 4 : 1;
  return (row_bytes - behind) * values_per_byte;
}

// The kind of rows of a foreign file.
Result<Kind> kind_of(const Matrix& matrix, const Element& element, std::optional<Kind> row_format) {
  if (element.kind) {
    if (!row_format || *row_format == *element.kind) return *element.kind;
    return fail(ErrorCode::kInvalidArgument, matrix.text, " is ", matrix.dtype, ", which are rows of ",
                row_format_name(*element.kind), "; they cannot be read as ", row_format_name(*row_format));
  }
  if (!row_format) {
    return fail(ErrorCode::kUnsupported, matrix.text, " is ", matrix.dtype, " of shape ",
                shape_text(matrix.shape),
                ": bytes that could be anything; say with row_format what they are: int8, int4 or int2 rows");
  }
  const bool of_bytes = *row_format != Kind::kF32 && *row_format != Kind::kF16 && *row_format != Kind::kBf16;
  if (of_bytes && !row_format_name(*row_format).starts_with("unknown")) return *row_format;
  return fail(ErrorCode::kInvalidArgument, matrix.text, " is ", matrix.dtype,
              ": row_format must be int8, int4 or int2, not ", row_format_name(*row_format));
}

Result<void> check_shape(const Matrix& matrix) {
  if (matrix.shape.size() == 2 && matrix.shape[1] > 0 && matrix.shape[0] <= kMaxRows) return {};
  return fail(ErrorCode::kUnsupported, matrix.text, " has shape ", shape_text(matrix.shape),
              "; a table has two dimensions, rows and columns");
}

Result<StoredRows> foreign_rows(const Matrix& matrix, const Element* element,
                                std::optional<Kind> row_format) {
  if (!element) {
    return fail(ErrorCode::kUnsupported, matrix.text, " is of type ", matrix.dtype,
                "; rows can be f32, f16, bf16, fp8 (e4m3, e5m2), i8, and u8 with a row_format");
  }
  if (auto shape = check_shape(matrix); !shape) return pass(shape);
  auto kind = kind_of(matrix, *element, row_format);
  if (!kind) return pass(kind);
  const uint64_t columns = matrix.shape[1];
  if (columns > 8 * static_cast<uint64_t>(kMaxDim)) {
    return fail(ErrorCode::kUnsupported, matrix.text, " has ", columns, " columns, more than dim can be");
  }
  const uint64_t dim = dim_of(*kind, columns);
  if (dim == 0) {
    return fail(ErrorCode::kInvalidArgument, matrix.text, " has rows of ", columns, " bytes, too few for ",
                row_format_name(*kind), " rows, which end with their scale and bias");
  }
  StoredRows stored;
  stored.rows_begin = matrix.begin;
  stored.rows = static_cast<int64_t>(matrix.shape[0]);
  stored.format = RowFormat::of(*kind, static_cast<int64_t>(dim));
  if (auto checked = check_row_format(stored.format); !checked) {
    return fail(ErrorCode::kUnsupported, matrix.text, ": ", std::string_view(checked.error().message));
  }
  return stored;
}

// Rows as `_meta` says.
Result<StoredRows> windrow_rows(const Matrix& matrix, const Element* element, MetaSlot slot) {
  const auto kind = static_cast<Kind>(slot.row_format_id);
  if (slot.row_format_id > static_cast<uint32_t>(Kind::kI8) || row_format_name(kind) == "unknown" ||
      slot.scale_type > static_cast<uint8_t>(RowFormat::ScaleType::kBf16)) {
    return fail(ErrorCode::kUnsupported, matrix.text, ": rows have format number ", slot.row_format_id,
                " with scales of type ", slot.scale_type, ", which this version cannot read");
  }
  if (auto shape = check_shape(matrix); !shape) return pass(shape);
  // Rows with scales inside are bytes to other programs, and so may be any rows of one-byte values.
  const bool fits = element && (element->kind == kind || (!element->kind && kind > Kind::kBf16));
  if (!fits) {
    return fail(ErrorCode::kFormat, matrix.text, " is ", matrix.dtype, ", but `_meta` speaks of rows of ",
                row_format_name(kind));
  }
  StoredRows stored;
  stored.rows_begin = matrix.begin;
  stored.rows = static_cast<int64_t>(matrix.shape[0]);
  stored.format = {kind,
                   static_cast<int64_t>(slot.dim),
                   matrix.shape[1] * element->bytes,  // below 2^64: the size of the tensor was checked
                   static_cast<int64_t>(slot.scale_block),
                   static_cast<RowFormat::ScaleType>(slot.scale_type),
                   static_cast<RowFormat::ScalePlace>(slot.scale_place)};
  const auto checked = check_row_format(stored.format);
  if (!checked || slot.rows_in_use > static_cast<uint64_t>(stored.rows)) {
    return fail(ErrorCode::kFormat, matrix.text, " holds ", stored.rows, " rows of ", matrix.shape[1],
                " columns, but `_meta` speaks of ", slot.rows_in_use, " ", row_format_name(kind),
                " rows of dim ", slot.dim, checked ? "" : ": ",
                checked ? std::string_view() : std::string_view(checked.error().message));
  }
  stored.slot = std::move(slot);
  return stored;
}

// The slot of a Windrow file. A file that another program has saved anew has another header than the slot
// remembers: it is then a foreign file like any other.
Result<std::optional<MetaSlot>> slot_of(const DataFile& file, const safetensors::Tensor& tensor) {
  if (tensor.name != "weight") return std::nullopt;
  const auto* meta = file.header.find("_meta");
  if (!meta || meta->dtype != "U8" || meta->end - meta->begin != kMetaBytes) return std::nullopt;
  auto slot = read_slot(file);
  if (!slot) return pass(slot);
  if (slot->layout != file.header_sum) return std::nullopt;
  return std::move(*slot);
}

Result<StoredRows> npy_rows(const DataFile& file, std::optional<Kind> row_format) {
  const npy::Header& array = *file.array;
  const Matrix matrix{concat(file.path(), ": the array"), array.descr, array.shape, array.data_begin};
  // numpy has no name for bf16 and fp8, and calls them plain bytes.
  const Element* element = nullptr;
  if (array.descr.ends_with("V2") && row_format == Kind::kBf16) {
    element = find_element("BF16", &Element::safetensors);
  } else {
    element =
        find_element(array.descr.ends_with("V1") ? "|u1" : std::string_view(array.descr), &Element::npy);
  }
  auto stored = foreign_rows(matrix, element, row_format);
  if (stored && !array.c_order()) {
    return fail(ErrorCode::kUnsupported, file.path(),
                ": stored column by column (Fortran order); save it with numpy.ascontiguousarray first");
  }
  return stored;
}

}  // namespace

bool is_table_shaped(const safetensors::Tensor& tensor, std::optional<Kind> row_format) {
  const Element* element = find_element(tensor.dtype, &Element::safetensors);
  if (!element || tensor.shape.size() != 2 || tensor.shape[1] == 0) return false;
  return row_format ? element->kind.value_or(*row_format) == *row_format : element->kind.has_value();
}

Result<StoredRows> stored_rows(const DataFile& file, const safetensors::Tensor* tensor,
                               std::optional<Kind> row_format) {
  if (!tensor) return npy_rows(file, row_format);
  const Matrix matrix{concat(file.path(), ": tensor \"", tensor->name, "\""), tensor->dtype, tensor->shape,
                      tensor->begin};
  const Element* element = find_element(tensor->dtype, &Element::safetensors);
  auto slot = slot_of(file, *tensor);
  if (!slot) return pass(slot);
  if (!*slot) return foreign_rows(matrix, element, row_format);
  auto stored = windrow_rows(matrix, element, std::move(**slot));
  if (stored && row_format && *row_format != stored->format.kind) {
    return fail(ErrorCode::kInvalidArgument, matrix.text, " holds ", row_format_name(stored->format.kind),
                " rows, as its file says, not ", row_format_name(*row_format));
  }
  return stored;
}

Result<MetaSlot> read_slot(const DataFile& file) {
  const auto* meta = file.header.find("_meta");
  std::vector<uint8_t> bytes(kMetaBytes);
  if (auto read = file.file->read(meta->begin, bytes); !read) return pass(read);
  auto slot = current_slot(bytes);
  if (!slot) return tl::make_unexpected(with_path(slot.error(), file.path()));
  return slot;
}

}  // namespace windrow
