#include "table/data_file.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/fail.h"
#include "format/gguf.h"
#include "format/gguf_types.h"
#include "format/meta_slot.h"

namespace windrow {

namespace {

// Reads the first `bytes` of the file.
Result<std::vector<uint8_t>> read_start(const io::File& file, uint64_t bytes) {
  std::vector<uint8_t> start(bytes);
  if (auto read = file.read(0, start); !read) return pass(read);
  return start;
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
  if (text.starts_with("version https://git-lfs"))
    return "a Git LFS pointer, not the data itself: fetch it first";
  if (text.starts_with("\x89HDF")) return "HDF5: save it as safetensors or .npy";
  if (text.starts_with("<!DOCTYP") || text.starts_with("<html")) return "a web page: the download failed";
  return "neither safetensors nor .npy nor GGUF (word vectors in other formats: see `windrow convert`)";
}

Result<void> read_npy(DataFile& data, std::span<const uint8_t> start) {
  auto bytes = npy::header_bytes(start, data.file_bytes);
  if (!bytes) return tl::make_unexpected(with_path(bytes.error(), data.path()));
  auto text = read_start(*data.file, *bytes);
  if (!text) return pass(text);
  auto header = npy::parse(*text, data.file_bytes);
  if (!header) return tl::make_unexpected(with_path(header.error(), data.path()));
  data.array = std::move(*header);
  return {};
}

Result<void> read_safetensors(DataFile& data, std::span<const uint8_t> start) {
  auto bytes = safetensors::header_bytes(start, data.file_bytes);
  if (!bytes) {
    const std::string why =
        data.file_bytes < 8 ? concat("only ", data.file_bytes, " bytes") : std::string(name_of(start));
    return fail(ErrorCode::kFormat, data.path(), ": not a table: ", why, " (", bytes.error().message, ")");
  }
  auto text = read_start(*data.file, *bytes);
  if (!text) return pass(text);
  auto header = safetensors::parse(*text, data.file_bytes);
  if (!header) return tl::make_unexpected(with_path(header.error(), data.path()));
  data.header = std::move(*header);
  data.header_sum = sum32(*text);
  return {};
}

// The dtypes F32, F16 and BF16 are called the same.
Result<void> read_gguf(DataFile& data) {
  const auto read = [&](uint64_t offset, std::span<uint8_t> bytes) { return data.file->read(offset, bytes); };
  auto header = gguf::read_header(read, data.file_bytes);
  if (!header) return tl::make_unexpected(with_path(header.error(), data.path()));
  data.is_gguf = true;
  data.header.data_begin = header->data_begin;
  data.header.metadata = std::move(header->metadata);
  for (auto& tensor : header->tensors) {
    data.header.tensors.push_back({std::move(tensor.name), gguf::type_name(tensor.type),
                                   std::move(tensor.shape), tensor.begin, tensor.end});
  }
  std::stable_sort(data.header.tensors.begin(), data.header.tensors.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return {};
}

}  // namespace

Result<DataFile> open_data_file(io::FileSystem& system, const std::string& path, io::Access access) {
  DataFile data;
  auto file = system.open(system.resolve(path), access);
  if (!file) return pass(file);
  data.file = std::move(*file);
  auto size = data.file->size();
  if (!size) return pass(size);
  data.file_bytes = *size;

  auto start = read_start(*data.file, std::min<uint64_t>(32, *size));
  if (!start) return pass(start);
  constexpr uint8_t kNpyMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  const bool is_npy = start->size() >= 6 && std::equal(kNpyMagic, kNpyMagic + 6, start->begin());
  // A safetensors file that starts like this would have a header of more than a billion bytes.
  constexpr uint8_t kGgufMagic[] = {'G', 'G', 'U', 'F'};
  const bool is_gguf = start->size() >= 4 && std::equal(kGgufMagic, kGgufMagic + 4, start->begin());
  auto read = is_npy ? read_npy(data, *start) : is_gguf ? read_gguf(data) : read_safetensors(data, *start);
  if (!read) return pass(read);
  return data;
}

Result<void> check_length(const DataFile& data, const io::Mapping& mapping) {
  if (mapping.size >= data.file_bytes) return {};
  return fail(ErrorCode::kIo, data.path(), ": the file had ", data.file_bytes,
              " bytes when it was opened, and ", mapping.size, " when it was mapped");
}

Error with_path(Error error, const std::string& path) {
  error.message = concat(path, ": ", error.message);
  return error;
}

std::string shape_text(const std::vector<uint64_t>& shape) {
  constexpr size_t kMaxShown = 8;
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    text += i ? ", " : "";
    if (i == kMaxShown) return text + "...]";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace windrow
