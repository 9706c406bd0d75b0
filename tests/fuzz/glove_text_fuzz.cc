// The input is a whole GloVe text file, or one with a first line.

#include "formats/glove_text.h"

#include "fuzz/rows_read.h"

using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool lenient : {false, true}) {
    for (const uint64_t dim : {0, 1, 2}) {
      Source source;
      source.lenient = lenient;
      if (dim > 0) source.raw = RawMatrix{.rows = {}, .dim = dim};
      if (dim > 0) source.part = GloveVectors::kSum;
      read_all_rows(read_glove_text(bytes_in_memory(bytes), source));
    }
  }
  return 0;
}
