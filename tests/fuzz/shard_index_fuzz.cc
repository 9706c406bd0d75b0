// The input is the text of a `model.safetensors.index.json`.

#include <algorithm>
#include <string>

#include "format/shard_index.h"
#include "fuzz/require.h"

using namespace windrow;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto index = parse_shard_index({reinterpret_cast<const char*>(data), size});
  if (!index) {
    WINDROW_REQUIRE(!index.error().message.empty() && index.error().message.size() < 1000);
    return 0;
  }
  for (size_t i = 0; i < index->tensors.size(); ++i) {
    WINDROW_REQUIRE(index->tensors[i].file < index->files.size());
    WINDROW_REQUIRE(i == 0 || index->tensors[i - 1].tensor < index->tensors[i].tensor);
  }
  for (const std::string& file : index->files) {
    WINDROW_REQUIRE(!file.empty() && file != "." && file.find("..") == file.npos);
    for (const char forbidden : {'/', '\\', '\0'}) WINDROW_REQUIRE(file.find(forbidden) == file.npos);
    WINDROW_REQUIRE(std::count(index->files.begin(), index->files.end(), file) == 1);
  }
  return 0;
}
