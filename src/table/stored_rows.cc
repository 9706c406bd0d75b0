#include "table/stored_rows.h"

#include <array>
#include <charconv>
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

// All of the text, as a number.
bool read_number(std::string_view text, int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

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

// Whether rows of `kind` end with a scale and a bias: these may have padding, and dims that bytes do not tell.
bool has_bias(Kind kind) {
  return kind == Kind::kInt8 || kind == Kind::kInt4 || kind == Kind::kInt2;
}

// The dim of rows of `kind` in so many bytes; 0 when there is none.
uint64_t dim_of(Kind kind, uint64_t row_bytes) {
  const uint64_t behind = kind == Kind::kInt8 ? 8 : has_bias(kind) ? 4 : 0;
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

Result<StoredRows> foreign_rows(const Matrix& matrix, const Element* element, std::optional<Kind> row_format,
                                int64_t wanted_dim) {
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
  StoredRows stored;
  stored.rows_begin = matrix.begin;
  stored.rows = static_cast<int64_t>(matrix.shape[0]);
  if (wanted_dim != 0) {
    if (wanted_dim < 1 || wanted_dim > kMaxDim) {
      return fail(ErrorCode::kInvalidArgument, "dim is ", wanted_dim, ", and must be from 1 to ", kMaxDim);
    }
    stored.format = RowFormat::of(*kind, wanted_dim);
    const bool fits =
        has_bias(*kind) ? stored.format.row_bytes() <= columns : static_cast<uint64_t>(wanted_dim) == columns;
    if (!fits) {
      return fail(ErrorCode::kInvalidArgument, matrix.text, " has shape ", shape_text(matrix.shape),
                  ", which does not hold ", row_format_name(*kind), " rows of dim ", wanted_dim,
                  "; leave out dim, or give what the rows hold");
    }
    stored.format.stride_bytes = columns * element->bytes;
    return stored;
  }
  const uint64_t dim = dim_of(*kind, columns);
  if (dim == 0) {
    return fail(ErrorCode::kInvalidArgument, matrix.text, " has rows of ", columns, " bytes, too few for ",
                row_format_name(*kind), " rows, which end with their scale and bias");
  }
  stored.format = RowFormat::of(*kind, static_cast<int64_t>(dim));
  if (auto checked = check_row_format(stored.format); !checked) {
    return fail(ErrorCode::kUnsupported, matrix.text, ": ", std::string_view(checked.error().message));
  }
  return stored;
}

// Whether a tensor of this type can be rows of `kind` in a Windrow file.
bool can_hold(const Element& element, Kind kind) {
  return element.kind == kind || (!element.kind && kind > Kind::kBf16);
}

// Rows as `_meta` says.
Result<StoredRows> windrow_rows(const Matrix& matrix, const Element* element, MetaSlot slot) {
  const auto kind = static_cast<Kind>(slot.row_format_id);
  if (slot.row_format_id > static_cast<uint32_t>(Kind::kI8) || row_format_name(kind) == "unknown" ||
      slot.scale_type > static_cast<uint8_t>(RowFormat::ScaleType::kBf16)) {
    return fail(ErrorCode::kUnsupported, matrix.text, ": rows have format number ", slot.row_format_id,
                " with scales of type number ", slot.scale_type, ", which this version cannot read");
  }
  if (slot.scale_place != static_cast<uint8_t>(RowFormat::ScalePlace::kInRow)) {
    return fail(ErrorCode::kUnsupported, matrix.text, ": its scales lie apart from the rows (place ",
                slot.scale_place, " in `_meta`), which this version reads in files of other programs only");
  }
  if (auto shape = check_shape(matrix); !shape) return pass(shape);
  // Rows with scales inside are bytes to other programs, and so may be any rows of one-byte values.
  if (!element || !can_hold(*element, kind)) {
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
                   RowFormat::ScalePlace::kInRow};
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

// "f32:64" as written into metadata: a scale of this type for so many columns.
bool read_scale(std::string_view text, RowFormat& format) {
  for (const auto type :
       {RowFormat::ScaleType::kF32, RowFormat::ScaleType::kUe8m0, RowFormat::ScaleType::kBf16}) {
    const std::string_view name = scale_type_name(type);
    if (text.size() <= name.size() + 1 || !text.starts_with(name) || text[name.size()] != ':') continue;
    format.scale_type = type;
    return read_number(text.substr(name.size() + 1), format.block);
  }
  return false;
}

// Rows as the metadata of a Windrow file say, where its `_meta` cannot be trusted. Metadata that do not fit the
// tensor, or what the caller says, are those of something else, and mean nothing.
std::optional<StoredRows> described_rows(const DataFile& file, const Matrix& matrix, const Element* element,
                                         std::optional<Kind> row_format, int64_t dim) {
  const auto& metadata = file.header.metadata;
  const auto text_of = [&](const char* key) {
    const auto at = metadata.find(key);
    return at == metadata.end() ? std::string_view() : std::string_view(at->second);
  };
  const auto kind = row_format_named(text_of("windrow.row_format"));
  RowFormat format;
  if (!kind || !read_number(text_of("windrow.dim"), format.dim)) return std::nullopt;
  if (!element || !can_hold(*element, *kind) || !check_shape(matrix)) return std::nullopt;
  if ((row_format && *row_format != *kind) || (dim != 0 && dim != format.dim)) return std::nullopt;
  format.kind = *kind;
  format.stride_bytes = matrix.shape[1] * element->bytes;
  const std::string_view scale = text_of("windrow.scale");
  if (!scale.empty() && !read_scale(scale, format)) return std::nullopt;
  // Rows of one-byte values are bytes just when there are scales among them.
  const bool as_bytes = !element->kind.has_value();
  if (!has_bias(*kind) && as_bytes != (format.block > 0)) return std::nullopt;
  if (!check_row_format(format)) return std::nullopt;
  StoredRows stored;
  stored.rows_begin = matrix.begin;
  stored.rows = static_cast<int64_t>(matrix.shape[0]);
  stored.format = format;
  stored.described = true;
  return stored;
}

Result<StoredRows> npy_rows(const DataFile& file, std::optional<Kind> row_format, int64_t dim) {
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
  auto stored = foreign_rows(matrix, element, row_format, dim);
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
                               std::optional<Kind> row_format, int64_t dim) {
  if (!tensor) return npy_rows(file, row_format, dim);
  const Matrix matrix{concat(file.path(), ": tensor \"", tensor->name, "\""), tensor->dtype, tensor->shape,
                      tensor->begin};
  const Element* element = find_element(tensor->dtype, &Element::safetensors);
  if (file.is_gguf && !element) {
    return fail(
        ErrorCode::kUnsupported, matrix.text, " is of type ", tensor->dtype,
        "; of a GGUF file, F32, F16 and BF16 can be opened in place: `windrow convert` makes a table of many "
        "others");
  }
  auto slot = slot_of(file, *tensor);
  if (!slot) return pass(slot);
  if (!*slot) {
    if (tensor->name == "weight") {
      if (auto described = described_rows(file, matrix, element, row_format, dim)) return *described;
    }
    return foreign_rows(matrix, element, row_format, dim);
  }
  auto stored = windrow_rows(matrix, element, std::move(**slot));
  if (stored && row_format && *row_format != stored->format.kind) {
    return fail(ErrorCode::kInvalidArgument, matrix.text, " holds ", row_format_name(stored->format.kind),
                " rows, as its file says, not ", row_format_name(*row_format));
  }
  if (stored && dim != 0 && dim != stored->format.dim) {
    return fail(ErrorCode::kInvalidArgument, matrix.text, " holds rows of dim ", stored->format.dim,
                ", as its file says, not ", dim);
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
