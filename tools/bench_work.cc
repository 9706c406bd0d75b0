#include "bench_work.h"

#include <windrow/lookup.h>
#include <windrow/table_writer.h>
#include <windrow/trainer.h>

#include <algorithm>
#include <filesystem>

#include "base/fail.h"
#include "formats/table_reader.h"
#include "interrupt.h"
#include "io/file.h"
#include "progress.h"

namespace windrow::tools {

namespace {

constexpr size_t kMinIds = size_t{4} << 20;

class GatherWork : public Work {
 public:
  GatherWork(const WorkSpec& spec, Table table)
      : Work(spec, table.rows()),
        table_(std::move(table)),
        dim_(static_cast<size_t>(table_.dim())),
        out_(ids_per_batch_ * dim_) {
    options_.threads = spec.threads;
  }

  const Table& table() const override { return table_; }
  Result<void> run_batch() override {
    auto done = gather(table_, next_ids(), RowsOut(out_, dim_), options_);
    if (!done) return pass(done);
    return {};
  }

 private:
  Table table_;
  size_t dim_;
  std::vector<float> out_;
  LookupOptions options_;
};

// Where equal bags begin.
std::vector<int64_t> equal_offsets(const WorkSpec& spec) {
  std::vector<int64_t> offsets(spec.batch + 1);
  for (size_t b = 0; b < offsets.size(); ++b) offsets[b] = static_cast<int64_t>(b * spec.pooling);
  return offsets;
}

Bags bags_of(std::span<const int64_t> ids, std::span<const int64_t> offsets) {
  Bags bags;
  bags.ids = ids;
  bags.offsets = offsets;
  return bags;
}

class PoolWork : public Work {
 public:
  PoolWork(const WorkSpec& spec, Table table)
      : Work(spec, table.rows()),
        table_(std::move(table)),
        dim_(static_cast<size_t>(table_.dim())),
        pooling_(spec.mode == "mean"  ? Pooling::kMean
                 : spec.mode == "max" ? Pooling::kMax
                                      : Pooling::kSum),
        offsets_(equal_offsets(spec)),
        weights_(spec.mode == "weighted" ? ids_per_batch_ : 0, 0.5f),
        out_(spec.batch * dim_) {
    options_.threads = spec.threads;
  }

  const Table& table() const override { return table_; }
  Result<void> run_batch() override {
    Bags bags = bags_of(next_ids(), offsets_);
    bags.weights = weights_;
    auto done = pool(table_, bags, pooling_, RowsOut(out_, dim_), options_);
    if (!done) return pass(done);
    return {};
  }

 private:
  Table table_;
  size_t dim_;
  Pooling pooling_;
  std::vector<int64_t> offsets_;
  std::vector<float> weights_;
  std::vector<float> out_;
  LookupOptions options_;
};

class StepWork : public Work {
 public:
  StepWork(const WorkSpec& spec, Trainer trainer)
      : Work(spec, trainer.table().rows()),
        trainer_(std::move(trainer)),
        table_(trainer_.table()),
        dim_(static_cast<size_t>(table_.dim())),
        offsets_(equal_offsets(spec)),
        gradients_(spec.batch * dim_) {
    options_.threads = spec.threads;
    SplitMix64 random(2);
    for (float& g : gradients_) g = static_cast<float>(random.unit() - 0.5) * 0.01f;
  }

  const Table& table() const override { return table_; }
  Result<void> run_batch() override {
    auto report =
        trainer_.step(bags_of(next_ids(), offsets_), Pooling::kSum, RowsIn(gradients_, dim_), options_);
    if (!report) return pass(report);
    return {};
  }

 private:
  Trainer trainer_;
  Table table_;
  size_t dim_;
  std::vector<int64_t> offsets_;
  std::vector<float> gradients_;
  StepOptions options_;
};

Result<void> copy_rows(const Table& table, TableWriter& writer, const Interrupt& interrupt) {
  Progress progress("copying the table", static_cast<uint64_t>(table.rows()), "rows");
  const auto reader = read_table(table);
  RowBlock block;
  while (true) {
    if (auto read = reader->next(block); !read) return read;
    if (block.rows == 0) return writer.finish();
    if (auto done = writer.append(RowsIn(block.values, block.dim)); !done) return done;
    progress.at(static_cast<uint64_t>(writer.rows()));
    if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted");
  }
}

// Drops a file, or the files of a checkpoint, from the page cache. What cannot be opened is found out by whoever
// reads it.
void evict(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code unreadable;
  const bool is_folder = fs::is_directory(path, unreadable);
  if (!is_folder && !path.ends_with(".json")) {
    if (const auto file = io::posix().open(path, io::Access::kRead)) (*file)->evict();
    return;
  }
  const fs::path folder = is_folder ? fs::path(path) : fs::absolute(path, unreadable).parent_path();
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    const std::string name = entry.path().string();
    if (name.ends_with(".safetensors")) evict(name);
  }
}

// A trainer on a copy that has no name any more: it disappears with the process, whatever happens.
Result<Trainer> train_a_copy(const WorkSpec& spec, const Table& table) {
  const Interrupt interrupt;
  const std::string path = concat(io::posix().resolve(spec.table.path), ".bench-", io::posix().random64());
  TableWriterSpec copy;
  copy.format = table.format();
  copy.optimizer = spec.optimizer;
  copy.rows = table.rows();
  {
    auto writer = TableWriter::create(path, copy);
    if (!writer) return pass(writer);
    if (auto copied = copy_rows(table, *writer, interrupt); !copied) return pass(copied);
  }
  auto trainer = Trainer::open(path, spec.optimizer);
  auto removed = io::posix().remove(path);
  if (!trainer) return trainer;
  if (!removed) return pass(removed);
  return trainer;
}

}  // namespace

Work::Work(const WorkSpec& spec, int64_t rows)
    : ids_per_batch_(spec.batch * spec.pooling),
      batches_(std::max<size_t>(2, (kMinIds + ids_per_batch_ - 1) / ids_per_batch_)),
      ids_(draw_ids(spec.ids, rows, batches_ * ids_per_batch_)) {}

std::span<const int64_t> Work::next_ids() {
  const std::span<const int64_t> ids(ids_.data() + next_ * ids_per_batch_, ids_per_batch_);
  next_ = (next_ + 1) % batches_;
  return ids;
}

Result<Table> open_for_bench(const WorkSpec& spec) {
  const TableSource source = spec.table.to_source();
  if (source.open.residency != Residency::kAuto) {
    evict(source.path);
    for (const std::string& path : source.more) evict(path);
  }
  auto table = open_table(source);
  if (table && table->rows() == 0)
    return fail(ErrorCode::kInvalidArgument, source.path, ": the table has no rows to measure");
  return table;
}

Result<std::unique_ptr<Work>> work_on(const WorkSpec& spec, const Table& table) {
  if (spec.op == "gather") return std::make_unique<GatherWork>(spec, table);
  if (spec.op == "pool") return std::make_unique<PoolWork>(spec, table);
  auto trainer = train_a_copy(spec, table);
  if (!trainer) return pass(trainer);
  return std::make_unique<StepWork>(spec, std::move(*trainer));
}

}  // namespace windrow::tools
