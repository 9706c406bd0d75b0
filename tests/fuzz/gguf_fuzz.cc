// The input is a whole GGUF file: its header is read.

#include "format/gguf.h"

#include <cstring>
#include <set>

#include "base/fail.h"
#include "format/gguf_types.h"
#include "fuzz/require.h"

using namespace windrow;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = [&](uint64_t offset, std::span<uint8_t> bytes) -> Result<void> {
    WINDROW_REQUIRE(offset <= size && bytes.size() <= size - offset);  // nothing else is ever asked for
    if (!bytes.empty()) std::memcpy(bytes.data(), data + offset, bytes.size());
    return {};
  };
  const auto header = gguf::read_header(read, size);
  if (!header) {
    WINDROW_REQUIRE(!header.error().message.empty() && header.error().message.size() < 1000);
    return 0;
  }
  std::set<std::string> names;
  for (const auto& tensor : header->tensors) {
    WINDROW_REQUIRE(names.insert(tensor.name).second && header->find(tensor.name) == &tensor);
    WINDROW_REQUIRE(header->data_begin <= tensor.begin && tensor.begin <= tensor.end && tensor.end <= size);
    WINDROW_REQUIRE(tensor.shape.size() >= 1 && tensor.shape.size() <= 4);
    WINDROW_REQUIRE((tensor.end > tensor.begin) ==
                    (gguf::find_type(tensor.type) && gguf::find_type(tensor.type)->values_in_block > 0));
    for (const uint64_t extent : tensor.shape) WINDROW_REQUIRE(extent > 0);
  }
  if (const auto& tokens = header->tokens) {
    WINDROW_REQUIRE(tokens->begin <= tokens->end && tokens->end <= size);
    WINDROW_REQUIRE(tokens->count <= (tokens->end - tokens->begin) / 8);
  }
  return 0;
}
