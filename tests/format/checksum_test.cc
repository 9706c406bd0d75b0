#include "format/checksum.h"

#include <string_view>
#include <vector>

#include "support/catch.h"

using namespace windrow;

namespace {

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("checksum: known values of XXH3-64 with seed 0", "[format]") {
  CHECK(block_checksum({}) == 0x2d06800538d394c2);
  CHECK(block_checksum(bytes_of("a")) == 0xe6c632b61e964e1f);
  CHECK(block_checksum(bytes_of("abc")) == 0x78af5f94892f3950);
  CHECK(block_checksum(std::vector<uint8_t>(65536)) == 0x33b202d302b65caa);
}

TEST_CASE("checksum: an entry is never 0, which would mean \"not computed\"", "[format]") {
  for (size_t size = 0; size < 2000; ++size) CHECK(block_checksum(std::vector<uint8_t>(size)) != 0);
}

TEST_CASE("checksum: any changed byte changes the entry", "[format]") {
  std::vector<uint8_t> block(kChecksumBlockBytes, 7);
  const uint64_t sum = block_checksum(block);
  for (const size_t at : {size_t{0}, size_t{1}, size_t{32768}, size_t{65535}}) {
    block[at] ^= 1;
    CHECK(block_checksum(block) != sum);
    block[at] ^= 1;
  }
  CHECK(block_checksum(block) == sum);
}

TEST_CASE("checksum: the last block may be short", "[format]") {
  CHECK(block_count(uint64_t{0}) == 0);
  CHECK(block_count(uint64_t{1}) == 1);
  CHECK(block_count(uint64_t{65535}) == 1);
  CHECK(block_count(uint64_t{65536}) == 1);
  CHECK(block_count(uint64_t{65537}) == 2);
  CHECK(block_count(UINT64_MAX) == (uint64_t{1} << 48));
}

TEST_CASE("checksum: bookkeeping and fillers have no blocks", "[format]") {
  for (const char* name : {"_meta", "checksum", "_pad.0", "_pad.12"}) CHECK_FALSE(is_checksummed(name));
  for (const char* name :
       {"weight", "optimizer.sum", "vocab.bytes", "vocab.index", "_padding", "checksum2", ""}) {
    CHECK(is_checksummed(name));
  }
}

TEST_CASE("checksum: each tensor has blocks of its own", "[format]") {
  const std::vector<safetensors::Tensor> tensors = {
      {"_meta", "U8", {8192}, 4096, 12288},
      {"weight", "F32", {100, 200}, 12288, 92288},  // 80000 bytes: two blocks
      {"_pad.0", "U8", {3968}, 92288, 96256},
      {"vocab.bytes", "U8", {10}, 96256, 96266},
      {"vocab.rows", "I64", {0}, 96266, 96266},
      {"checksum", "I64", {3}, 96266, 96290},
  };
  CHECK(block_count(tensors) == 3);
}
