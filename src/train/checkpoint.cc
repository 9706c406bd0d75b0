#include <algorithm>
#include <exception>

#include "base/fail.h"
#include "base/guard.h"
#include "format/text.h"
#include "table/checksum_map.h"
#include "train/refresh_checksums.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

Result<void> check_tag(std::string_view tag) {
  if (tag.size() <= kMaxTagBytes) return {};
  return fail(ErrorCode::kInvalidArgument, "the tag has ", tag.size(), " bytes; at most ", kMaxTagBytes,
              " are possible");
}

// To be called when the checkpoint is on the disk.
Result<void> name_delta(io::AtomicFile& delta, std::string_view tag) {
  auto named = guard([&] { return delta.commit(); });
  if (named) return named;
  return fail(named.error().code, "the checkpoint ", in_quotes(tag),
              " was made, but its delta was not: ", named.error().message);
}

}  // namespace

uint64_t TrainerState::present_content() const {
  return !rows_changed && file.slot->content != 0 ? file.slot->content : draw_content(*system);
}

Result<void> TrainerState::checkpoint(std::string_view tag, const CheckpointOptions& options) {
  if (auto fits = check_tag(tag); !fits) return fits;
  if (auto ended = end_checkpoint(); !ended) return ended;
  if (auto named = report_unnamed_delta(); !named) {
    return fail(named.error().code, named.error().message,
                "; nothing was done for the next checkpoint: ask for it again");
  }
  end_prepare();
  if (auto usable = check_usable(); !usable) return usable;
  const uint64_t content = present_content();
  std::optional<io::AtomicFile> delta;
  if (!options.delta_path.empty()) {
    auto written = write_delta(tag, content, options);
    if (!written) return pass(written);
    delta = std::move(*written);
  }
  if (!changed) {
    if (auto written = write_tag(tag, content); !written) return written;
    return delta ? name_delta(*delta, tag) : Result<void>();
  }
  // Once the epoch has ended nothing may fail that does not poison the trainer: memory is had before.
  const auto checkpoint = std::make_shared<EndingCheckpoint>();
  *checkpoint = end_epoch(tag, content);
  checkpoint->delta = std::move(delta);
  if (options.in_background) {
    try {
      ending_checkpoint = checkpoint;
      ending = std::async(std::launch::async, [this, checkpoint] {
        return guard([&] { return commit(*checkpoint, false, 1); });
      });
      return {};
    } catch (const std::exception&) {
      // No thread is to be had, or no memory: it ends here.
    }
  }
  return end_now(*checkpoint, false);
}

Result<void> TrainerState::end_now(EndingCheckpoint& checkpoint, bool closing) {
  auto done = guard([&] { return commit(checkpoint, closing, max_threads); });
  settle(checkpoint, done.has_value());
  closed = closing && done;
  return done ? checkpoint.delta_named : done;
}

Result<void> TrainerState::end_checkpoint() {
  if (!ending.valid()) return {};
  auto ended = ending.get();
  settle(*ending_checkpoint, ended.has_value());
  if (!ending_checkpoint->delta_named) unnamed_delta = std::move(ending_checkpoint->delta_named.error());
  return ended;
}

Result<void> TrainerState::report_unnamed_delta() {
  if (!unnamed_delta) return {};
  Error error = std::move(*unnamed_delta);
  unnamed_delta.reset();
  return tl::make_unexpected(std::move(error));
}

void TrainerState::settle(EndingCheckpoint& checkpoint, bool done) noexcept {
  if (done)
    committed = {file.slot->generation, std::move(checkpoint.tag), checkpoint.step_count};
  else
    poisoned = true;
}

Result<void> TrainerState::rollback() {
  if (options.durability == Durability::kNone) {
    return fail(
        ErrorCode::kUnsupported, path,
        ": the trainer keeps no journal, from which rows could be put back: open it with a durability of "
        "kProcess or kPower");
  }
  if (auto ended = end_checkpoint(); !ended) return ended;
  if (!log) return {};
  end_prepare();
  if (auto usable = check_usable(); !usable) return usable;
  auto undone = guard([&] { return log->undo(images, mapping.data, counters ? &*counters : nullptr); });
  if (!undone) {
    // Some rows are back, others are not; whoever opens the table next puts all of them back.
    poisoned = true;
    return undone;
  }
  step_count = committed.step_count;
  rows_changed = false;
  return {};
}

Result<void> TrainerState::close(std::string_view tag) {
  if (auto fits = check_tag(tag); !fits) return fits;
  if (auto ended = end_checkpoint(); !ended) return ended;
  end_prepare();
  if (auto usable = check_usable(); !usable) return usable;
  if (changed) {
    auto checkpoint = end_epoch(tag, present_content());
    if (auto done = end_now(checkpoint, true); !done) return done;
    // Not before the table says that it needs them no more.
    if (log) remove_journals(*system, file);
    log.reset();
  } else if (!tag.empty()) {
    if (auto written = write_tag(tag, present_content()); !written) return written;
  }
  closed = true;
  file.file.reset();  // and with it the lock; the mapping stays with those who hold table()
  return report_unnamed_delta();
}

EndingCheckpoint TrainerState::end_epoch(std::string_view tag, uint64_t content) {
  EndingCheckpoint checkpoint{epoch, step_count, std::string(tag), log ? log->chunks(epoch) : 0};
  checkpoint.content = content;
  std::vector<DirtyBlocks> fresh;
  fresh.push_back(weights.blocks.empty_copy());
  for (const auto& rows : states) fresh.push_back(rows.blocks.empty_copy());
  // From here on nothing can fail.
  std::swap(weights.blocks, fresh[0]);
  for (size_t s = 0; s < states.size(); ++s) std::swap(states[s].blocks, fresh[s + 1]);
  checkpoint.blocks = std::move(fresh);
  ++epoch;
  rows_changed = false;
  if (log) log->begin_next();
  return checkpoint;
}

Result<void> TrainerState::commit(EndingCheckpoint& checkpoint, bool closing, int threads) {
  auto tensors = checksummed_tensors(file);
  if (!tensors) return pass(tensors);
  for (const auto& of : *tensors) {
    for (size_t k = 0; k < checkpoint.blocks.size(); ++k) {
      const MutableRows& rows = k == 0 ? weights : states[k - 1];
      if (of.bytes() == 0 || rows.base != mapping.data + of.tensor->begin) continue;
      const DirtyBlocks& blocks = checkpoint.blocks[k];
      auto refreshed = refresh_checksums(
          *file.file, of, [&](uint64_t block) { return blocks.is_marked(block); }, threads);
      if (!refreshed) return refreshed;
    }
  }
  // At kProcess it is enough that the system has the rows.
  if (closing || options.durability != Durability::kProcess) {
    if (auto synced = file.file->sync(); !synced) return synced;
  }
  MetaSlot slot = *file.slot;
  ++slot.generation;
  slot.committed_epoch = checkpoint.epoch;
  slot.clean = closing;
  slot.step_count = static_cast<uint64_t>(checkpoint.step_count);
  slot.journal_chunks = closing ? 0 : checkpoint.journal_chunks;
  slot.tag = checkpoint.tag;
  slot.content = checkpoint.content;
  if (auto written = write_slot(file, slot); !written) return written;
  // The trainer goes on without it.
  if (checkpoint.delta) checkpoint.delta_named = name_delta(*checkpoint.delta, checkpoint.tag);
  return {};
}

// A checkpoint of a table that has not changed since it was opened: it is clean, and stays so.
Result<void> TrainerState::write_tag(std::string_view tag, uint64_t content) {
  EndingCheckpoint checkpoint{.step_count = step_count, .tag = std::string(tag)};
  MetaSlot slot = *file.slot;
  ++slot.generation;
  slot.step_count = static_cast<uint64_t>(step_count);
  slot.tag = tag;
  slot.content = content;
  auto written = guard([&] { return write_slot(file, slot); });
  settle(checkpoint, written.has_value());
  return written;
}

}  // namespace windrow
