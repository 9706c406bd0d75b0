#include <windrow/trainer.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "npy_file.h"
#include "optimizer_options.h"
#include "output.h"
#include "request_files.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct StepVerbOptions {
  std::string path;
  RequestFiles files;
  std::string gradients;
  OptimizerOptions optimizer;
  std::string rounding = "nearest";
  std::string durability = "process";
  std::optional<uint64_t> seed;
  std::optional<double> clip_value;
  std::optional<double> clip_row_norm;
  bool scale_by_frequency = false;
  bool allow_non_finite = false;
  bool skip_bad_ids = false;
  bool json = false;

  TrainOptions train() const {
    if (seed && rounding != "stochastic")
      throw WrongUsage{"--seed: only --rounding stochastic draws random numbers"};
    TrainOptions options;
    options.rounding = rounding == "stochastic" ? Rounding::kStochastic : Rounding::kNearest;
    options.seed = seed.value_or(0);
    options.durability = durability == "none"    ? Durability::kNone
                         : durability == "power" ? Durability::kPower
                                                 : Durability::kProcess;
    return options;
  }
  StepOptions step() const {
    StepOptions options;
    options.threads = files.threads;
    options.padding_id = files.padding_id;
    options.bad_ids = policy_of(skip_bad_ids);
    options.scale_by_frequency = scale_by_frequency;
    if (clip_value) options.clip = Clip::value(*clip_value);
    if (clip_row_norm) options.clip = Clip::row_norm(*clip_row_norm);
    options.non_finite = allow_non_finite ? NonFinite::kAllow : NonFinite::kRefuse;
    return options;
  }
};

Result<StepReport> step(Trainer& trainer, const StepVerbOptions& options, const ValueArray& gradients) {
  const auto dim = static_cast<size_t>(trainer.table().dim());
  if (gradients.shape.size() != 2 || gradients.shape[1] != dim) {
    return fail(ErrorCode::kInvalidArgument, options.gradients, ": must be 2-D with ", dim,
                " columns, the table's dim");
  }
  const RowsIn rows = gradients.view(dim);
  const auto request = load_request(options.files);
  if (!request) return tl::make_unexpected(request.error());
  // Without bags the gradient has a row per id, as gather() gives rows; else one per bag, as pool() does.
  if (!request->has_bags) {
    if (!options.files.weights.empty())
      throw WrongUsage{"--weights needs bags: give --offsets, --lengths or 2-D ids"};
    return trainer.step(request->ids.view(), rows, options.step());
  }
  return trainer.step(request->bags(), pooling_of(options.files.pooling), rows, options.step());
}

void print_report(const StepVerbOptions& options, const StepReport& report) {
  const std::pair<const char*, int64_t> counts[] = {
      {"ids", report.ids},
      {"used ids", report.used_ids},
      {"skipped ids", report.skipped_ids},
      {"unique ids", report.unique_ids},
      {"rows touched", report.rows_touched},
      {"step count", report.step_count},
  };
  nlohmann::ordered_json json;
  for (const auto& [name, count] : counts) {
    std::string key = name;
    if (!options.json) print_line(key, std::string(14 - key.size(), ' '), count);
    std::replace(key.begin(), key.end(), ' ', '_');
    json[key] = count;
  }
  if (options.json) print_line(json.dump(2));
}

Result<int> run(const StepVerbOptions& options) {
  const auto optimizer = options.optimizer.chosen();
  const auto train = options.train();
  const auto gradients = read_float_values(options.gradients);
  if (!gradients) return tl::make_unexpected(gradients.error());
  auto trainer = Trainer::open(options.path, *optimizer, train);
  if (!trainer) return pass(trainer);
  const auto report = step(*trainer, options, *gradients);
  // After a step that failed the table is as it was, and closing says so.
  auto closed = trainer->close();
  if (!report) return tl::make_unexpected(report.error());
  if (!closed) return pass(closed);
  print_report(options, *report);
  return 0;
}

}  // namespace

Verb step_verb(CLI::App& command) {
  auto options = std::make_shared<StepVerbOptions>();
  CLI::App* verb = command.add_subcommand("step", "Take one training step and write it to the table");
  verb->add_option("TABLE", options->path, "A Windrow table that holds the optimiser's state")->required();
  add_request_options(*verb, options->files);
  verb->add_option("--grad", options->gradients,
                   "The gradients, a float32 or float16 .npy of bags (or ids) x dim")
      ->required();
  add_optimizer_options(*verb, options->optimizer, "The optimiser")->required();
  verb->get_option("--lr")->required();
  verb->add_option("--rounding", options->rounding,
                   "How rows of 16 bits are stored: nearest (default), or stochastic")
      ->check(CLI::IsMember({"nearest", "stochastic"}));
  verb->add_option("--seed", options->seed, "Of stochastic rounding (0)");
  verb->add_option(
          "--durability", options->durability,
          "What the table outlives while the step is taken: none, the end of the process (process, the "
          "default), a loss of power (power)")
      ->check(CLI::IsMember({"none", "process", "power"}));
  auto* value = verb->add_option("--clip-value", options->clip_value,
                                 "Limit every value of a row's gradient to [-C, C]");
  verb->add_option("--clip-row-norm", options->clip_row_norm, "Scale a row's gradient down to this norm")
      ->excludes(value);
  verb->add_flag("--scale-by-frequency", options->scale_by_frequency,
                 "Divide a row's gradient by how often its id occurs");
  verb->add_flag("--allow-non-finite", options->allow_non_finite,
                 "Let NaN and infinite gradients into the rows");
  add_skip_option(*verb, options->skip_bad_ids);
  verb->add_flag("--json", options->json, "Report as JSON");
  verb->footer(
      "With bags (--offsets, --lengths or 2-D ids) the gradient has a row per bag, that of what `pool`\n"
      "gives; 1-D ids alone take a row per id. Gradients of equal ids are added up first.\n\n"
      "EXAMPLES\n"
      "  windrow step items.safetensors --ids ids.npy --offsets offsets.npy --grad grad.npy \\\n"
      "      --optimizer adagrad --lr 0.05\n"
      "  windrow step items.safetensors --ids ids.npy --grad grad.npy --optimizer adam --lr 0.001 \\\n"
      "      --rounding stochastic --seed 7 --clip-row-norm 1");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
