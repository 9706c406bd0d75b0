#include "npy_file.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "format/npy.h"
#include "format/text.h"
#include "io/atomic_file.h"
#include "io/file.h"
#include "output.h"
#include "target_file.h"

namespace windrow::tools {

namespace {

struct OpenArray {
  std::unique_ptr<io::File> file;
  npy::Header header;
};

Result<OpenArray> open_array(const std::string& path) {
  auto file = io::posix().open(path, io::Access::kRead);
  if (!file) return pass(file);
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  const auto in_file = [&](const Error& error) { return fail(error.code, path, ": ", error.message); };

  std::vector<uint8_t> bytes(static_cast<size_t>(std::min<uint64_t>(*size, 12)));
  if (const auto read = (*file)->read(0, bytes); !read) return tl::make_unexpected(read.error());
  const auto header_bytes = npy::header_bytes(bytes, *size);
  if (!header_bytes) return in_file(header_bytes.error());
  bytes.resize(static_cast<size_t>(*header_bytes));
  if (const auto read = (*file)->read(0, bytes); !read) return tl::make_unexpected(read.error());
  auto header = npy::parse(bytes, *size);
  if (!header) return in_file(header.error());
  if (!header->c_order()) {
    return fail(
        ErrorCode::kUnsupported, path,
        ": the array is stored by columns (Fortran order); save numpy.ascontiguousarray(array) instead");
  }
  return OpenArray{std::move(*file), std::move(*header)};
}

template <class T>
Result<void> read_values(const OpenArray& array, std::vector<T>& values) {
  values.resize(static_cast<size_t>(array.header.data_bytes / sizeof(T)));
  return array.file->read(array.header.data_begin,
                          {reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(T)});
}

std::vector<uint8_t> header_of(uint64_t rows, uint64_t columns) {
  const uint64_t shape[] = {rows, columns};
  return npy::header_for("<f4", shape);
}

}  // namespace

Result<IdArray> read_ids(const std::string& path) {
  auto array = open_array(path);
  if (!array) return pass(array);
  IdArray ids{array->header.shape, {}, {}};
  Result<void> read;
  if (array->header.descr == "<i4") {
    read = read_values(*array, ids.small);
  } else if (array->header.descr == "<i8") {
    read = read_values(*array, ids.large);
  } else {
    return fail(ErrorCode::kUnsupported, path, ": values of type ", in_quotes(array->header.descr),
                ", where int32 or int64 is needed; save array.astype('int64') instead");
  }
  if (!read) return pass(read);
  return ids;
}

Result<FloatArray> read_floats(const std::string& path) {
  auto array = open_array(path);
  if (!array) return pass(array);
  if (array->header.descr != "<f4") {
    return fail(ErrorCode::kUnsupported, path, ": values of type ", in_quotes(array->header.descr),
                ", where float32 is needed; save array.astype('float32') instead");
  }
  FloatArray floats{array->header.shape, {}};
  if (auto read = read_values(*array, floats.values); !read) return pass(read);
  return floats;
}

Result<ValueArray> read_float_values(const std::string& path) {
  auto array = open_array(path);
  if (!array) return pass(array);
  ValueArray values{array->header.shape, {}, {}};
  Result<void> read;
  if (array->header.descr == "<f4") {
    read = read_values(*array, values.floats);
  } else if (array->header.descr == "<f2") {
    read = read_values(*array, values.halves);
  } else {
    return fail(ErrorCode::kUnsupported, path, ": values of type ", in_quotes(array->header.descr),
                ", where float32 or float16 is needed; save array.astype('float32') instead");
  }
  if (!read) return pass(read);
  return values;
}

Result<void> write_npy(const std::string& path, std::span<const float> values, uint64_t rows,
                       uint64_t columns) {
  if (auto target = check_target(path); !target) return target;
  auto file = io::AtomicFile::create(io::posix(), path);
  if (!file) return pass(file);
  if (auto done = file->append(header_of(rows, columns)); !done) return done;
  if (auto done = file->append(bytes_of(values)); !done) return done;
  return file->commit();
}

void print_npy(std::span<const float> values, uint64_t rows, uint64_t columns) {
  const std::vector<uint8_t> header = header_of(rows, columns);
  print({reinterpret_cast<const char*>(header.data()), header.size()});
  print({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

}  // namespace windrow::tools
