// The input is a whole TSV or CSV file.

#include "formats/delimited.h"

#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char separator : {'\t', ','}) {
    for (const bool lenient : {false, true}) {
      Source source;
      source.lenient = lenient;
      read_all_rows(read_delimited(bytes_in_memory(bytes), separator, source));
    }
  }
  return 0;
}
