#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/table.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench_ids.h"

namespace windrow::tools {

struct WorkSpec {
  std::string path;
  std::string op;  // "pool", "gather" or "step"
  size_t batch = 0;
  size_t pooling = 0;
  int threads = 0;
  IdDistribution ids;
  Optimizer optimizer;
  bool huge_pages = false;
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

// Opens the table; for "step", a copy of it, made beside it and already without a name.
Result<std::unique_ptr<Work>> open_work(const WorkSpec& spec);

}  // namespace windrow::tools
