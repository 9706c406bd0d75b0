#pragma once

#include <windrow/trainer.h>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/atomic_file.h"
#include "table/row_counters.h"
#include "table/row_images.h"
#include "table/table_data.h"
#include "table/table_file.h"
#include "train/finite.h"
#include "train/gradient.h"
#include "train/mutable_rows.h"
#include "train/rollback_log.h"

namespace windrow {

// A checkpoint whose epoch is over, on its way to the disk.
struct EndingCheckpoint {
  uint64_t epoch = 0;
  int64_t step_count = 0;
  std::string tag;
  uint64_t journal_chunks = 0;
  std::vector<DirtyBlocks> blocks = {};      // that changed in the epoch: of the weights, then of each state
  uint64_t content = 0;                      // of the slot
  std::optional<io::AtomicFile> delta = {};  // complete but for its name
  Result<void> delta_named = {};
};

struct TrainerState {
  io::FileSystem* system = nullptr;
  std::string path;  // for messages
  TableFile file;    // holds the lock; never mapped (see locked_table.h)
  Optimizer optimizer;
  TrainOptions options;
  std::shared_ptr<const TableData> table;
  io::Mapping mapping;  // the same that `table` holds, writable
  MutableRows weights;
  std::vector<MutableRows> states;  // one for each of state_tensors(optimizer)
  int64_t step_count = 0;

  std::optional<RowCounters> counters;  // of whole rows, where there are any beside the table
  RowImages images;
  JournalSizes journal_sizes;
  std::optional<RollbackLog> log;  // of Durability::kProcess and kPower, from the first change on
  uint64_t epoch = 0;              // the live one
  Checkpoint committed;            // the last one that is known to be on the disk
  std::shared_ptr<EndingCheckpoint> ending_checkpoint;
  std::future<Result<void>> ending;    // of that one, in the background; it has `file` until then
  std::optional<Error> unnamed_delta;  // of a checkpoint in the background, until somebody is told
  bool restored = false;               // opening put rows back
  std::vector<int64_t> prepared_ids;   // of a batch to come
  Coalescer prepared_rows;
  std::future<Result<void>> preparing;  // has `log` until then, and these two

  bool changed = false;       // the slot on disk says "not clean"; rows may differ from the last checkpoint
  bool rows_changed = false;  // rows differ from the last checkpoint, or may
  bool owns_blocks = false;   // no store needs a new one
  bool closed = false;
  bool poisoned = false;  // a sync or a slot write failed
  int max_threads = 1;    // the most that a step has asked for; close() asks for no more

  // Memory that is kept from step to step.
  Gradient gradient;
  FiniteCheck finite;
  std::vector<float> scratch;
  Coalescer last_writers;  // of write_rows()

  size_t dim() const { return static_cast<size_t>(table->format.dim); }

  // kPoisoned when nothing can be done with the trainer any more.
  Result<void> check_usable() const;

  Result<void> write_rows(Ids ids, RowsIn values);
  // To be called before any of these rows changes: marks the table unclean on the disk if it is not yet, and keeps what
  // the way back needs. After an error nothing may change.
  Result<void> before_change(const Coalescer& rows, int threads);
  // Does so ahead, beside what follows, for the rows that these ids name.
  Result<void> prepare(Ids ids);
  // Waits for it. An error is that of whoever needs the rows next, who tries again.
  void end_prepare();

  Result<void> checkpoint(std::string_view tag, const CheckpointOptions& options);
  // The two halves of a checkpoint: the live epoch ends, and what changes from here on belongs to the next; and the one
  // that has ended goes to the disk.
  EndingCheckpoint end_epoch(std::string_view tag, uint64_t content);
  Result<void> end_now(EndingCheckpoint& checkpoint, bool closing);
  // Waits for the checkpoint in the background, if there is one; its error, but for that of its delta.
  Result<void> end_checkpoint();
  // Which is reported once, by what can do so without leaving steps undone.
  Result<void> report_unnamed_delta();
  Result<void> rollback();
  Result<void> close(std::string_view tag);
  // The number of what the table is now: that of the last checkpoint where nothing can have changed since.
  uint64_t present_content() const;

 private:
  // Makes the journals, and marks the table unclean on the disk, before the first store to any row.
  //
  // This could be done at open. It is put off until something is about to change, so that a trainer that
  // changes nothing leaves nothing: the file stays byte for byte what it was, and nobody need recover it.
  Result<void> begin_changes();
  Result<void> begin();
  Result<void> keep(const Coalescer& rows, int threads);

  // After an error the trainer is poisoned. Touches `file` and nothing that a step touches.
  Result<void> commit(EndingCheckpoint& checkpoint, bool closing, int threads);
  Result<void> write_tag(std::string_view tag, uint64_t content);
  // A delta from the last checkpoint to what the table is now, but for its name.
  Result<io::AtomicFile> write_delta(std::string_view tag, uint64_t content,
                                     const CheckpointOptions& options);
  // Takes note of how it went.
  void settle(EndingCheckpoint& checkpoint, bool done) noexcept;
};

// Opens a table for training: Trainer::open().
Result<std::unique_ptr<TrainerState>> open_trainer(io::FileSystem& system, const std::string& path,
                                                   const Optimizer& optimizer, const TrainOptions& options);

}  // namespace windrow
