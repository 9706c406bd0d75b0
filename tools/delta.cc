#include <windrow/delta.h>

#include <nlohmann/json.hpp>

#include "format/text.h"
#include "output.h"
#include "rewrite_progress.h"
#include "target_file.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

struct DeltaVerbOptions {
  std::vector<std::string> files;  // FILE; OLD and NEW; or "merge" and deltas
  std::string target;
  DeltaOptions delta;
  bool json = false;
};

Result<int> describe(const std::string& path, bool as_json) {
  const auto info = read_delta_info(path);
  if (!info) return tl::make_unexpected(info.error());
  Json json;
  json["path"] = path;
  json["rows"] = info->rows;
  json["table_rows"] = info->table_rows;
  json["dim"] = info->dim;
  json["with_state"] = info->has_state;
  json["with_tokens"] = info->has_tokens;
  json["base"] = {{"content", number_text(info->base_content)}, {"generation", info->base_generation}};
  json["target"] = {{"content", number_text(info->target_content)},
                    {"generation", info->target.generation},
                    {"tag", info->target.tag},
                    {"step_count", info->target.step_count}};
  if (as_json) {
    print_line(json.dump(2, ' ', false, Json::error_handler_t::replace));
    return 0;
  }
  print_line(path);
  print_line("  kind         delta of a Windrow table");
  print_line("  rows         ", info->rows, " of ", info->table_rows, ", dim ", info->dim,
             info->has_state ? ", with their state" : "", info->has_tokens ? ", with their tokens" : "");
  print_line("  from         generation ", info->base_generation, ", content ",
             number_text(info->base_content));
  print_line("  to           generation ", info->target.generation, ", content ",
             number_text(info->target_content));
  print_line("               after ", info->target.step_count, " steps",
             info->target.tag.empty() ? std::string() : concat(", tag ", in_quotes(info->target.tag)));
  return 0;
}

void demand(bool fits, const char* message) {
  if (!fits) throw WrongUsage{message};
}

Result<DeltaReport> compare(const DeltaVerbOptions& options) {
  const RewriteWatch watch("comparing", options.target);
  return watch.explain(
      write_delta(options.files[0], options.files[1], options.target, options.delta, watch.progress()));
}

Result<int> run(const DeltaVerbOptions& options) {
  const bool merges = options.files[0] == "merge";
  const bool describes = !merges && options.files.size() == 1;
  if (describes) {
    demand(options.target.empty() && !options.delta.state && !options.delta.tokens,
           "one file is described; OLD and NEW make a delta (-o, --with-state, --with-tokens)");
    return describe(options.files[0], options.json);
  }
  demand(merges || options.files.size() == 2,
         "give OLD and NEW, `merge` and deltas, or one delta to look at");
  demand(!merges || options.files.size() > 1, "merge: give the deltas, in order");
  demand(!options.target.empty(), "-o FILE is missing: where the delta goes");
  demand(!options.json, "--json is for looking at a delta");
  demand(!merges || (!options.delta.state && !options.delta.tokens),
         "merge: the deltas have state and tokens, or have none; it is not for merge to say");
  if (auto target = check_target(options.target); !target) return pass(target);
  const auto made =
      merges ? merge_deltas(std::span(options.files).subspan(1), options.target) : compare(options);
  if (!made) return tl::make_unexpected(made.error());
  print_line(options.target, ": ", made->rows, " rows, ", human_bytes(made->bytes));
  return 0;
}

}  // namespace

Verb delta_verb(CLI::App& command) {
  auto options = std::make_shared<DeltaVerbOptions>();
  CLI::App* verb =
      command.add_subcommand("delta", "Write the rows in which two states of a table differ, to be applied");
  verb->add_option(
          "FILES", options->files,
          "OLD and NEW: two tables; `merge` and deltas that follow each other; or one delta to look at")
      ->required();
  verb->add_option("-o,--output", options->target, "The delta to write, which is replaced")
      ->type_name("FILE");
  verb->add_flag("--with-state", options->delta.state,
                 "The optimiser's state too: for copies that have it, to be trained on");
  verb->add_flag("--with-tokens", options->delta.tokens,
                 "The tokens of the rows too: checked when it is applied");
  verb->add_flag("--json", options->json, "What a delta is, as JSON");
  verb->footer(
      "Copies of a table follow it by deltas: apply brings a table that is OLD to be NEW. A trainer writes "
      "one\n"
      "with each checkpoint, if asked to. A delta is a safetensors file.\n\n"
      "EXAMPLES\n"
      "  windrow delta serving.safetensors trained.safetensors -o monday.delta\n"
      "  windrow delta merge monday.delta tuesday.delta wednesday.delta -o week.delta\n"
      "  windrow delta week.delta");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
