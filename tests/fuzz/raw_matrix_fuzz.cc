// The first three bytes say how the rest is read: as a matrix, as GloVe's binary, or as the tokens of a matrix of zeros.

#include "formats/raw_matrix.h"

#include "formats/glove_bin.h"
#include "formats/vocabulary_file.h"
#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  Source source;
  source.raw = RawMatrix{.rows = {}, .dim = uint64_t{1} + data[1], .type = static_cast<RawMatrix::Type>(data[2] % 6)};
  source.lenient = data[0] >= 128;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  if (data[0] % 3 == 0) read_all_rows(read_raw_matrix(bytes_in_memory(bytes), source));
  if (data[0] % 3 == 1) read_all_rows(read_glove_bin(bytes_in_memory(bytes), source));
  if (data[0] % 3 == 2) {
    const std::string zeros((data[2] + 1) * 4, '\0');
    source.raw = RawMatrix{.rows = {}, .dim = 1};
    auto rows = read_raw_matrix(bytes_in_memory(zeros), source);
    WINDROW_REQUIRE(rows.has_value());
    read_all_rows(with_vocabulary(std::move(*rows), bytes_in_memory(bytes)));
  }
  return 0;
}
