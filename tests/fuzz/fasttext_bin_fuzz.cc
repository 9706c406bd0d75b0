// The input is a whole fastText model, which is read in every way.

#include "formats/fasttext_bin.h"

#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool words_only : {false, true}) {
    for (const bool lenient : {false, true}) {
      read_all_rows(read_fasttext_bin(bytes_in_memory(bytes), words_only, lenient));
    }
  }
  return 0;
}
