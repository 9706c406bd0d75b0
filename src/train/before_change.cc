#include <chrono>

#include "base/fail.h"
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

Result<void> TrainerState::before_change(const Coalescer& rows, int threads) {
  // A checkpoint in the background that failed must not be trained past.
  if (ending.valid() && ending.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    if (auto ended = end_checkpoint(); !ended) return ended;
  }
  if (!changed) {
    if (auto begun = begin_changes(); !begun) return begun;
  }
  if (!log) return {};
  auto kept = log->keep(rows, images, mapping.data, threads);
  poisoned = poisoned || log->is_broken();
  return kept;
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
