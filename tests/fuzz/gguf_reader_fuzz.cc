// The input is a whole GGUF file, of which the rows of every tensor are read.

#include "formats/gguf.h"

#include <cstring>

#include "base/fail.h"
#include "format/gguf.h"
#include "fuzz/rows_read.h"

using namespace windrow;
using namespace windrow::tools;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_all_rows(read_gguf(bytes_in_memory(bytes), Source()));
  const auto read = [&](uint64_t offset, std::span<uint8_t> room) -> Result<void> {
    if (!room.empty()) std::memcpy(room.data(), data + offset, room.size());
    return {};
  };
  const auto header = gguf::read_header(read, size);
  if (!header) return 0;
  for (size_t i = 0; i < header->tensors.size() && i < 8; ++i) {
    Source source;
    source.table.open.tensor = header->tensors[i].name;
    read_all_rows(read_gguf(bytes_in_memory(bytes), source));
  }
  return 0;
}
