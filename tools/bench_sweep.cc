#include "bench_sweep.h"

#include <algorithm>

#include "base/fail.h"
#include "base/parallel.h"
#include "bench_memory.h"
#include "bench_report.h"
#include "io/paging.h"
#include "progress.h"
#include "units.h"

namespace windrow::tools {

namespace {

constexpr size_t kDefaultBytes = size_t{1} << 30;
constexpr size_t kSmallestTable = size_t{64} << 10;
constexpr int64_t kDims[] = {8, 16, 32, 50, 64, 100, 128, 160, 256, 300, 512, 768, 1024};

// What is different at one point.
struct Setting {
  double x;
  size_t table_bytes;
  int64_t dim;
  int threads;
  size_t batch;
};

std::vector<Setting> settings_of(SweepOver over, const WorkSpec& work, const MadeTables& made) {
  const int threads = thread_count(work.threads);
  const size_t largest = made_table_bytes(made);
  std::vector<Setting> settings;
  const auto add = [&](double x) -> Setting& {
    return settings.emplace_back(Setting{x, largest, made.dim, threads, work.batch});
  };
  switch (over) {
    case SweepOver::kTable:
      for (size_t bytes = std::min(kSmallestTable, largest); bytes < largest; bytes *= 2) {
        add(static_cast<double>(bytes)).table_bytes = bytes;
      }
      add(static_cast<double>(largest));
      break;
    case SweepOver::kDim:
      for (const int64_t dim : kDims) add(static_cast<double>(dim)).dim = dim;
      break;
    case SweepOver::kThreads:
      for (int t = 1; t < threads; t += t < 8 ? 1 : t) add(t).threads = t;
      add(threads);
      break;
    case SweepOver::kBatch:
      for (size_t batch = 1; batch <= 65'536; batch *= 4) add(static_cast<double>(batch)).batch = batch;
      break;
  }
  return settings;
}

// Rows of a table of about this size, at least one.
int64_t rows_in(size_t bytes, const RowFormat& format) {
  return static_cast<int64_t>(std::max<size_t>(1, bytes / format.stride_bytes));
}

}  // namespace

size_t made_table_bytes(const MadeTables& made) {
  if (made.rows > 0) return static_cast<size_t>(made.rows) * made.row_format.of(made.dim).stride_bytes;
  return std::min<size_t>(kDefaultBytes, static_cast<size_t>(io::available_memory() / 4));
}

int64_t made_table_rows(const MadeTables& made) {
  return made.rows > 0 ? made.rows : rows_in(made_table_bytes(made), made.row_format.of(made.dim));
}

std::optional<SweepOver> sweep_named(const std::string& name) {
  if (name == "table") return SweepOver::kTable;
  if (name == "dim") return SweepOver::kDim;
  if (name == "threads") return SweepOver::kThreads;
  if (name == "batch") return SweepOver::kBatch;
  return std::nullopt;
}

Result<std::vector<SweepPoint>> sweep(SweepOver over, const WorkSpec& work, const Table* table,
                                      const MadeTables& made, size_t repeats) {
  const auto settings = settings_of(over, work, made);
  std::optional<BenchMemory> memory;
  if (!table) {
    // A row of the widest table must fit, however small the largest size is.
    const size_t bytes =
        std::max(made_table_bytes(made), made.row_format.of(kDims[std::size(kDims) - 1]).stride_bytes);
    auto reserved = BenchMemory::reserve(bytes, PageSize::k2MiB);
    if (!reserved) return pass(reserved);
    memory = std::move(*reserved);
  }
  Progress progress("measuring", settings.size(), "points");
  std::vector<SweepPoint> points;
  for (const Setting& setting : settings) {
    WorkSpec now = work;
    now.threads = setting.threads;
    now.batch = setting.batch;
    std::optional<Table> own;
    if (!table) {
      const RowFormat format = made.row_format.of(setting.dim);
      const int64_t rows = rows_in(setting.table_bytes, format);
      const auto bytes = memory->first(static_cast<size_t>(rows) * format.stride_bytes);
      if (!bytes) return tl::make_unexpected(bytes.error());
      auto wrapped = Table::wrap(*bytes, rows, format);
      if (!wrapped) return pass(wrapped);
      own = std::move(*wrapped);
    }
    auto measured = measure(now, table ? *table : *own, repeats, false);
    if (!measured) return pass(measured);
    points.push_back({setting.x, std::move(*measured)});
    progress.at(points.size());
  }
  return points;
}

std::string sweep_x_text(SweepOver over, double x) {
  const auto whole = static_cast<uint64_t>(x);
  return over == SweepOver::kTable ? human_bytes(whole) : concat(whole);
}

std::string sweep_axis(SweepOver over) {
  switch (over) {
    case SweepOver::kTable:
      return "size of the table";
    case SweepOver::kDim:
      return "columns of a row";
    case SweepOver::kThreads:
      return "threads";
    case SweepOver::kBatch:
      return "bags in a batch";
  }
  return {};
}

Chart sweep_chart(SweepOver over, const std::vector<SweepPoint>& points, const std::string& subtitle) {
  Chart chart;
  const Measurement& first = points.front().measured;
  chart.title = concat("windrow: time per id, ", describe_work(first.work), ", rows of ",
                       row_format_name(first.format.kind));
  chart.subtitle = subtitle;
  chart.x_axis = sweep_axis(over);
  chart.y_axis = "ns per id";
  chart.x_text = [over](double x) { return sweep_x_text(over, x); };
  chart.series = {{describe_work(first.work), {}, false}, {"limit: rows read in order", {}, true}};
  for (const SweepPoint& point : points) {
    chart.series[0].points.push_back({point.x, point.measured.median()});
    if (point.measured.has_limit())
      chart.series[1].points.push_back({point.x, point.measured.limit_ns_per_id()});
  }
  return chart;
}

}  // namespace windrow::tools
