#include <windrow/trainer.h>

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
};

Result<StepReport> step(Trainer& trainer, const StepVerbOptions& options, const FloatArray& gradients) {
  const auto dim = static_cast<size_t>(trainer.table().dim());
  if (gradients.shape.size() != 2 || gradients.shape[1] != dim) {
    return fail(ErrorCode::kInvalidArgument, options.gradients, ": must be 2-D with ", dim,
                " columns, the table's dim");
  }
  const RowsIn rows(gradients.values, dim);
  const StepOptions step_options{options.files.threads, options.files.padding_id};
  const auto request = load_request(options.files);
  if (!request) return tl::make_unexpected(request.error());
  // Without bags the gradient has a row per id, as gather() gives rows; else one per bag, as pool() does.
  if (!request->has_bags) {
    if (!options.files.weights.empty())
      throw WrongUsage{"--weights needs bags: give --offsets, --lengths or 2-D ids"};
    return trainer.step(request->ids.view(), rows, step_options);
  }
  return trainer.step(request->bags(), pooling_of(options.files.pooling), rows, step_options);
}

Result<int> run(const StepVerbOptions& options) {
  const auto gradients = read_floats(options.gradients);
  if (!gradients) return tl::make_unexpected(gradients.error());
  auto trainer = Trainer::open(options.path, *options.optimizer.chosen());
  if (!trainer) return pass(trainer);
  const auto report = step(*trainer, options, *gradients);
  // After a step that failed the table is as it was, and closing says so.
  auto closed = trainer->close();
  if (!report) return tl::make_unexpected(report.error());
  if (!closed) return pass(closed);
  print_line("ids           ", report->ids);
  print_line("used ids      ", report->used_ids);
  print_line("rows touched  ", report->rows_touched);
  print_line("step count    ", report->step_count);
  return 0;
}

}  // namespace

Verb step_verb(CLI::App& command) {
  auto options = std::make_shared<StepVerbOptions>();
  CLI::App* verb = command.add_subcommand("step", "Take one training step and write it to the table");
  verb->add_option("TABLE", options->path, "A Windrow table that holds the optimiser's state")->required();
  add_request_options(*verb, options->files);
  verb->add_option("--grad", options->gradients, "The gradients, a float32 .npy of bags (or ids) x dim")
      ->required();
  add_step_options(*verb, options->optimizer);
  verb->footer(
      "With bags (--offsets, --lengths or 2-D ids) the gradient has a row per bag, that of what `pool`\n"
      "gives; 1-D ids alone take a row per id. Gradients of equal ids are added up first.\n\n"
      "EXAMPLES\n"
      "  windrow step items.safetensors --ids ids.npy --offsets offsets.npy --grad grad.npy \\\n"
      "      --optimizer adagrad --lr 0.05");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
