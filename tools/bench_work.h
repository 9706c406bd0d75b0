#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/table.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench_ids.h"
#include "table_options.h"

namespace windrow::tools {

struct WorkSpec {
  TableOptions table;        // without a path for rows in memory
  std::string op = "pool";   // "pool", "gather" or "step"
  std::string mode = "sum";  // of "pool": "sum", "mean", "max" or "weighted"
  size_t batch = 4096;       // bags in a batch
  size_t pooling = 32;       // ids in a bag
  int threads = 0;
  IdDistribution ids;
  Optimizer optimizer;
};

// What a benchmark repeats: one public call, validation included, on ids drawn in advance. Results go to the
// same memory every time.
class Work {
 public:
  virtual ~Work() = default;

  // The next batch, with ids that were not used for the last kMinIds ids.
  virtual Result<void> run_batch() = 0;

  virtual const Table& table() const = 0;
  size_t ids_per_batch() const { return ids_per_batch_; }
  size_t batches() const { return batches_; }  // until ids repeat

 protected:
  Work(const WorkSpec& spec, int64_t rows);
  // The ids of the next batch.
  std::span<const int64_t> next_ids();

  size_t ids_per_batch_;
  size_t batches_;

 private:
  std::vector<int64_t> ids_;
  size_t next_ = 0;
};

// The table of spec.table, which has rows. Where a residency is asked for its files are dropped from the page
// cache first, so that what was there before does not decide.
Result<Table> open_for_bench(const WorkSpec& spec);

// Work on a table; for "step", on a copy of it, made beside spec.table.path and already without a name.
Result<std::unique_ptr<Work>> work_on(const WorkSpec& spec, const Table& table);

}  // namespace windrow::tools
