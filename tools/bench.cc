#include <windrow/row_format.h>
#include <windrow/version.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/fail.h"
#include "bench_memory.h"
#include "bench_report.h"
#include "bench_sweep.h"
#include "format/text.h"
#include "number_checks.h"
#include "optimizer_kinds.h"
#include "output.h"
#include "row_format_options.h"
#include "svg_page.h"
#include "target_file.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct BenchOptions {
  WorkSpec work;
  MadeTables made;
  RowFormatOptions row_format;
  std::string ids = "uniform";
  std::string optimizer = "adagrad";
  std::string sweep;
  std::string svg;
  size_t repeats = 15;
  bool json = false;
};

constexpr size_t kMaxIdsPerBatch = size_t{1} << 28;
constexpr int64_t kSmallestDim = 8;   // of --sweep dim
constexpr size_t kMostBags = 65'536;  // in a batch of --sweep batch

void check_options(const BenchOptions& options) {
  const WorkSpec& work = options.work;
  const bool own_table = work.table.path.empty();
  if (!own_table && (options.made.rows > 0 || options.made.dim != 64)) {
    throw WrongUsage{"--rows and --dim are for tables made in memory: name no TABLE"};
  }
  if (own_table && work.table.given()) {
    throw WrongUsage{
        "--more, --tensor, --stored-as, --scale-tensor, --unscaled, --unclean and the like say how a "
        "TABLE is read: name one"};
  }
  if (!own_table && options.row_format.given()) {
    throw WrongUsage{
        "--row-format, --scale, --scale-type and --align-rows are for tables made in memory: name no TABLE; "
        "what the bytes of a TABLE are says --stored-as"};
  }
  if (own_table && work.table.residency != "auto") {
    throw WrongUsage{"--residency is for a TABLE: tables made in memory have 2 MiB pages"};
  }
  if (own_table && work.op == "step") throw WrongUsage{"--op step needs a TABLE, of which it makes a copy"};
  if (work.op != "pool" && work.mode != "sum") throw WrongUsage{"--mode is for --op pool"};
  if (work.table.residency != "auto" && work.op == "step") {
    throw WrongUsage{"--residency is for lookups: a trainer's mapping is shared with the file"};
  }
  if (!own_table && (options.sweep == "table" || options.sweep == "dim")) {
    throw WrongUsage{concat("--sweep ", options.sweep, " makes its own tables: name no TABLE")};
  }
  if (options.sweep.empty() && !options.svg.empty()) throw WrongUsage{"--svg needs --sweep"};
  const size_t bags = options.sweep == "batch" ? std::max(work.batch, kMostBags) : work.batch;
  if (bags > kMaxIdsPerBatch / work.pooling) {
    throw WrongUsage{concat("--batch times --pooling must be at most ", kMaxIdsPerBatch)};
  }
}

void print_sweep(SweepOver over, const std::vector<SweepPoint>& points, const std::string& subtitle) {
  print_line(describe_work(points.front().measured.work), ", ", subtitle);
  const auto padded = [](std::string text, size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
  };
  print_line(padded(sweep_axis(over), 18), padded("rows", 12), padded("ns/id", 10), padded("limit", 10),
             padded("GB/s", 10), padded("of limit", 10));
  for (const SweepPoint& point : points) {
    const Measurement& m = point.measured;
    const auto of_limit = [&](const std::string& text) { return padded(m.has_limit() ? text : "-", 10); };
    print_line(padded(sweep_x_text(over, point.x), 18), padded(concat(m.rows), 12),
               padded(with_digits(m.median(), 2), 10), of_limit(with_digits(m.limit_ns_per_id(), 2)),
               padded(with_digits(m.gb_per_s(), 2), 10),
               of_limit(concat(with_digits(100 * m.gb_per_s() / m.sequential_gb_per_s, 0), " %")));
  }
}

// What stays the same in all points of a sweep.
std::string common_text(SweepOver over, const BenchOptions& options, const Measurement& first) {
  std::string text = concat(row_format_name(first.format.kind), " rows");
  if (over != SweepOver::kDim) text += concat(", dim ", first.format.dim);
  if (over != SweepOver::kTable && over != SweepOver::kDim) text += concat(", ", first.rows, " rows");
  if (over != SweepOver::kBatch)
    text += concat(", batches of ", first.work.batch, " x ", first.work.pooling, " ids");
  if (over != SweepOver::kThreads)
    text += concat(", ", first.threads, first.threads == 1 ? " thread" : " threads");
  return concat(text, ", ", options.ids, " ids, ", simd_target());
}

Result<int> run_sweep(const BenchOptions& options, const Table* table) {
  const SweepOver over = *sweep_named(options.sweep);
  auto points = sweep(over, options.work, table, options.made, options.repeats);
  if (!points) return pass(points);
  const std::string subtitle = common_text(over, options, points->front().measured);
  if (options.json) {
    nlohmann::ordered_json json;
    json["sweep"] = options.sweep;
    for (const SweepPoint& point : *points) {
      auto one =
          measurement_json(point.measured, options.ids, options.optimizer, options.work.table.residency);
      one["x"] = point.x;
      json["points"].push_back(std::move(one));
    }
    print_line(json.dump(2));
  } else {
    print_sweep(over, *points, subtitle);
  }
  if (!options.svg.empty()) {
    if (auto written = write_svg(options.svg, svg_of(sweep_chart(over, *points, subtitle))); !written)
      return pass(written);
  }
  return 0;
}

Result<int> run_once(const BenchOptions& options, const Table& table) {
  const auto measured = measure(options.work, table, options.repeats, true);
  if (!measured) return tl::make_unexpected(measured.error());
  const auto json = measurement_json(*measured, options.ids, options.optimizer, options.work.table.residency);
  if (options.json) {
    print_line(json.dump(2));
  } else {
    print_measurement(json);
  }
  return 0;
}

Result<int> run(BenchOptions options) {
  const auto distribution = parse_distribution(options.ids);
  if (!distribution)
    throw WrongUsage{concat("--ids ", in_quotes(options.ids), ": must be uniform, or zipf:S with S > 0")};
  if (options.work.op == "gather") options.work.pooling = 1;
  check_options(options);
  options.made.row_format = options.row_format.chosen();
  const auto fits = options.made.row_format.check(options.sweep == "dim" ? kSmallestDim : options.made.dim);
  if (!fits) throw WrongUsage{fits.error().message};
  options.work.ids = *distribution;
  for_each_optimizer([&](const Optimizer& optimizer) {
    if (optimizer_name(optimizer) == options.optimizer) options.work.optimizer = optimizer;
  });
  if (!options.svg.empty()) {
    if (auto target = check_target(options.svg); !target) return pass(target);
  }

  if (!options.work.table.path.empty()) {
    const auto table = open_for_bench(options.work);
    if (!table) return tl::make_unexpected(table.error());
    return options.sweep.empty() ? run_once(options, *table) : run_sweep(options, &*table);
  }
  if (!options.sweep.empty()) return run_sweep(options, nullptr);
  const RowFormat format = options.made.row_format.of(options.made.dim);
  const int64_t rows = made_table_rows(options.made);
  auto memory = BenchMemory::reserve(static_cast<size_t>(rows) * format.stride_bytes, PageSize::k2MiB);
  if (!memory) return pass(memory);
  const auto bytes = memory->first(static_cast<size_t>(rows) * format.stride_bytes);
  if (!bytes) return tl::make_unexpected(bytes.error());
  const auto table = Table::wrap(*bytes, rows, format);
  if (!table) return tl::make_unexpected(table.error());
  return run_once(options, *table);
}

}  // namespace

Verb bench_verb(CLI::App& command) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* verb = command.add_subcommand(
      "bench", "Measure lookups or steps on a table, which is not changed, or on tables made in memory");
  verb->add_option("TABLE", options->work.table.path,
                   "A table, also a checkpoint in several files; without it one is made in memory");
  verb->add_option("--op", options->work.op, "pool (default), gather (one id a bag) or step")
      ->check(CLI::IsMember({"pool", "gather", "step"}));
  verb->add_option("--mode", options->work.mode, "For pool: sum (default), mean, max or weighted")
      ->check(CLI::IsMember({"sum", "mean", "max", "weighted"}));
  verb->add_option("--batch", options->work.batch, "Bags in a batch (4096)")->check(whole_number_from(1));
  verb->add_option("--pooling", options->work.pooling, "Ids in a bag (32)")->check(whole_number_from(1));
  verb->add_option("--threads", options->work.threads,
                   "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(whole_number_from(0));
  verb->add_option("--ids", options->ids, "uniform (default), or zipf:S, such as zipf:1.05");
  std::vector<std::string> optimizers;
  for_each_optimizer([&](const Optimizer& optimizer) { optimizers.emplace_back(optimizer_name(optimizer)); });
  verb->add_option("--optimizer", options->optimizer, "For step (adagrad)")->check(CLI::IsMember(optimizers));
  add_reading_options(*verb, options->work.table);
  add_residency_option(*verb, options->work.table);
  verb->get_option("--residency")
      ->description(
          "How the pages of a TABLE are held: auto (default); lazy, warm or huge drop its files from the "
          "page cache first");
  verb->add_option(
          "--rows", options->made.rows,
          "Of a table made in memory: rows (as many as fit into 1 GiB, or a quarter of the free memory)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  verb->add_option("--dim", options->made.dim, "Of a table made in memory: values in a row (64)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
  add_row_format_options(*verb, options->row_format);
  verb->get_option("--row-format")
      ->description(
          "Of a table made in memory: f32 (default), f16, bf16, fp8_e4m3, fp8_e5m2, int8, int4, int2, i8");
  verb->add_option("--sweep", options->sweep,
                   "Measure again and again, over the size of the table, dim, threads, or bags in a batch")
      ->check(CLI::IsMember({"table", "dim", "threads", "batch"}));
  verb->add_option("--svg", options->svg, "Draw the sweep into this file");
  verb->add_option("--repeat", options->repeats, "Timed repeats (15)")->check(whole_number_from(1));
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "Every batch has fresh ids, more than 4 million of them in turn. Beside the time per id stands how\n"
      "fast the same threads read the same memory from front to back, measured in the same run. `step`\n"
      "works on a copy beside the table, which needs as much space again, and twice that with adagrad.\n\n"
      "EXAMPLES\n"
      "  windrow bench users.safetensors\n"
      "  windrow bench users.safetensors --op gather --residency huge --ids zipf:1.05\n"
      "  windrow bench checkpoint/ --tensor 'shards.*.weight' --residency lazy\n"
      "  windrow bench users.safetensors --op step --optimizer adagrad --json\n"
      "  windrow bench --rows 10000000 --dim 64 --row-format int8 --mode mean\n"
      "  windrow bench --sweep table --svg table.svg");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
