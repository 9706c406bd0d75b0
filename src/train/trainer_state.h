#pragma once

#include <windrow/trainer.h>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "table/table_data.h"
#include "table/table_file.h"
#include "train/finite.h"
#include "train/gradient.h"
#include "train/mutable_rows.h"

namespace windrow {

struct TrainerState {
  std::string path;  // for messages
  TableFile file;    // holds the lock; never mapped (see locked_table.h)
  Optimizer optimizer;
  TrainOptions options;
  std::shared_ptr<const TableData> table;
  io::Mapping mapping;  // the same that `table` holds, writable
  MutableRows weights;
  std::vector<MutableRows> states;  // one for each of state_tensors(optimizer)
  int64_t step_count = 0;

  bool changed = false;  // the slot on disk says "not clean"; rows may differ from the last close
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
  Result<void> close(std::string_view tag);

  // Marks the table unclean on disk, before the first store to any row.
  //
  // This could be done at open. It is put off until something is about to change, so that a trainer that
  // changes nothing leaves nothing: the file stays byte for byte what it was, and nobody need recover it.
  Result<void> begin_changes();

 private:
  // Computes the checksums of the blocks that changed, into the mapping.
  Result<void> refresh_checksums();
  Result<void> write_closing_slot(std::string_view tag);
};

// Opens a table for training: Trainer::open().
Result<std::unique_ptr<TrainerState>> open_trainer(const std::string& path, const Optimizer& optimizer,
                                                   const TrainOptions& options);

}  // namespace windrow
