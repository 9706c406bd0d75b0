#include "train/refresh_checksums.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "format/checksum.h"
#include "train/chunks.h"

namespace windrow {

namespace {

// Entries that are written at once, at most.
constexpr uint64_t kEntriesAtOnce = 512;

class Refresher {
 public:
  Refresher(io::File& file, const ChecksummedTensor& of, const std::function<bool(uint64_t)>& chosen)
      : file_(file), of_(of), chosen_(chosen), block_(kChecksumBlockBytes) {
    entries_.reserve(kEntriesAtOnce);
  }

  // Blocks [begin, end), in runs of neighbours.
  Result<void> refresh(uint64_t begin, uint64_t end) {
    for (uint64_t block = begin; block < end; ++block) {
      if (!chosen_(block)) continue;
      const uint64_t first = block;
      entries_.clear();
      for (; block < end && block - first < kEntriesAtOnce && chosen_(block); ++block) {
        const auto sum = checksum_of(block);
        if (!sum) return tl::make_unexpected(sum.error());
        entries_.push_back(*sum);
      }
      --block;
      if (auto written = file_.write(of_.entries_begin + 8 * first, bytes_of(entries_)); !written)
        return written;
    }
    return {};
  }

 private:
  Result<uint64_t> checksum_of(uint64_t block) {
    const uint64_t begin = block * kChecksumBlockBytes;
    const auto part =
        std::span(block_).first(static_cast<size_t>(std::min(kChecksumBlockBytes, of_.bytes() - begin)));
    if (auto read = file_.read(of_.tensor->begin + begin, part); !read)
      return tl::make_unexpected(read.error());
    return block_checksum(part);
  }

  io::File& file_;
  const ChecksummedTensor& of_;
  const std::function<bool(uint64_t)>& chosen_;
  std::vector<uint8_t> block_;
  std::vector<uint64_t> entries_;
};

}  // namespace

Result<void> refresh_checksums(io::File& file, const ChecksummedTensor& of,
                               const std::function<bool(uint64_t block)>& chosen, int threads) {
  const uint64_t blocks = block_count(of.bytes());
  const auto team = static_cast<int>(std::min<uint64_t>(static_cast<uint64_t>(threads), 1 + blocks / 64));
  std::vector<Refresher> refreshers;
  refreshers.reserve(static_cast<size_t>(team));
  for (int t = 0; t < team; ++t) refreshers.emplace_back(file, of, chosen);
  std::vector<Result<void>> results(static_cast<size_t>(team));
  parallel(team, [&](int t) {
    const Chunk share = chunk_of(t, team, static_cast<size_t>(blocks));
    auto& own = refreshers[static_cast<size_t>(t)];
    results[static_cast<size_t>(t)] = guard([&] { return own.refresh(share.begin, share.end); });
  });
  for (auto& result : results) {
    if (!result) return result;
  }
  return {};
}

}  // namespace windrow
