// The input is a whole safetensors file.

#include <optional>
#include <string>

#include "base/checked.h"
#include "format/safetensors.h"
#include "fuzz/require.h"

using namespace windrow;

namespace {

// What every accepted file has, however it was written.
void check_header(const safetensors::Header& header, uint64_t file_bytes) {
  WINDROW_REQUIRE(header.data_begin >= 10 && header.data_begin <= file_bytes);
  uint64_t reached = header.data_begin;
  for (const safetensors::Tensor& tensor : header.tensors) {
    WINDROW_REQUIRE(tensor.begin == reached && tensor.end >= tensor.begin);
    reached = tensor.end;
    WINDROW_REQUIRE(header.find(tensor.name) == &tensor);
    if (const auto bits = safetensors::bits_of(tensor.dtype)) {
      std::optional<uint64_t> expected = 1;
      for (const uint64_t extent : tensor.shape) {
        expected = checked_mul(*expected, extent);
        WINDROW_REQUIRE(expected.has_value());
      }
      expected = checked_mul(*expected, *bits);
      WINDROW_REQUIRE(expected == (tensor.end - tensor.begin) * 8);
    }
  }
  WINDROW_REQUIRE(reached == file_bytes);
}

// The same tensors and metadata, written by us, must be read back as they are.
void check_rewritten(const safetensors::Header& header) {
  std::vector<safetensors::NewTensor> tensors;
  for (const safetensors::Tensor& tensor : header.tensors) {
    tensors.push_back({tensor.name, tensor.dtype, tensor.shape});
  }
  const std::vector<std::pair<std::string, std::string>> metadata(header.metadata.begin(),
                                                                  header.metadata.end());
  const auto layout = safetensors::lay_out(tensors, metadata);
  if (!layout) return;  // unknown dtypes, reserved names, dimensions of 2^48 and more
  const auto again = safetensors::parse(layout->header, layout->file_bytes);
  WINDROW_REQUIRE(again.has_value());
  WINDROW_REQUIRE(again->metadata == header.metadata);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const safetensors::Tensor* found = again->find(tensors[i].name);
    WINDROW_REQUIRE(found != nullptr && found->dtype == tensors[i].dtype && found->shape == tensors[i].shape);
    WINDROW_REQUIRE(found->begin == layout->tensors[i].begin && found->end == layout->tensors[i].end);
    WINDROW_REQUIRE(found->begin % 4096 == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto header = safetensors::parse({data, size}, size);
  if (!header) {
    WINDROW_REQUIRE(!header.error().message.empty() && header.error().message.size() < 1000);
    return 0;
  }
  check_header(*header, size);
  check_rewritten(*header);
  return 0;
}
