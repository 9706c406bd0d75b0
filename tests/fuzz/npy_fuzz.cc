// The input is a whole npy file.

#include <optional>

#include "base/checked.h"
#include "format/npy.h"
#include "fuzz/require.h"

using namespace windrow;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto header = npy::parse({data, size}, size);
  if (!header) {
    WINDROW_REQUIRE(!header.error().message.empty() && header.error().message.size() < 1000);
    return 0;
  }
  WINDROW_REQUIRE(header->data_begin <= size && header->data_bytes <= size - header->data_begin);
  WINDROW_REQUIRE(header->item_bytes >= 1 && header->item_bytes <= 8);
  std::optional<uint64_t> bytes = header->item_bytes;
  for (const uint64_t extent : header->shape) {
    bytes = checked_mul(*bytes, extent);
    WINDROW_REQUIRE(bytes.has_value());
  }
  WINDROW_REQUIRE(bytes == header->data_bytes);
  WINDROW_REQUIRE(header->c_order() || header->shape.size() >= 2);

  if (header->shape.size() > 32) return 0;  // more than numpy allows; our writer need not
  const auto written = npy::header_for(header->descr, header->shape);
  WINDROW_REQUIRE(written.size() % 64 == 0);
  const auto again = npy::parse(written, written.size() + header->data_bytes);
  WINDROW_REQUIRE(again.has_value());
  WINDROW_REQUIRE(again->descr == header->descr && again->shape == header->shape && !again->fortran_order);
  return 0;
}
