#include <algorithm>
#include <sstream>

#include "support/catch.h"
#include "tools/command.h"

namespace {

bool is_installed(const TemporaryFolder& folder, const std::string& program) {
  return run_shell(folder, "command -v " + program + " > /dev/null").status == 0;
}

// What bash would offer behind these words, the last of which is being typed.
std::vector<std::string> offered(const TemporaryFolder& folder, const std::vector<std::string>& words) {
  std::string line = "source windrow.bash; COMP_WORDS=(windrow";
  for (const std::string& word : words) line += " " + ::quoted(word);
  line += "); COMP_CWORD=" + std::to_string(words.size()) + "; _windrow; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const auto outcome = run_shell(folder, "bash --norc --noprofile -c " + ::quoted(line));
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
  std::vector<std::string> offers;
  std::istringstream lines(outcome.out);
  for (std::string offer; std::getline(lines, offer);) {
    if (!offer.empty()) offers.push_back(offer);
  }
  return offers;
}

bool has(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("completions: bash completes verbs, options and the values that an option has", "[tools]") {
  const TemporaryFolder folder;
  if (!is_installed(folder, "bash")) return;
  REQUIRE(run_shell(folder, "\"$W\" completions bash > windrow.bash").status == 0);
  CHECK(offered(folder, {"conv"}) == Words{"convert"});
  CHECK(offered(folder, {"ver"}) == Words{"verify"});
  CHECK(offered(folder, {"--v"}) == Words{"--version"});
  const Words verbs = offered(folder, {""});
  for (const char* verb : {"create", "convert", "info", "lookup", "nearest", "plot", "head", "diff", "--help"}) {
    CAPTURE(verb);
    CHECK(has(verbs, verb));
  }
  CHECK(!has(verbs, "completions"));
  CHECK(!has(verbs, "man"));

  CHECK(offered(folder, {"convert", "--from", "word2vec-t"}) == Words{"word2vec-text"});
  CHECK(offered(folder, {"create", "t.safetensors", "--row-format", "fp8"}) == Words{"fp8_e4m3", "fp8_e5m2"});
  CHECK(offered(folder, {"lookup", "--pool", ""}) == Words{"sum", "mean", "max"});
  // bash makes three words of `--pool=m`.
  CHECK(offered(folder, {"lookup", "--pool", "="}) == Words{"sum", "mean", "max"});
  CHECK(offered(folder, {"lookup", "--pool", "=", "m"}) == Words{"mean", "max"});
  CHECK(offered(folder, {"head", "t.safetensors", "--col"}) == Words{"--columns"});
  CHECK(has(offered(folder, {"head", "t.safetensors", "-"}), "-n"));
  CHECK(offered(folder, {"completions", ""}) == Words{"bash", "zsh", "fish"});

  // Names of files are bash's own affair; of numbers there is nothing to offer.
  CHECK(offered(folder, {"info", ""}).empty());
  CHECK(offered(folder, {"head", "-n", ""}).empty());
  CHECK(offered(folder, {"frobnicate", "--"}).empty());
  CHECK(offered(folder, {"convert", "--from", "$(touch harm)"}).empty());
  CHECK(folder.entries() == 1);
}

TEST_CASE("completions: every verb and option of --help is in each shell's script", "[tools]") {
  const TemporaryFolder folder;
  std::vector<std::string> scripts;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto outcome = windrow_command(folder, {"completions", shell});
    CHECK(outcome.status == 0);
    scripts.push_back(outcome.out);
  }
  const auto listed = run_shell(folder, "\"$W\" --help | sed -n '/^Subcommands:/,/^$/s/^  \\([a-z][a-z-]*\\) .*/\\1/p'");
  std::istringstream verbs(listed.out);
  size_t count = 0;
  for (std::string verb; std::getline(verbs, verb); ++count) {
    CAPTURE(verb);
    const auto options =
        run_shell(folder, "\"$W\" " + verb + " --help | sed -n '/^Options:/,/^$/p' | grep -oE '^  [^ ]*--[a-z0-9-]+' | "
                          "grep -oE -- '--[a-z0-9-]+'");
    for (const std::string& script : scripts) CHECK(script.find(verb) != std::string::npos);
    std::istringstream names(options.out);
    size_t of_verb = 0;
    for (std::string name; std::getline(names, name); ++of_verb) {
      CAPTURE(name);
      CHECK(scripts[0].find(name) != std::string::npos);
      CHECK(scripts[1].find(name) != std::string::npos);
      CHECK(scripts[2].find(" -l " + name.substr(2) + " ") != std::string::npos);
    }
    CHECK(of_verb >= 1);
  }
  CHECK(count >= 15);
}

TEST_CASE("completions: the shells that are installed accept their scripts", "[tools]") {
  const TemporaryFolder folder;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    if (!is_installed(folder, shell)) continue;
    const auto outcome = run_shell(folder, "\"$W\" completions " + std::string(shell) + " > script && HOME=. " + shell +
                                               " -n script");
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("completions: another shell is wrong usage", "[tools]") {
  const TemporaryFolder folder;
  CHECK(windrow_command(folder, {"completions"}).status == 2);
  CHECK(windrow_command(folder, {"completions", "csh"}).status == 2);
  CHECK(windrow_command(folder, {"completions", "--help"}).says("EXAMPLES"));
}
