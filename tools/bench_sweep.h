#pragma once

#include <windrow/error.h>
#include <optional>
#include <string>
#include <vector>

#include "bench_measure.h"
#include "row_format_choice.h"
#include "svg_chart.h"

namespace windrow::tools {

// Tables that a benchmark makes for itself, in anonymous memory with 2 MiB pages.
struct MadeTables {
  RowFormatChoice row_format;
  int64_t dim = 64;
  int64_t rows = 0;  // 0: as many as fit into 1 GiB, or into a quarter of the free memory
};

// The bytes that such a table of the largest size has.
size_t made_table_bytes(const MadeTables& made);
// How many rows it has.
int64_t made_table_rows(const MadeTables& made);

// One quantity that varies while all others stay.
enum class SweepOver { kTable, kDim, kThreads, kBatch };
std::optional<SweepOver> sweep_named(const std::string& name);

struct SweepPoint {
  double x = 0;  // bytes of the table, columns, threads, or bags in a batch
  Measurement measured;
};

// Measures every point, on `table`, or where there is none on tables of its own. kTable and kDim need their own.
//   kTable    64 KiB, doubled until the largest size
//   kDim      8 to 1024 columns, in tables of the largest size (so fewer rows where they are wider)
//   kThreads  1 to as many as `work.threads` asks for: each number up to 8, then powers of two
//   kBatch    1 to 65,536 bags, four times as many each time
Result<std::vector<SweepPoint>> sweep(SweepOver over, const WorkSpec& work, const Table* table,
                                      const MadeTables& made, size_t repeats);

// A value of x as it is shown: "64.0 KiB", "128".
std::string sweep_x_text(SweepOver over, double x);
std::string sweep_axis(SweepOver over);

// Time per id, and the limit of the same memory as a dashed line.
Chart sweep_chart(SweepOver over, const std::vector<SweepPoint>& points, const std::string& subtitle);

}  // namespace windrow::tools
