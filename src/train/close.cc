#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "train/checksum_map.h"
#include "train/chunks.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

constexpr size_t kMaxTagBytes = 256;  // of a slot

// Recomputes the entries of the marked blocks of a tensor.
void refresh(const io::Mapping& mapping, const ChecksummedTensor& of, const DirtyBlocks& blocks,
             Chunk chunk) {
  for (uint64_t block = chunk.begin; block < chunk.end; ++block) {
    if (!blocks.is_marked(block)) continue;
    const uint64_t begin = of.tensor->begin + block * kChecksumBlockBytes;
    const uint64_t bytes = std::min(kChecksumBlockBytes, of.tensor->end - begin);
    store(mapping.data + of.entries_begin + 8 * block, block_checksum({mapping.data + begin, bytes}));
  }
}

}  // namespace

Result<void> TrainerState::close(std::string_view tag) {
  if (tag.size() > kMaxTagBytes) {
    return fail(ErrorCode::kInvalidArgument, "the tag has ", tag.size(), " bytes; at most ", kMaxTagBytes,
                " are possible");
  }
  if (changed) {
    if (auto refreshed = refresh_checksums(); !refreshed) return refreshed;
    if (auto synced = file.file->sync(); !synced) {
      poisoned = true;
      return synced;
    }
  }
  if (changed || !tag.empty()) {
    if (auto written = write_closing_slot(tag); !written) return written;
  }
  closed = true;
  file.file.reset();  // and with it the lock; the mapping stays with those who hold table()
  return {};
}

Result<void> TrainerState::refresh_checksums() {
  auto tensors = checksummed_tensors(file);
  if (!tensors) return pass(tensors);
  std::vector<const MutableRows*> trained = {&weights};
  for (const auto& rows : states) trained.push_back(&rows);
  for (const auto& of : *tensors) {
    const uint8_t* data = mapping.data + of.tensor->begin;
    for (const MutableRows* rows : trained) {
      if (rows->base != data || rows->blocks.blocks() == 0) continue;
      const int threads = std::min<int>(max_threads, static_cast<int>(1 + rows->blocks.blocks() / 16));
      parallel(threads, [&](int t) {
        refresh(mapping, of, rows->blocks, chunk_of(t, threads, rows->blocks.blocks()));
      });
    }
  }
  return {};
}

Result<void> TrainerState::write_closing_slot(std::string_view tag) {
  MetaSlot slot = *file.slot;
  ++slot.generation;
  ++slot.committed_epoch;
  slot.clean = true;
  slot.step_count = static_cast<uint64_t>(step_count);
  slot.tag = tag;
  if (auto written = write_slot(file, slot); !written) {
    poisoned = true;
    return written;
  }
  return {};
}

}  // namespace windrow
