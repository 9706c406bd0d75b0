// The input is a whole finalfusion file, which is read in every way.

#include "formats/finalfusion.h"

#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool words_only : {false, true}) {
    for (const bool restore_norms : {false, true}) {
      Source source;
      source.words_only = words_only;
      source.restore_norms = restore_norms;
      read_all_rows(read_finalfusion(bytes_in_memory(bytes), source));
    }
  }
  return 0;
}
