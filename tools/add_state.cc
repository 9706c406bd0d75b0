#include <windrow/maintenance.h>

#include "base/fail.h"
#include "optimizer_kinds.h"
#include "optimizer_options.h"
#include "output.h"
#include "rewrite_progress.h"
#include "state_import.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct AddStateVerbOptions {
  std::string path;
  OptimizerOptions optimizer;
  StateImportOptions import;
  std::string part;
  std::optional<uint64_t> step_count;
};

Result<int> run(AddStateVerbOptions& options) {
  const Optimizer optimizer = *options.optimizer.chosen();
  if (!options.part.empty())
    options.import.part = options.part == "word" ? GlovePart::kWord : GlovePart::kContext;
  AddStateOptions add;
  std::vector<std::string> remarks;
  if (options.step_count) add.step_count = static_cast<int64_t>(*options.step_count);
  const RewriteWatch watch("adding state", options.path);
  add.progress = watch.progress();
  std::optional<Table> table;  // as long as the values are read
  if (options.import.paths.empty()) {
    if (!options.import.prefix.empty() || !options.part.empty() || !options.import.vocabulary.empty() ||
        options.import.eta != StateImportOptions().eta) {
      throw WrongUsage{"--prefix, --eta, --part and --vocab say how files are read: give --from"};
    }
  } else {
    if (state_tensors(optimizer).empty()) {
      throw WrongUsage{
          concat("--from: ", options.optimizer.name, " has no state with these hyper-parameters")};
    }
    auto opened = Table::open(options.path);
    if (!opened) return pass(opened);
    table = std::move(*opened);
    auto import = import_state(*table, optimizer, options.import);
    if (!import) return pass(import);
    if (!options.step_count && !import->step_count && counts_steps(optimizer)) {
      throw WrongUsage{
          concat("--step-count: ", options.optimizer.name,
                 " counts its steps, and no `step` stands beside its state: how many were taken?")};
    }
    if (!options.step_count) add.step_count = import->step_count.value_or(0);
    add.values = std::move(import->values);
    remarks = std::move(import->remarks);
  }
  if (auto added = watch.explain(add_state(options.path, optimizer, add)); !added) return pass(added);
  const auto states = state_tensors(optimizer);
  std::string names;
  for (const StateTensor& state : states) names += concat(names.empty() ? " (" : ", ", state.name);
  print_line(
      options.path, ": the table is ", options.optimizer.name, "'s, ",
      states.empty() ? "which keeps no state" : concat("with its state", names, ")"), ", after ",
      states.empty() && add.step_count == 0 ? "as many steps as before" : concat(add.step_count, " steps"));
  for (const std::string& remark : remarks) print_line("  ", remark);
  return 0;
}

}  // namespace

Verb add_state_verb(CLI::App& command) {
  auto options = std::make_shared<AddStateVerbOptions>();
  CLI::App* verb = command.add_subcommand("add-state", "Add an optimiser's state to a table that has none");
  verb->add_option("TABLE", options->path, "A Windrow table of f32, f16 or bf16 rows; it is written anew")
      ->required();
  add_optimizer_options(*verb, options->optimizer, "Whose state")->required();
  verb->add_option("--from", options->import.paths,
                   "Take the values from these files instead of initial ones");
  verb->add_option("--prefix", options->import.prefix,
                   "torch: what stands before the names, such as state.0.");
  verb->add_option("--step-count", options->step_count,
                   "Steps that were taken already, when the files do not say it");
  verb->add_option("--eta", options->import.eta, "GloVe: its learning rate (0.05)");
  verb->add_option("--part", options->part, "GloVe: word or context, whichever the rows are")
      ->check(CLI::IsMember({"word", "context"}));
  verb->add_option("--vocab", options->import.vocabulary,
                   "GloVe, binary: vocab.txt, which names its entries");
  verb->footer(
      "The file is written anew beside the old one and takes its name when it is whole; programs that have\n"
      "the table open stay on the old one. Room for both is needed, but where the file system can share "
      "blocks.\n\n"
      "--from takes the state that another program saved:\n"
      "  torch   the tensors of optimizer.state_dict(), as safetensors: sum, exp_avg, exp_avg_sq,\n"
      "          momentum_buffer, and step, of this table's rows and dim, behind any --prefix.\n"
      "  GloVe   what -save-gradsq writes, text or binary. Its sums G count steps of size eta, so that\n"
      "          adagrad's sum is G / eta^2; the run goes on with --lr 1 --eps 0\n"
      "          --initial-accumulator 1/eta^2 (400), the same trajectory but that g * g is added before "
      "the\n"
      "          step and not behind it. Entries are found by their tokens; rows without one, as <unk>, "
      "start\n"
      "          with 1/eta^2. Sums belong to the word or the context vectors (glove -model 1), not to "
      "their\n"
      "          sum (-model 2), for which there is no state.\n\n"
      "EXAMPLES\n"
      "  windrow add-state users.safetensors --optimizer adam\n"
      "  windrow add-state users.safetensors --optimizer adam --from state.safetensors --prefix state.0.\n"
      "  windrow add-state glove.safetensors --optimizer adagrad --from gradsq.txt --part word");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
