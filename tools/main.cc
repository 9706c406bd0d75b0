// The `windrow` command. Exit status: 0 done, 1 failed (why stands on standard error), 2 used wrongly.

#include <windrow/version.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/fail.h"
#include "formats/numbers.h"
#include "output.h"
#include "verb.h"

namespace windrow::tools {

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

void report(std::string_view message) {
  std::fprintf(stderr, "windrow: %.*s\n", static_cast<int>(message.size()), message.data());
}

int wrong_usage(std::string_view message, const CLI::App* verb) {
  report(message);
  std::fprintf(stderr, "Run `windrow %s--help` to see what it takes.\n",
               verb ? (verb->get_name() + " ").c_str() : "");
  return kWrongUsage;
}

// The first word, when it looks like a verb and is none: a better message than the parser's.
std::string unknown_verb(const std::vector<Verb>& verbs, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  std::string known;
  for (const Verb& verb : verbs) {
    if (verb.options->get_name() == argv[1]) return {};
    if (verb.options->get_group().empty()) continue;  // hidden
    known += (known.empty() ? "" : ", ") + verb.options->get_name();
  }
  return concat("unknown verb '", argv[1], "'; there are ", known);
}

// The parser takes 010 for 8, -1 for the largest unsigned number, and a number that is too large for the
// largest that fits. None of it is what was meant.
void demand_plain_numbers(CLI::App& verb) {
  const auto demand = [](CLI::Option& option, bool with_sign) {
    option.check(CLI::Validator(
        [with_sign](std::string& text) {
          const auto number = parse_integer(text);
          const auto positive = parse_unsigned(text);
          const bool plain = with_sign ? number && std::to_string(*number) == text
                                       : positive && std::to_string(*positive) == text;
          return plain ? std::string()
                       : concat(text, " is no whole number ", with_sign ? "" : "from 0 up ",
                                "that fits into 64 bits");
        },
        ""));
  };
  for (CLI::Option* option : verb.get_options([](const CLI::Option*) { return true; })) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT")) demand(*option, true);
    if (type.starts_with("UINT")) demand(*option, false);
  }
}

int run_command(int argc, char** argv) {
  CLI::App app("Embedding tables, served and trained straight from memory-mapped files.", "windrow");
  app.set_version_flag("--version", concat("windrow ", version(), " (", simd_target(), ")"));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      "EXAMPLES\n"
      "  windrow convert vectors.txt vectors.safetensors\n"
      "  windrow nearest vectors.safetensors paris\n"
      "  windrow create users.safetensors --rows 1000000 --dim 64 --optimizer adagrad\n"
      "\n`windrow VERB --help` describes a verb and gives examples.");

  const std::vector<Verb> verbs = {
      create_verb(app), convert_verb(app),     info_verb(app),      inspect_verb(app), lookup_verb(app),
      pool_verb(app),   gather_verb(app),      step_verb(app),      embed_verb(app),   nearest_verb(app),
      verify_verb(app), recover_verb(app),     add_state_verb(app), strip_verb(app),   publish_verb(app),
      delta_verb(app),  apply_verb(app),       bench_verb(app),     plot_verb(app),    head_verb(app),
      diff_verb(app),   completions_verb(app), man_verb(app)};
  for (const Verb& verb : verbs) demand_plain_numbers(*verb.options);
  if (const std::string message = unknown_verb(verbs, argc, argv); !message.empty()) {
    return wrong_usage(message, nullptr);
  }

  const auto named = [&]() -> const Verb* {
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [](const Verb& v) { return v.options->parsed(); });
    return found == verbs.end() ? nullptr : &*found;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help or --version
    app.exit(asked);
    return finish_output() ? 0 : kFailed;
  } catch (const CLI::ParseError& error) {
    const Verb* verb = named();
    return wrong_usage(error.what(), verb ? verb->options : nullptr);
  }

  const Verb* verb = named();
  try {
    const auto status = verb->run();
    if (!status) {
      (void)finish_output();
      report(status.error().message);
      return kFailed;
    }
    if (const auto written = finish_output(); !written) {
      report(written.error().message);
      return kFailed;
    }
    return *status;
  } catch (const WrongUsage& wrong) {
    return wrong_usage(wrong.message, verb->options);
  }
}

}  // namespace

}  // namespace windrow::tools

int main(int argc, char** argv) {
  // A reader that goes away and a limit on file sizes are errors of a write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return windrow::tools::run_command(argc, argv);
  } catch (const std::bad_alloc&) {
    windrow::tools::report("out of memory");
  } catch (const std::length_error&) {
    windrow::tools::report("out of memory: a size is beyond what can be allocated");
  } catch (const std::exception& error) {
    windrow::tools::report(error.what());
  }
  return windrow::tools::kFailed;
}
