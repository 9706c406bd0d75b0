#include <chrono>
#include <exception>

#include "base/fail.h"
#include "base/guard.h"
#include "table/optimizer_state.h"
#include "train/incarnation.h"
#include "train/trainer_state.h"

namespace windrow {

Result<void> TrainerState::begin() {
  // A checkpoint in the background that failed must not be trained past.
  if (ending.valid() && ending.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    if (auto ended = end_checkpoint(); !ended) return ended;
  }
  if (!changed) {
    if (auto begun = begin_changes(); !begun) return begun;
  }
  // Not before the table is marked: who copies a clean one may share its blocks.
  if (!owns_blocks) {
    if (auto own = file.file->own_blocks(); !own) return own;
    owns_blocks = true;
  }
  return {};
}

Result<void> TrainerState::before_change(const Coalescer& rows, int threads) {
  if (auto begun = begin(); !begun) return begun;
  if (auto kept = keep(rows, threads); !kept) return kept;
  rows_changed = rows_changed || rows.rows() > 0;
  return {};
}

Result<void> TrainerState::keep(const Coalescer& rows, int threads) {
  if (!log) return {};
  if (preparing.valid()) {
    if (log->has_kept(rows)) return {};
    end_prepare();
    // Its sync may have failed: what is kept behind chunks that are not on the disk is lost with them.
    if (auto usable = check_usable(); !usable) return usable;
  }
  auto kept = log->keep(rows, images, mapping.data, threads);
  poisoned = poisoned || log->is_broken();
  return kept;
}

Result<void> TrainerState::prepare(Ids ids) {
  if (options.durability == Durability::kNone) return {};
  if (auto begun = begin(); !begun) return begun;
  end_prepare();
  if (auto usable = check_usable(); !usable) return usable;
  prepared_ids.clear();
  const IdFilter filter{.padding_id = {}, .rows = table->rows, .skips_bad_ids = true};
  for (size_t i = 0; i < ids.count; ++i) {
    if (filter.used(ids[i])) prepared_ids.push_back(ids[i]);
  }
  const Positions positions{std::span<const int64_t>(prepared_ids), filter, {}};
  if (auto reserved = prepared_rows.reserve(positions, table->rows, 1); !reserved) return reserved;
  try {
    preparing = std::async(std::launch::async, [this, positions] {
      return guard([&]() -> Result<void> {
        prepared_rows.run(positions, 1);
        return log->keep(prepared_rows, images, mapping.data, 1);
      });
    });
  } catch (const std::exception&) {
    // No thread is to be had, or no memory: the step will do it.
  }
  return {};
}

void TrainerState::end_prepare() {
  if (preparing.valid()) (void)preparing.get();
  poisoned = poisoned || (log && log->is_broken());
}

Result<void> TrainerState::begin_changes() {
  const Incarnation life{.number = system->random64(),
                         .durability = options.durability,
                         .epoch = epoch,
                         .image_bytes = static_cast<uint32_t>(images.bytes()),
                         .sizes = journal_sizes};
  if (options.durability != Durability::kNone) {
    auto made = make_journals(*system, file, life);
    if (!made) return pass(made);
    log = std::move(*made);
  }
  // Of a table for any optimiser without state the slot named none.
  if (auto marked = mark_unclean(*system, file, life, optimizer_id(optimizer)); !marked) {
    poisoned = true;
    return marked;
  }
  changed = true;
  return {};
}

}  // namespace windrow
