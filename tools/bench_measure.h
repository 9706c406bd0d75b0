#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>
#include <vector>

#include "bench_work.h"

namespace windrow::tools {

// Where a measurement was made, what came out, and the limit it is compared with.
struct Measurement {
  WorkSpec work;
  int64_t rows = 0;
  RowFormat format;
  int threads = 1;
  size_t pieces = 1;  // of the table
  ResidencyReport residency;
  double first_touch = 0;  // ns per id in the first pass over the ids, which meets pages for the first time
  std::vector<double> ns_per_id;  // one per repeat, ascending
  double sequential_gb_per_s = 0;

  double median() const { return ns_per_id[ns_per_id.size() / 2]; }
  bool has_limit() const { return sequential_gb_per_s > 0; }
  double min() const { return ns_per_id.front(); }
  // Bytes per nanosecond.
  double gb_per_s() const { return static_cast<double>(format.row_bytes()) / median(); }
  // What an id would take if its row came at the speed of reading rows from front to back.
  // 0 where that could not be measured: the table is too small.
  double limit_ns_per_id() const {
    return has_limit() ? static_cast<double>(format.row_bytes()) / sequential_gb_per_s : 0;
  }
};

// Runs batches for `repeats` times 20 ms or more, and reads the same rows in order between the repeats, so that
// both meet the same state of a shared machine. Progress is shown when `show_progress`.
Result<Measurement> measure(const WorkSpec& spec, const Table& table, size_t repeats, bool show_progress);

}  // namespace windrow::tools
