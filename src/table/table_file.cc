#include "table/table_file.h"

#include <algorithm>

#include "base/checked.h"
#include "base/fail.h"
#include "format/npy.h"

namespace windrow {

namespace {

constexpr uint64_t kMaxRows = uint64_t{1} << 62;

// Reads the first `bytes` of the file.
Result<std::vector<uint8_t>> read_start(const io::File& file, uint64_t bytes) {
  std::vector<uint8_t> start(bytes);
  if (auto read = file.read(0, start); !read) return pass(read);
  return start;
}

Error with_path(Error error, const std::string& path) {
  error.message = concat(path, ": ", error.message);
  return error;
}

std::string shape_text(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += concat(i ? ", " : "", shape[i]);
  return text + "]";
}

bool is_table_shaped(const safetensors::Tensor& tensor) {
  return tensor.dtype == "F32" && tensor.shape.size() == 2 && tensor.shape[1] > 0;
}

// Which tensor is the table: the one named; `weight` of a file with `_meta`; else the only candidate.
Result<const safetensors::Tensor*> find_table_tensor(const safetensors::Header& header,
                                                     const std::string& path, const std::string& name) {
  const std::string wanted = !name.empty() ? name : header.find("_meta") ? "weight" : "";
  if (!wanted.empty()) {
    if (const auto* tensor = header.find(wanted)) return tensor;
    return fail(ErrorCode::kNotFound, path, ": no tensor is named \"", wanted, "\"");
  }
  const safetensors::Tensor* found = nullptr;
  std::string candidates, others;
  for (const auto& tensor : header.tensors) {
    const std::string text = concat("\n  ", tensor.name, "  ", tensor.dtype, " ", shape_text(tensor.shape));
    if (is_table_shaped(tensor)) {
      candidates += text;
      if (found) continue;
      found = &tensor;
    } else if (others.size() < 2000) {
      others += text;
    }
  }
  if (!found) {
    return fail(ErrorCode::kUnsupported, path, ": holds no table, a 2-D F32 tensor with columns",
                others.empty() ? "; it holds no tensors at all" : "; it holds", others);
  }
  if (std::count(candidates.begin(), candidates.end(), '\n') > 1) {
    return fail(ErrorCode::kInvalidArgument, path, ": several tensors could be the table; name one of",
                candidates);
  }
  return found;
}

Result<void> take_tensor(TableFile& table, const safetensors::Tensor& tensor) {
  if (tensor.dtype != "F32") {
    return fail(ErrorCode::kUnsupported, table.path(), ": tensor \"", tensor.name, "\" is ", tensor.dtype,
                "; rows of this type cannot be read yet, only F32");
  }
  if (tensor.shape.size() != 2 || tensor.shape[1] == 0 || tensor.shape[0] > kMaxRows) {
    return fail(ErrorCode::kUnsupported, table.path(), ": tensor \"", tensor.name, "\" has shape ",
                shape_text(tensor.shape), "; a table has two dimensions, rows and columns");
  }
  table.rows_begin = tensor.begin;
  table.rows = static_cast<int64_t>(tensor.shape[0]);
  table.format = RowFormat::f32(static_cast<int64_t>(tensor.shape[1]));
  return {};
}

// Reads `_meta` of a Windrow file. A file that another program has saved anew has another header than the
// slot remembers: it is then a foreign file like any other.
Result<void> take_meta(TableFile& table, uint32_t layout) {
  const auto* meta = table.header.find("_meta");
  if (!meta || meta->dtype != "U8" || meta->end - meta->begin != kMetaBytes) return {};
  auto slot = read_slot(table);
  if (!slot) return pass(slot);
  if (slot->layout != layout) return {};
  const auto dim = static_cast<int64_t>(slot->dim);
  if (slot->row_format_id != static_cast<uint32_t>(RowFormat::Kind::kF32)) {
    return fail(ErrorCode::kUnsupported, table.path(), ": rows have format number ", slot->row_format_id,
                ", which this version cannot read");
  }
  if (dim < 1 || dim > table.format.dim || slot->rows_in_use > static_cast<uint64_t>(table.rows)) {
    return fail(ErrorCode::kFormat, table.path(), ": `_meta` speaks of ", slot->rows_in_use, " rows of dim ",
                dim, ", but the tensor holds ", table.rows, " rows of ", table.format.dim, " columns");
  }
  table.format.dim = dim;  // the stride stays that of the columns: rows may be padded
  table.slot = *slot;
  return {};
}

Result<void> read_safetensors(TableFile& table, uint64_t header_bytes, const std::string& tensor_name) {
  auto start = read_start(*table.file, header_bytes);
  if (!start) return pass(start);
  auto header = safetensors::parse(*start, table.file_bytes);
  if (!header) return tl::make_unexpected(with_path(header.error(), table.path()));
  table.header = std::move(*header);
  auto tensor = find_table_tensor(table.header, table.path(), tensor_name);
  if (!tensor) return pass(tensor);
  if (auto taken = take_tensor(table, **tensor); !taken) return taken;
  if ((*tensor)->name != "weight") return {};
  return take_meta(table, sum32(*start));
}

Result<void> read_npy(TableFile& table, uint64_t header_bytes) {
  auto start = read_start(*table.file, header_bytes);
  if (!start) return pass(start);
  auto header = npy::parse(*start, table.file_bytes);
  if (!header) return tl::make_unexpected(with_path(header.error(), table.path()));
  if (header->descr != "<f4") {
    return fail(ErrorCode::kUnsupported, table.path(), ": an array of type ", header->descr,
                "; rows of this type cannot be read yet, only <f4 (float32)");
  }
  if (header->shape.size() != 2 || header->shape[1] == 0 || header->shape[0] > kMaxRows) {
    return fail(ErrorCode::kUnsupported, table.path(), ": an array of shape ", shape_text(header->shape),
                "; a table has two dimensions, rows and columns");
  }
  if (!header->c_order()) {
    return fail(ErrorCode::kUnsupported, table.path(),
                ": stored column by column (Fortran order); save it with numpy.ascontiguousarray first");
  }
  table.rows_begin = header->data_begin;
  table.rows = static_cast<int64_t>(header->shape[0]);
  table.format = RowFormat::f32(static_cast<int64_t>(header->shape[1]));
  return {};
}

// Files of other kinds that people try: the message says what they are.
std::string_view name_of(std::span<const uint8_t> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (text.starts_with("PK\x03\x04"))
    return "a zip archive (.npz or .pt): save the array alone, as .npy or safetensors";
  if (text.starts_with("\x80"))
    return "a Python pickle, which is never executed: save it as safetensors or .npy";
  if (text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd") || text.starts_with("BZh") ||
      text.starts_with("\xfd"
                       "7zXZ")) {
    return "compressed: decompress it first";
  }
  if (text.starts_with("version ")) return "a Git LFS pointer, not the data itself: fetch it first";
  if (text.starts_with("\x89HDF")) return "HDF5: save it as safetensors or .npy";
  if (text.starts_with("<!DOCTYP") || text.starts_with("<html")) return "a web page: the download failed";
  return "neither safetensors nor .npy (word vectors in other formats: see `windrow convert`)";
}

}  // namespace

Result<TableFile> open_table_file(io::FileSystem& system, const std::string& path, io::Access access,
                                  const std::string& tensor) {
  TableFile table;
  auto file = system.open(system.resolve(path), access);
  if (!file) return pass(file);
  table.file = std::move(*file);
  auto size = table.file->size();
  if (!size) return pass(size);
  table.file_bytes = *size;

  auto start = read_start(*table.file, std::min<uint64_t>(16, *size));
  if (!start) return pass(start);
  constexpr uint8_t kNpyMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (start->size() >= 6 && std::equal(kNpyMagic, kNpyMagic + 6, start->begin())) {
    auto bytes = npy::header_bytes(*start, *size);
    if (!bytes) return tl::make_unexpected(with_path(bytes.error(), table.path()));
    if (auto read = read_npy(table, *bytes); !read) return pass(read);
    return table;
  }
  auto bytes = safetensors::header_bytes(*start, *size);
  if (!bytes) {
    const std::string why = *size < 8 ? concat("only ", *size, " bytes") : std::string(name_of(*start));
    return fail(ErrorCode::kFormat, table.path(), ": not a table: ", why, " (", bytes.error().message, ")");
  }
  if (auto read = read_safetensors(table, *bytes, tensor); !read) return pass(read);
  return table;
}

Result<MetaSlot> read_slot(const TableFile& table) {
  const auto* meta = table.header.find("_meta");
  std::vector<uint8_t> bytes(kMetaBytes);
  if (auto read = table.file->read(meta->begin, bytes); !read) return pass(read);
  auto slot = current_slot(bytes);
  if (!slot) return tl::make_unexpected(with_path(slot.error(), table.path()));
  return slot;
}

Result<void> write_slot(TableFile& table, const MetaSlot& slot) {
  const auto* meta = table.header.find("_meta");
  std::vector<uint8_t> page(kSlotPage);
  const auto bytes = encode_slot(slot);
  std::copy(bytes.begin(), bytes.end(), page.begin());
  if (auto written = table.file->write_durable(meta->begin + slot.generation % 2 * kSlotPage, page);
      !written) {
    return written;
  }
  table.slot = slot;
  return {};
}

}  // namespace windrow
