#pragma once

#include <windrow/error.h>
#include <windrow/trainer.h>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "table/row_counters.h"
#include "table/row_images.h"
#include "train/coalesce.h"
#include "train/first_touches.h"
#include "train/journal.h"

namespace windrow {

// What a trainer keeps to be able to go back: the rows of the table as they were when the epochs that are not committed
// yet began. At most two epochs are: the live one, and the one before it while its checkpoint ends; each has a journal
// of its own, by its number.
class RollbackLog {
 public:
  RollbackLog() = default;

  // Makes both journals beside the table; on return they and their names are on the disk. `life` is what they have in
  // common. The live epoch is `epoch`.
  static Result<RollbackLog> create(io::FileSystem& system, const std::string& table_path,
                                    const JournalHeader& life, const JournalSizes& sizes, bool synced,
                                    int64_t table_rows, uint64_t epoch);

  // Keeps those of these rows that have not changed in the live epoch yet, as they are now. Only when it returns may
  // any of them change. `file` is where the table is mapped.
  // Errors: kJournalFull, kIo: nothing may change. May throw bad_alloc, with the same effect.
  Result<void> keep(const Coalescer& rows, const RowImages& images, const uint8_t* file, int threads);
  // The same of rows of which none has changed in the live epoch, each once.
  Result<void> keep_new(std::span<const int64_t> rows, const RowImages& images, const uint8_t* file,
                        int threads);

  // Whether they are all kept: then nothing need be done. Also while another thread is in keep().
  bool has_kept(const Coalescer& rows) const;

  // The live epoch becomes the one before it, and a new one begins.
  void begin_next();

  // Puts the rows of the live epoch back to what they were when it began. It goes on, with the rows that it has.
  Result<void> undo(const RowImages& images, uint8_t* file, const RowCounters* counters) const;

  uint64_t epoch() const { return epoch_; }
  std::span<const int64_t> changed_rows(uint64_t epoch) const { return touches_[epoch % 2].rows(); }
  uint64_t chunks(uint64_t epoch) const { return journals_[epoch % 2].chunks().size(); }
  // Whether a sync has failed.
  bool is_broken() const { return journals_[0].is_broken() || journals_[1].is_broken(); }

 private:
  std::array<Journal, 2> journals_;
  std::array<FirstTouches, 2> touches_;
  uint64_t epoch_ = 0;
  bool synced_ = false;
  std::vector<int64_t> new_rows_;  // kept from one call to the next
};

}  // namespace windrow
