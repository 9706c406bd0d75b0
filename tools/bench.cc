#include <windrow/version.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/parallel.h"
#include "bench_limit.h"
#include "bench_work.h"
#include "format/text.h"
#include "interrupt.h"
#include "io/paging.h"
#include "output.h"
#include "progress.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct BenchOptions {
  WorkSpec work;
  std::string ids = "uniform";
  std::string optimizer = "adagrad";
  std::string residency = "auto";
  size_t repeats = 15;
  bool json = false;
};

struct Measurement {
  double first_touch = 0;  // ns per id in the first pass over the ids, which meets pages for the first time
  std::vector<double> ns_per_id;  // one per repeat, ascending
  double sequential_gb_per_s = 0;

  double median() const { return ns_per_id[ns_per_id.size() / 2]; }
  double min() const { return ns_per_id.front(); }
};

constexpr double kRepeatNanoseconds = 2e7;  // a repeat lasts at least this long
constexpr size_t kMaxIdsPerBatch = size_t{1} << 28;

// Nanoseconds that `count` batches take.
Result<double> time_batches(Work& work, size_t count) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < count; ++i) {
    if (auto done = work.run_batch(); !done) return pass(done);
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

Result<Measurement> measure(Work& work, const BenchOptions& options) {
  const Table& table = work.table();
  const size_t table_bytes = static_cast<size_t>(table.rows()) * table.format().stride_bytes;
  SequentialRead sequential(table.data(), table_bytes, thread_count(options.work.threads));
  // A table that fits into memory is measured in memory.
  if (options.work.op != "step" && table_bytes < io::available_memory()) sequential.touch();

  Measurement result;
  const auto first_pass = time_batches(work, work.batches());
  if (!first_pass) return tl::make_unexpected(first_pass.error());
  const auto ids_in_pass = static_cast<double>(work.batches() * work.ids_per_batch());
  result.first_touch = *first_pass / ids_in_pass;
  const double batch_nanoseconds = *first_pass / static_cast<double>(work.batches());
  const auto batches = static_cast<size_t>(std::max(1.0, kRepeatNanoseconds / batch_nanoseconds + 0.5));

  Progress progress("measuring", options.repeats, "repeats");
  Interrupt interrupt;
  for (size_t repeat = 0; repeat < options.repeats; ++repeat) {
    const auto nanoseconds = time_batches(work, batches);
    if (!nanoseconds) return tl::make_unexpected(nanoseconds.error());
    result.ns_per_id.push_back(*nanoseconds / static_cast<double>(batches * work.ids_per_batch()));
    sequential.measure();
    progress.at(repeat + 1);
    if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted");
  }
  std::sort(result.ns_per_id.begin(), result.ns_per_id.end());
  result.sequential_gb_per_s = sequential.best_gb_per_s();
  return result;
}

nlohmann::ordered_json as_json(const BenchOptions& options, const Work& work, const Measurement& measured) {
  const Table& table = work.table();
  const double gb_per_s = static_cast<double>(table.format().row_bytes()) / measured.median();
  nlohmann::ordered_json json;
  json["op"] = options.work.op;
  json["optimizer"] = options.work.op == "step" ? nlohmann::ordered_json(options.optimizer) : nullptr;
  json["row_format"] = "f32";
  json["rows"] = table.rows();
  json["dim"] = table.dim();
  json["batch"] = options.work.batch;
  json["pooling"] = options.work.pooling;
  json["threads"] = thread_count(options.work.threads);
  json["ids"] = options.ids;
  json["simd"] = simd_target();
  json["residency"] = options.residency;
  json["ns_per_id_median"] = measured.median();
  json["ns_per_id_min"] = measured.min();
  json["gb_per_s"] = gb_per_s;
  json["sequential_gb_per_s"] = measured.sequential_gb_per_s;
  json["share_of_limit"] = gb_per_s / measured.sequential_gb_per_s;
  json["first_touch_ns_per_id"] = measured.first_touch;
  const ResidencyReport residency = table.residency();
  json["mapped_bytes"] = residency.mapped_bytes;
  json["huge_bytes"] = residency.huge_bytes;
  return json;
}

void print_report(const nlohmann::ordered_json& json) {
  const auto text = [&](const char* key) { return json[key].get<std::string>(); };
  const auto number = [&](const char* key) { return json[key].get<uint64_t>(); };
  const auto value = [&](const char* key, int digits) {
    return with_digits(json[key].get<double>(), digits);
  };
  const std::string optimizer = json["optimizer"].is_null() ? "" : " (" + text("optimizer") + ")";
  print_line(text("op"), optimizer, ", ", number("rows"), " rows x ", number("dim"), " f32, batches of ",
             number("batch"), " x ", number("pooling"), " ids (", text("ids"), "), ", number("threads"),
             number("threads") == 1 ? " thread, " : " threads, ", text("simd"));
  print_line("  time per id      ", value("ns_per_id_median", 2), " ns (median), ", value("ns_per_id_min", 2),
             " ns (best)");
  print_line("  first pass       ", value("first_touch_ns_per_id", 2),
             " ns per id, meeting pages for the first time");
  print_line("  row bytes        ", value("gb_per_s", 2), " GB/s (median)");
  print_line("  sequential read  ", value("sequential_gb_per_s", 2),
             " GB/s, the limit of this mapping here and now");
  print_line("  share of limit   ", with_digits(100 * json["share_of_limit"].get<double>(), 0), " %");
  print_line("  2 MiB pages      ", human_bytes(number("huge_bytes")), " of ",
             human_bytes(number("mapped_bytes")));
}

Result<int> run(BenchOptions options) {
  const auto distribution = parse_distribution(options.ids);
  if (!distribution)
    throw WrongUsage{concat("--ids ", in_quotes(options.ids), ": must be uniform, or zipf:S with S > 0")};
  if (options.residency == "huge" && options.work.op == "step") {
    throw WrongUsage{"--residency huge is for lookups: a trainer's mapping is shared with the file"};
  }
  if (options.work.op == "gather") options.work.pooling = 1;
  if (options.work.batch > kMaxIdsPerBatch / options.work.pooling) {
    throw WrongUsage{concat("--batch times --pooling must be at most ", kMaxIdsPerBatch)};
  }
  options.work.ids = *distribution;
  options.work.huge_pages = options.residency == "huge";
  if (options.optimizer == "sgd") {
    options.work.optimizer = Sgd{};
  } else {
    options.work.optimizer = Adagrad{};
  }

  auto work = open_work(options.work);
  if (!work) return pass(work);
  const auto measured = measure(**work, options);
  if (!measured) return tl::make_unexpected(measured.error());
  const nlohmann::ordered_json json = as_json(options, **work, *measured);
  if (options.json) {
    print_line(json.dump(2));
  } else {
    print_report(json);
  }
  return 0;
}

}  // namespace

Verb bench_verb(CLI::App& command) {
  auto options = std::make_shared<BenchOptions>();
  options->work.op = "pool";
  options->work.batch = 4096;
  options->work.pooling = 32;
  CLI::App* verb =
      command.add_subcommand("bench", "Measure lookups or steps on a table, which is not changed");
  verb->add_option("TABLE", options->work.path, "A table")->required();
  verb->add_option("--op", options->work.op, "pool (default), gather (one id a bag) or step")
      ->check(CLI::IsMember({"pool", "gather", "step"}));
  verb->add_option("--batch", options->work.batch, "Bags in a batch (4096)")->check(CLI::PositiveNumber);
  verb->add_option("--pooling", options->work.pooling, "Ids in a bag (32)")->check(CLI::PositiveNumber);
  verb->add_option("--threads", options->work.threads,
                   "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--ids", options->ids, "uniform (default), or zipf:S, such as zipf:1.05");
  verb->add_option("--optimizer", options->optimizer, "For step: adagrad (default) or sgd")
      ->check(CLI::IsMember({"adagrad", "sgd"}));
  verb->add_option(
          "--residency", options->residency,
          "auto (default); huge drops the file from the page cache and reads it into 2 MiB pages first")
      ->check(CLI::IsMember({"auto", "huge"}));
  verb->add_option("--repeat", options->repeats, "Timed repeats (15)")->check(CLI::PositiveNumber);
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "Every batch has fresh ids, more than 4 million of them in turn. Beside the time per id stands how\n"
      "fast the same threads read the same mapping from front to back, measured in the same run. `step`\n"
      "works on a copy beside the table, which needs as much space again, and twice that with adagrad.\n\n"
      "EXAMPLES\n"
      "  windrow bench users.safetensors\n"
      "  windrow bench users.safetensors --op gather --residency huge --ids zipf:1.05\n"
      "  windrow bench users.safetensors --op step --optimizer adagrad --json");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
