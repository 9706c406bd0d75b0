// The input is a whole floret file.

#include "formats/floret.h"

#include "fuzz/rows_read.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace windrow::tools;
  read_all_rows(read_floret(bytes_in_memory({reinterpret_cast<const char*>(data), size})));
  return 0;
}
