#include "formats/npy_reader.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/number_matrix.h"

namespace windrow::tools {

namespace {

std::string shape_text(const std::vector<uint64_t>& shape) {
  std::string text;
  for (const uint64_t extent : shape) text += concat(text.empty() ? "" : ", ", extent);
  return concat("(", text, shape.size() == 1 ? ",)" : ")");
}

}  // namespace

Result<npy::Header> read_npy_header(ByteReader& bytes) {
  const auto in_file = [&](const Error& error) {
    return fail(error.code, bytes.name(), ": ", error.message);
  };
  const auto start = bytes.peek(12);
  if (!start) return tl::make_unexpected(start.error());
  const auto length = npy::header_bytes(bytes_of(*start), bytes.size());
  if (!length) return in_file(length.error());
  const auto text = bytes.peek(static_cast<size_t>(*length));
  if (!text) return tl::make_unexpected(text.error());
  auto header = npy::parse(bytes_of(*text), bytes.size());
  if (!header) return in_file(header.error());
  return header;
}

Result<std::unique_ptr<RowReader>> read_npy(std::unique_ptr<ByteSource> file, const npy::Header& header) {
  if (header.shape.size() != 2 || header.shape[1] == 0 || header.shape[1] >= uint64_t{1} << 31) {
    return fail(ErrorCode::kUnsupported, file->name(), ": an array of shape ", shape_text(header.shape),
                "; a table has two dimensions, rows and columns, with at least one column");
  }
  const NumberValues* values = number_values(header.descr);
  if (!values) {
    return fail(ErrorCode::kUnsupported, file->name(), ": values of type ", header.descr,
                " are bytes that could be anything");
  }
  auto remarks = remarks_on_npy(header, file->size());
  const NumberMatrix matrix{.begin = header.data_begin,
                            .rows = header.shape[0],
                            .columns = static_cast<size_t>(header.shape[1]),
                            .by_columns = !header.c_order(),
                            .item_bytes = static_cast<size_t>(header.item_bytes),
                            .values = *values,
                            .stored_as = header.descr};
  return read_number_matrix(std::move(file), matrix, std::move(remarks));
}

std::vector<std::string> remarks_on_npy(const npy::Header& header, uint64_t file_bytes) {
  const uint64_t behind = file_bytes - header.data_begin - header.data_bytes;
  if (behind == 0) return {};
  return {concat(behind, " bytes behind the array were ignored (several arrays in one file?)")};
}

}  // namespace windrow::tools
