#include <chrono>
#include <exception>

#include "base/fail.h"
#include "base/guard.h"
#include "table/optimizer_state.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

DurabilityLevel level_of(Durability durability) {
  return durability == Durability::kPower     ? DurabilityLevel::kPower
         : durability == Durability::kProcess ? DurabilityLevel::kProcess
                                              : DurabilityLevel::kNone;
}

}  // namespace

Result<void> TrainerState::begin() {
  // A checkpoint in the background that failed must not be trained past.
  if (ending.valid() && ending.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    if (auto ended = end_checkpoint(); !ended) return ended;
  }
  return changed ? Result<void>() : begin_changes();
}

Result<void> TrainerState::before_change(const Coalescer& rows, int threads) {
  if (auto begun = begin(); !begun) return begun;
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
  MetaSlot slot = *file.slot;
  ++slot.generation;
  slot.clean = false;
  slot.incarnation = system->random64();
  slot.boot_id = system->boot_id();
  slot.level = level_of(options.durability);
  slot.journal_chunks = 0;
  slot.optimizer_id = optimizer_id(optimizer);  // of a table for any optimiser without state it was none
  if (options.durability != Durability::kNone) {
    // The journals go by the name of the table. If that leads to another table by now, they are not ours.
    if (auto named = check_name(); !named) return named;
    if (auto made = make_log(slot.incarnation); !made) {
      log.reset();
      remove_journals(*system, path);  // the table is clean: they mean nothing
      return made;
    }
  }
  // The journals are on the disk, and so is their folder.
  if (auto written = write_slot(file, slot); !written) {
    poisoned = true;
    return written;
  }
  changed = true;
  return {};
}

Result<void> TrainerState::check_name() const {
  const auto current = file.file->is_current();
  if (!current) return tl::make_unexpected(current.error());
  if (*current) return {};
  return fail(ErrorCode::kBusy, path,
              ": the file has been renamed, removed or replaced since it was opened; nothing was changed");
}

Result<void> TrainerState::make_log(uint64_t incarnation) {
  const JournalHeader life{.uuid = file.slot->uuid,
                           .incarnation = incarnation,
                           .layout = file.slot->layout,
                           .image_bytes = static_cast<uint32_t>(images.bytes())};
  auto made = RollbackLog::create(*system, path, life, journal_sizes,
                                  options.durability == Durability::kPower, table->rows, epoch);
  if (!made) return pass(made);
  log = std::move(*made);
  return {};
}

}  // namespace windrow
