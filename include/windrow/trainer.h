#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/lookup.h>
#include <windrow/optimizer.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace windrow {

struct StepOptions {
  int threads = 0;                         // as LookupOptions
  std::optional<int64_t> padding_id = {};  // contributes nothing
};

// What a step did.
struct StepReport {
  int64_t ids = 0;           // ids in the request
  int64_t used_ids = 0;      // of these, not padding
  int64_t rows_touched = 0;  // distinct rows that took a step
  int64_t step_count = 0;    // steps of the table's whole life, this one included
};

// Trains a table in place: gradients go to the touched rows of the mapped file, and to nothing else.
//
// One trainer at a time: it holds a lock on the file, and a second one, in this process or another, gets
// kBusy. A Trainer is used by one thread at a time; lookups on table() may run beside it (see gather()).
//
// What a crash leaves behind. There is no journal yet: from the first step until close() returns the table is
// unclean, and a trainer that dies in between leaves rows that are a mix of before and after. The next open
// says so (kUnclean); `windrow recover --accept-mixed`, or recover(), is the way on.
class WINDROW_API Trainer {
 public:
  // Opens an existing Windrow table for training. The state of `optimizer` must have been reserved when the
  // table was created; opening never rewrites a file.
  //
  // Errors: kNoState          the table holds no state for this optimiser
  //         kInvalidArgument  the table holds another optimiser's state, or a hyper-parameter makes no sense
  //         kBusy             another trainer holds the table
  //         kUnclean          a trainer died with it
  //         kUnsupported      not a Windrow file: convert it first
  //         and those of Table::open
  // The file is not changed by a failed open.
  [[nodiscard]] static Result<Trainer> open(const std::string& path, const Optimizer& optimizer);

  // Abandons the table without close(): what it holds stays, marked unclean.
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  // One step from one gradient row per id.
  //
  // Gradients of equal ids are added up first, in the order of their positions (the first is copied), then
  // every touched row takes exactly one step of the optimiser. Rows that do not occur are neither read nor
  // written. The result has the same bits on every CPU and for every number of threads.
  //
  // Shapes:     grads has ids.count rows of at least dim values. At most 2^32 - 1 ids.
  // Errors:     kInvalidArgument, kOutOfRange, kNoMemory as gather(); kPoisoned after close(), or after a
  //             failed write to disk; kIo, kNoSpace when the table cannot be marked unclean (first step only)
  // On failure: the table is unchanged.
  [[nodiscard]] Result<StepReport> step(Ids ids, RowsIn grads, const StepOptions& options = {});

  // One step from one gradient row per bag, the gradient of pool()'s output. Per used position i of bag b,
  // with n ids used in b and r = 1 / n (one division):
  //
  //   kSum   v = g            with weights  v = g * weights[i]
  //   kMean  v = g * r        with weights  v = g * (weights[i] * r)
  //   kMax   column c of v is column c of g at the first position that holds the maximum of column c, else +0;
  //          positions that hold no maximum contribute nothing. The table's present rows decide.
  //
  // then as above, without ever storing a gradient row per id.
  //
  // Shapes:     grads has one row per bag. Errors and on failure: as step(ids, grads), and as pool().
  [[nodiscard]] Result<StepReport> step(const Bags& bags, Pooling pooling, RowsIn grads,
                                        const StepOptions& options = {});

  // Overwrites rows: row ids[i] = values row i. Of equal ids the last position wins. State is left alone.
  // Errors and shapes as step(ids, grads).
  [[nodiscard]] Result<void> write_rows(Ids ids, RowsIn values);

  // The table being trained; it stays valid after the trainer is gone.
  Table table() const;

  // Steps of the table's whole life.
  int64_t step_count() const;

  // The learning rate of the steps to come. Errors: kInvalidArgument when it is below 0 or not finite.
  [[nodiscard]] Result<void> set_learning_rate(double lr);

  // Writes everything to disk, refreshes the checksums of the blocks that changed, marks the table clean and
  // gives up the lock. `tag` (at most 256 bytes) is kept in the file. After close() the trainer only fails.
  //
  // Errors: kIo, kNoSpace     a sync or a write failed: the table stays unclean
  //         kInvalidArgument  the tag is too long: nothing was done
  //         kPoisoned         closed before, or an earlier write to disk failed
  [[nodiscard]] Result<void> close(std::string_view tag = {});

 private:
  struct State;
  explicit Trainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace windrow
