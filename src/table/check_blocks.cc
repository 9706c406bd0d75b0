#include "table/check_blocks.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/checksum.h"

namespace windrow {

namespace {

// Bytes [begin, end) of a tensor.
BadBlock bad_block(const safetensors::Tensor& tensor, int64_t rows, uint64_t begin, uint64_t end) {
  BadBlock block{tensor.name, tensor.begin + begin, tensor.begin + end, -1, -1};
  const bool holds_rows = tensor.name == "weight" || tensor.name.starts_with("optimizer.");
  const auto count = static_cast<uint64_t>(rows);
  if (!holds_rows || rows == 0 || tensor.shape.empty() || tensor.shape[0] != count) return block;
  const uint64_t row_bytes = (tensor.end - tensor.begin) / count;
  if (row_bytes == 0) return block;
  block.first_row = static_cast<int64_t>(begin / row_bytes);
  block.last_row = static_cast<int64_t>((end - 1) / row_bytes);
  return block;
}

}  // namespace

Result<BlockCounts> check_blocks(const io::File& file, const ChecksummedTensor& of, int64_t rows,
                                 const std::function<void(BadBlock)>& bad) {
  BlockCounts counts;
  const uint64_t blocks = block_count(of.bytes());
  std::vector<uint8_t> entries(8 * blocks), bytes(kChecksumBlockBytes);
  if (auto read = file.read(of.entries_begin, entries); !read) return pass(read);
  for (uint64_t block = 0; block < blocks; ++block) {
    const auto expected = load<uint64_t>(entries.data() + 8 * block);
    if (expected == 0) {
      ++counts.not_computed;
      continue;
    }
    const uint64_t begin = block * kChecksumBlockBytes,
                   end = std::min(begin + kChecksumBlockBytes, of.bytes());
    const auto part = std::span(bytes).first(end - begin);
    if (auto read = file.read(of.tensor->begin + begin, part); !read) return pass(read);
    if (block_checksum(part) == expected)
      ++counts.ok;
    else
      bad(bad_block(*of.tensor, rows, begin, end));
  }
  return counts;
}

Result<std::string> find_damage(const io::File& file, const ChecksummedTensor& of, int64_t rows) {
  std::string damage;
  const auto counts = check_blocks(file, of, rows, [&](const BadBlock& block) {
    if (!damage.empty()) return;
    damage = concat("bytes ", block.file_begin, " to ", block.file_end, ", in \"", block.tensor, "\"");
    if (block.first_row >= 0) damage += concat(" (rows ", block.first_row, " to ", block.last_row, ")");
    damage += ", do not match their checksum";
  });
  if (!counts) return tl::make_unexpected(counts.error());
  if (damage.empty() && counts->not_computed > 0)
    damage = concat(counts->not_computed, " blocks of \"", of.tensor->name, "\" have no checksum");
  return damage;
}

}  // namespace windrow
