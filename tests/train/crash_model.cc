#include "train/crash_model.h"

#include <windrow/table_writer.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/checksum.h"
#include "support/temporary_folder.h"
#include "table/checksum_map.h"
#include "train/trainer_state.h"

using namespace windrow;

namespace {

constexpr int64_t kRows = 37, kDim = 5;
constexpr const char* kPath = "folder/t.safetensors";
constexpr int kMostLives = 5;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

std::vector<uint8_t> make_table() {
  const TemporaryFolder folder;
  TableWriterSpec spec;
  spec.format = RowFormat::f32(kDim);
  spec.optimizer = kOptimizer;
  std::vector<float> values(kRows * kDim);
  std::iota(values.begin(), values.end(), 1.0f);
  auto writer = TableWriter::create(folder / "t", spec);
  if (!writer || !writer->append(RowsIn(values, kDim)) || !writer->finish()) return {};
  std::ifstream file(folder / "t", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return {bytes.begin(), bytes.end()};
}

// Rows and state as they stand in the mapped file.
struct State {
  std::vector<uint8_t> bytes;
  int64_t step_count = 0;

  bool operator==(const State&) const = default;
};

class Run {
 public:
  explicit Run(const CrashModel& model) : model_(model), random_(model.seed), files_(random_(), model.disobedience) {}

  CrashOutcome run() {
    static const std::vector<uint8_t> table = make_table();
    files_.put(kPath, table);
    while (outcome_.lives < kMostLives && outcome_.violation.empty() && !outcome_.unclean) {
      ++outcome_.lives;
      live();
    }
    return outcome_;
  }

 private:
  uint64_t below(uint64_t n) { return random_() % n; }

  void violate(const std::string& what) {
    if (!outcome_.violation.empty()) return;
    outcome_.violation = concat("seed ", model_.seed, ", life ", outcome_.lives, ": ", what);
  }

  void live() {
    end_ = model_.power_cuts && below(4) != 0 ? End::kPower : End::kProcess;
    files_.end_at(1 + below(below(2) ? 12 : 60), end_);
    auto state = open_trainer(files_, kPath, kOptimizer, options());
    if (!state) {
      if (!files_.has_ended()) return refused(state.error());
      files_.start_again();
      return;
    }
    Trainer trainer(std::move(*state));
    trainer.internals().journal_sizes = {8192, 4096 * (1 + below(3)), below(8) ? uint64_t{1} << 40 : 40960};
    outcome_.put_back += trainer.was_restored();
    if (!check_opened(trainer)) return;
    bool closed = false;
    while (!files_.has_ended() && outcome_.violation.empty() && !closed) closed = act(trainer);
    if (closed) {
      // The name of the file is all that is left to the next life; what was closed outlives everything.
      files_.end_at(1, End::kPower);
      (void)files_.sync_folder_of(kPath);
    }
    if (files_.has_ended()) files_.start_again();
  }

  TrainOptions options() const {
    TrainOptions options;
    options.durability = model_.durability;
    return options;
  }

  // A table may be refused only where that was promised: the process's journal, and the system went down.
  void refused(const Error& error) {
    outcome_.unclean = true;
    const bool promised = error.code == ErrorCode::kUnclean && model_.durability == Durability::kProcess;
    if (!promised || !model_.power_cuts) violate("opening: " + error.message);
  }

  State state_of(Trainer& trainer) const {
    TrainerState& inner = trainer.internals();
    State state;
    state.step_count = inner.step_count;
    state.bytes.resize(static_cast<size_t>(kRows) * inner.images.bytes());
    for (int64_t r = 0; r < kRows; ++r)
      inner.images.read(inner.mapping.data, r, state.bytes.data() + static_cast<size_t>(r) * inner.images.bytes());
    return state;
  }

  // The first opening shows what the table is; each one after it must show one of the two that can be.
  bool check_opened(Trainer& trainer) {
    const State now = state_of(trainer);
    const std::string tag = trainer.last_checkpoint().tag;
    if (!committed_) {
      committed_ = {tag, now};
    } else if (attempted_ && attempted_->first == tag && attempted_->second == now) {
      committed_ = attempted_;
    } else if (committed_->first != tag || committed_->second != now) {
      violate(concat("the table is not that of a checkpoint (tag ", tag, ", committed ", committed_->first,
                     ", step count ", now.step_count, ")"));
      return false;
    }
    attempted_.reset();
    check_checksums(trainer);
    return outcome_.violation.empty();
  }

  // What opening leaves is a clean table: its checksums hold.
  void check_checksums(Trainer& trainer) {
    TrainerState& inner = trainer.internals();
    const auto tensors = checksummed_tensors(inner.file);
    if (!tensors) return violate(tensors.error().message);
    const uint8_t* const file = inner.mapping.data;
    for (const auto& of : *tensors) {
      for (uint64_t block = 0; block < block_count(of.bytes()); ++block) {
        const uint64_t begin = block * kChecksumBlockBytes, bytes = std::min(kChecksumBlockBytes, of.bytes() - begin);
        const uint64_t entry = load<uint64_t>(file + of.entries_begin + 8 * block);
        if (entry != block_checksum({file + of.tensor->begin + begin, bytes}))
          violate(concat("a checksum of ", of.tensor->name, " does not hold"));
      }
    }
  }

  // True: the table was closed.
  bool act(Trainer& trainer) {
    const uint64_t choice = below(100);
    if (choice < 5) return prepare(trainer), false;
    if (choice < 60) return step(trainer), false;
    if (choice < 70) return write_rows(trainer), false;
    if (choice < 85) return checkpoint(trainer), false;
    if (choice < 88) return checkpoint_apart(trainer), false;
    if (choice < 96) return rollback(trainer), false;
    return close(trainer);
  }

  std::vector<int64_t> some_ids() {
    std::vector<int64_t> ids(1 + below(below(3) ? 4 : kRows));
    for (int64_t& id : ids) id = static_cast<int64_t>(below(kRows));
    return ids;
  }

  std::vector<float> some_values(size_t rows) {
    std::vector<float> values(rows * kDim);
    for (float& value : values) value = static_cast<float>(below(1000)) / 64 - 7;
    return values;
  }

  // What fails although the machine goes on must have changed nothing, and be a full journal.
  void check_failed(Trainer& trainer, const State& before, const Error& error) {
    if (files_.has_ended()) return;
    if (error.code != ErrorCode::kJournalFull) violate("a step fails: " + error.message);
    if (state_of(trainer) != before) violate("a step that failed has changed the table");
  }

  void step(Trainer& trainer) {
    const State before = state_of(trainer);
    const auto ids = some_ids();
    const auto grads = some_values(ids.size());
    StepOptions options;
    options.threads = 1;
    const auto report = trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim), options);
    if (!report) check_failed(trainer, before, report.error());
  }

  // The machine is not for several threads.
  void prepare(Trainer& trainer) {
    const auto ids = some_ids();
    const State before = state_of(trainer);
    if (const auto prepared = trainer.prepare(std::span<const int64_t>(ids)); !prepared && !files_.has_ended())
      violate("preparing fails: " + prepared.error().message);
    trainer.internals().end_prepare();
    if (state_of(trainer) != before) violate("preparing has changed the table");
  }

  void write_rows(Trainer& trainer) {
    const State before = state_of(trainer);
    const auto ids = some_ids();
    const auto values = some_values(ids.size());
    const auto written = trainer.write_rows(std::span<const int64_t>(ids), RowsIn(values, kDim));
    if (!written) check_failed(trainer, before, written.error());
  }

  void settle(const Result<void>& result, const char* what) {
    if (result) {
      committed_ = std::move(attempted_);
      attempted_.reset();
    } else if (!files_.has_ended()) {
      violate(std::string(what) + " fails: " + result.error().message);
    }
  }

  std::string next_tag() { return "tag " + std::to_string(++tags_); }

  void checkpoint(Trainer& trainer) {
    const std::string tag = next_tag();
    attempted_ = {tag, state_of(trainer)};
    settle(trainer.checkpoint(tag), "a checkpoint");
  }

  // As in the background: steps between its beginning and its end.
  void checkpoint_apart(Trainer& trainer) {
    TrainerState& inner = trainer.internals();
    if (!inner.changed) return;
    const std::string tag = next_tag();
    attempted_ = {tag, state_of(trainer)};
    EndingCheckpoint ending = inner.end_epoch(tag, inner.present_content());
    for (uint64_t n = below(3); n > 0 && !files_.has_ended(); --n) step(trainer);
    if (!files_.has_ended()) settle(inner.end_now(ending, false), "the end of a checkpoint");
  }

  void rollback(Trainer& trainer) {
    const auto undone = trainer.rollback();
    if (!undone) {
      if (!files_.has_ended()) violate("rollback fails: " + undone.error().message);
      return;
    }
    if (state_of(trainer) != committed_->second) violate("rollback does not lead to the last checkpoint");
  }

  bool close(Trainer& trainer) {
    const std::string tag = next_tag();
    attempted_ = {tag, state_of(trainer)};
    settle(trainer.close(tag), "closing");
    return !files_.has_ended();
  }

  CrashModel model_;
  std::mt19937_64 random_;
  SimulatedFiles files_;
  CrashOutcome outcome_;
  End end_ = End::kPower;
  uint64_t tags_ = 0;
  std::optional<std::pair<std::string, State>> committed_, attempted_;  // a checkpoint that returned; one under way
};

}  // namespace

CrashOutcome run_crash_model(const CrashModel& model) { return Run(model).run(); }
