#pragma once

#include <windrow/checkpoint.h>
#include <windrow/delta.h>
#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/lookup.h>
#include <windrow/optimizer.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow {

// How rows of 16 bits are stored after a step, which is computed in float. Rows of f32 need no rounding.
enum class Rounding : uint8_t {
  kNearest,  // to nearest, ties to even: exact replays, but a step smaller than half a unit in the last place is lost
  // Up or down at random, in the mean exact: away from zero with a probability of what lies between the value and
  // the stored number below it, in units of what lies between the two stored numbers around it. The random bits
  // are Philox4x32-10 of (seed, step, row, column), 16 a value for bf16 and 13 for f16, so they do not depend on
  // the number of threads (FORMAT.md, "Stochastic rounding").
  kStochastic,
};

// What a trainer that ends without close() leaves behind.
enum class Durability : uint8_t {
  // A table that is unclean: rows are a mix of before and after. Nothing is kept to go back.
  kNone,
  // The last checkpoint, also after kill -9, abort and out-of-memory kills: before a row changes for the first time
  // after a checkpoint, it goes into a journal beside the table, from which the next open puts it back. After a loss of
  // power or a crash of the system the table is unclean, as above, and says so.
  kProcess,
  // The last checkpoint, also after a loss of power: the journal is synced to the disk in each step, before any row
  // changes.
  kPower,
};

struct TrainOptions {
  Durability durability = Durability::kNone;
  // Of kProcess and kPower: the most that each of the two journals may take on the disk. An epoch, which is what lies
  // between two checkpoints, needs at most the bytes of the rows that it touches with their state, and 8 for each, and
  // up to 4 KiB more a step.
  uint64_t journal_limit_bytes = uint64_t{1} << 62;
  // Keep counters beside the table (NAME-seq, 260 KiB), by which readers see rows whole while they change: those of
  // table(), and those of other processes that open with OpenOptions::whole_rows. They stay when the trainer goes, and
  // where they are, every trainer keeps them. Costs two atomic additions a row and step. kUnsupported for rows of more
  // than 32,768 bytes or 16,384 values.
  bool whole_rows = false;
  Rounding rounding = Rounding::kNearest;
  uint64_t seed = 0;  // kStochastic
  // How the file's pages are held. kAuto and kLazy: 4 KiB pages, touched when they are needed; kWarm: the same,
  // read at open. kHuge: 2 MiB pages where the system gives them, read at open: faster steps, but each store marks
  // 2 MiB to be written, which only pays where steps touch most of the table between two writes to disk.
  Residency residency = Residency::kAuto;
};

// What is done to the merged gradient g of a row before the optimiser sees it.
struct Clip {
  enum class Kind : uint8_t {
    kNone,
    kValue,  // g = min(max(g, -limit), limit), per value; NaN stays
    kRowNorm,  // g = g * (limit / norm) where norm > limit; norm = sqrt of the sum of g * g, in the eight partial
               // sums of RowwiseAdagrad; a norm beyond the largest float makes g zero
  };
  Kind kind = Kind::kNone;
  double limit = 0;  // above 0 and finite

  static Clip value(double limit) { return {Kind::kValue, limit}; }
  static Clip row_norm(double limit) { return {Kind::kRowNorm, limit}; }
};

// Gradients that are NaN or infinite, or whose sum is.
enum class NonFinite : uint8_t {
  kRefuse,  // the step is an error that names the id, and nothing has changed
  kAllow,   // they go into the rows
};

struct StepOptions {
  int threads = 0;  // as LookupOptions
  std::optional<int64_t> padding_id =
      {};                           // contributes nothing; compared before ids are checked, so -1 works
  BadIds bad_ids = BadIds::kError;  // kSkip: a bad id contributes nothing and is counted
  // Divides the merged gradient of a row by the number of positions that contributed to it, as torch's
  // scale_grad_by_freq means to. Before clipping.
  bool scale_by_frequency = false;
  Clip clip = {};
  NonFinite non_finite = NonFinite::kRefuse;
};

// What a step did.
struct StepReport {
  int64_t ids = 0;           // ids in the request
  int64_t used_ids = 0;      // of these, neither padding nor skipped
  int64_t skipped_ids = 0;   // bad ids (BadIds::kSkip)
  int64_t unique_ids = 0;    // distinct used ids
  int64_t rows_touched = 0;  // rows that took a step: all of these, but for kMax only those that won a column
  int64_t step_count = 0;    // steps of the optimiser on this table, this one included
};

struct CheckpointOptions {
  // Return at once, and bring the checkpoint to the disk beside the steps that follow: end_checkpoint() waits for it.
  bool in_background = false;
  // Where to write a delta from the checkpoint before, or from what was opened, to this one (see delta.h): the rows
  // that may have changed. Empty: none. Its rows are copied before the call returns, in the background too. It gets its
  // name when the checkpoint is made: a delta that is there leads to a checkpoint that outlives what this trainer's
  // durability outlives. After a crash between the two it is missing, and write_delta() makes one from two tables.
  std::string delta_path = {};
  DeltaOptions delta = {};
};

struct TrainerState;

// Trains a table in place: gradients go to the touched rows of the mapped file, and to nothing else.
//
// One trainer at a time: it holds a lock on the file, and a second one, in this process or another, gets
// kBusy. A Trainer is used by one thread at a time; lookups on table() may run beside it (see gather()).
//
// What a crash leaves behind is the last checkpoint, as far as TrainOptions::durability goes; the open after it
// restores it by itself. Where it cannot, the next open says so (kUnclean), and `windrow recover --accept-mixed`, or
// recover(), is the way on. The dense weights of the model are the caller's: save them under a tag, keep those of the
// tag before, then checkpoint(tag); after a crash load those that last_checkpoint().tag names.
class WINDROW_API Trainer {
 public:
  // Opens an existing Windrow table for training. The table must hold the state of `optimizer`, reserved when it was
  // created or added by add_state(); opening never rewrites a file.
  //
  // Rows may be f32, f16 or bf16.
  //
  // Errors: kNoState          the table holds no state for this optimiser: add_state() adds it
  //         kInvalidArgument  the table holds another optimiser's state, or a hyper-parameter makes no sense
  //         kBusy             another trainer holds the table
  //         kUnclean, kJournalMissing, kJournalMismatch, kJournalCorrupt
  //                           a trainer died with it, and its rows cannot be put back: see recover()
  //         kUnsupported      not a Windrow file: convert it first; rows of a format that cannot be trained
  //         and those of Table::open
  // The file is not changed by a failed open, but for rows of a trainer that died, of which some may have been put
  // back.
  [[nodiscard]] static Result<Trainer> open(const std::string& path, const Optimizer& optimizer,
                                            const TrainOptions& options = {});

  // Abandons the table without close(), as a crash would: the next open goes back to the last checkpoint. Waits for a
  // checkpoint in the background.
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  // One step from one gradient row per id.
  //
  // Gradients of equal ids are added up first, in the order of their positions (the first is copied), then
  // every touched row takes exactly one step of the optimiser. Rows that do not occur are neither read nor
  // written. The result has the same bits on every CPU and for every number of threads.
  //
  // Rows of 16 bits are decoded, take the step as floats, and are stored again as TrainOptions::rounding says.
  //
  // Shapes:     grads has ids.count rows of at least dim values, f32, f16 or bf16 (widened exactly). At most
  //             2^32 - 1 ids.
  // Errors:     kInvalidArgument, kOutOfRange, kNoMemory as gather(); kInvalidArgument also for a gradient that is
  //             NaN or infinite, or adds up to such (see NonFinite; the message names id and position); kPoisoned
  //             after close(), or after a failed write to disk; kIo, kNoSpace when the table cannot be marked
  //             unclean (first step), the journal not be written, or a checkpoint in the background has failed;
  //             kBusy when the file has lost its name (first step; not at Durability::kNone); kJournalFull when the
  //             journal can take no more rows, within its limit or on the disk: a checkpoint empties it
  // On failure: the table is unchanged, byte for byte, and the step is not counted.
  // Lookups beside a step, by other threads or processes, see some rows as they were, some as they will be, and
  // now and then a row of which some values are old and some new.
  [[nodiscard]] Result<StepReport> step(Ids ids, RowsIn grads, const StepOptions& options = {});

  // One step from one gradient row per bag, the gradient of pool()'s output. Per used position i of bag b,
  // with n ids used in b and r = 1 / n (one division):
  //
  //   kSum   v = g            with weights  v = g * weights[i]
  //   kMean  v = g * r        with weights  v = g * (weights[i] * r)
  //   kMax   column c of v is column c of g at the first position that holds the maximum of column c, else +0;
  //          positions that hold no maximum contribute nothing. The table's present rows decide.
  //
  // then as above, without ever storing a gradient row per id. (The gradient of the weights themselves is
  // weight_gradients().)
  //
  // Shapes:     grads has one row per bag. Errors and on failure: as step(ids, grads), and as pool().
  [[nodiscard]] Result<StepReport> step(const Bags& bags, Pooling pooling, RowsIn grads,
                                        const StepOptions& options = {});

  // Keeps ahead, beside what the caller does next, the rows that a step with these ids is going to change, which that
  // step else waits for before it begins. To be called as soon as the ids of a batch are known, before the step of the
  // batch before it. It changes no row, but marks the table unclean as a step does. Ids that are no rows are left out,
  // and the ids need not stay where they are. Nothing is done at Durability::kNone.
  //
  // Errors: kIo, kNoSpace, kBusy, kNoMemory, kInvalidArgument (too many ids), kPoisoned as step(). What fails beside
  // the caller, the step that needs it tries again.
  [[nodiscard]] Result<void> prepare(Ids ids);

  // Overwrites rows: row ids[i] = values row i, f32, f16 or bf16, stored in the table's format, to nearest. Of equal
  // ids the last position wins. State is left alone. NaN and infinity are stored as they are.
  // Errors and shapes as step(ids, grads).
  [[nodiscard]] Result<void> write_rows(Ids ids, RowsIn values);

  // The table being trained; it stays valid after the trainer is gone.
  Table table() const;

  // Steps of the optimiser on this table, from the creation of its state on.
  int64_t step_count() const;

  // The learning rate of the steps to come. Errors: kInvalidArgument when the optimiser cannot have it: below 0, not
  // finite, 0 for Ftrl.
  [[nodiscard]] Result<void> set_learning_rate(double lr);

  // Makes what the table is now the state to which a crash or rollback() returns, under a name of the caller's (at most
  // 256 bytes). Refreshes the checksums of blocks that changed, at kPower and kNone syncs the table, and commits with
  // one write. Waits for a checkpoint in the background, if there is one. Windrow never makes a checkpoint by itself.
  //
  // Errors: kIo, kNoSpace     a sync or a write failed: the trainer is poisoned, and the next open finds this
  //                           checkpoint or the one before
  //         kInvalidArgument  the tag is too long: nothing was done
  //         kPoisoned         closed before, or an earlier write to disk failed, also in the background
  //         and with a delta_path:
  //         kUnsupported      Durability::kNone, which does not know what has changed; a table whose present content
  //                           has no number yet; tokens of a table whose tokens share rows: nothing was done
  //         kIo, kNoSpace, kBusy  as write_delta(): nothing was done; or, where the message says so, the checkpoint was
  //                           made and its delta was not. Of one in the background end_checkpoint() says so, or the next
  //                           checkpoint(), which then has done nothing, or close(), which has closed the table.
  [[nodiscard]] Result<void> checkpoint(std::string_view tag = {}, const CheckpointOptions& options = {});

  // Waits for the checkpoint in the background, if there is one, and returns its error, or that of its delta. A step, a
  // checkpoint and close() find out by themselves that one has failed.
  [[nodiscard]] Result<void> end_checkpoint();

  // Puts rows, state and step count back to the last checkpoint, or to what was opened. The learning rate stays.
  // Errors: kUnsupported  Durability::kNone keeps nothing to go back
  //         kIo, kJournalCorrupt  the journal cannot be read: the trainer is poisoned, and the next open tries again
  //         kPoisoned     as checkpoint()
  [[nodiscard]] Result<void> rollback();

  // The last checkpoint that is on the disk, or what was opened. One in the background counts from end_checkpoint() on,
  // or from the first later call that has found it done.
  Checkpoint last_checkpoint() const;

  // Whether opening put back what a trainer that died had changed.
  bool was_restored() const;

  // Writes everything to disk, refreshes the checksums of the blocks that changed, marks the table clean and
  // gives up the lock. `tag` (at most 256 bytes) is kept in the file. After close() the trainer only fails.
  //
  // At every durability it is a checkpoint that outlives a loss of power. The journals are removed.
  //
  // Errors: kIo, kNoSpace     a sync or a write failed: the table stays unclean
  //         kInvalidArgument  the tag is too long: nothing was done
  //         kPoisoned         closed before, or an earlier write to disk failed
  //         kIo, kNoSpace, kBusy  where the message says that a delta was not made: the table is closed nevertheless
  [[nodiscard]] Result<void> close(std::string_view tag = {});

  // For the library's own use.
  explicit Trainer(std::unique_ptr<TrainerState> state);
  TrainerState& internals() { return *state_; }

 private:
  std::unique_ptr<TrainerState> state_;
};

// A step of one table, of several that are done together.
struct StepRequest {
  Trainer* trainer = nullptr;
  // With `pooling`, the gradient of pool(): a row of `grads` per bag. Without, that of gather(): a row per id, and
  // `bags` has nothing but ids.
  Bags bags;
  std::optional<Pooling> pooling = {};
  RowsIn grads;
  std::optional<int64_t> padding_id = {};  // instead of StepOptions::padding_id
};

// One step of each of many tables, of whatever dims, formats and optimisers, whose threads share the work of all
// by the bytes to be moved. The result is that of step() for each in turn, to the bit.
//
// Errors:     as step(); the message gives the number of the request. kInvalidArgument also when two requests have one
//             trainer.
// On failure: no row of any table has changed. (Where the disk fails, kIo, some tables may be marked unclean.)
[[nodiscard]] WINDROW_API Result<std::vector<StepReport>> step_many(std::span<const StepRequest> requests,
                                                                    const StepOptions& options = {});

}  // namespace windrow
