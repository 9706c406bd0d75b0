// The input is a whole npy file, read as rows.

#include "formats/npy_reader.h"

#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader bytes(bytes_in_memory({reinterpret_cast<const char*>(data), size}));
  const auto header = read_npy_header(bytes);
  if (!header) {
    WINDROW_REQUIRE(!header.error().message.empty() && header.error().message.size() < 1000);
    return 0;
  }
  read_all_rows(read_npy(bytes.release(), *header));
  return 0;
}
