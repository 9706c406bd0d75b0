#include <algorithm>
#include <sstream>

#include "support/catch.h"
#include "tools/command.h"

namespace {

bool is_installed(const TemporaryFolder& folder, const std::string& program) {
  return run_shell(folder, "command -v " + program + " > /dev/null").status == 0;
}

std::vector<std::string> verbs_of_help(const TemporaryFolder& folder) {
  const auto listed = run_shell(folder, "\"$W\" --help | sed -n '/^Subcommands:/,/^$/s/^  \\([a-z][a-z-]*\\) .*/\\1/p'");
  std::istringstream lines(listed.out);
  std::vector<std::string> verbs;
  for (std::string verb; std::getline(lines, verb);) verbs.push_back(verb);
  return verbs;
}

// As it stands in a page.
std::string in_roff(const std::string& text) {
  std::string roff;
  for (const char c : text) roff += c == '-' ? std::string("\\-") : std::string(1, c);
  return roff;
}

}  // namespace

TEST_CASE("man: the command's page lists every verb", "[tools]") {
  const TemporaryFolder folder;
  const auto page = windrow_command(folder, {"man"});
  CHECK(page.status == 0);
  CHECK(page.says(".TH WINDROW 1"));
  CHECK(page.says("windrow 0.1.0"));
  const auto verbs = verbs_of_help(folder);
  CHECK(verbs.size() >= 15);
  for (const std::string& verb : verbs) {
    CAPTURE(verb);
    CHECK(page.says(".TP\n\\fB" + in_roff(verb) + "\\fR\n"));
    CHECK(page.says(".BR " + in_roff("windrow-" + verb) + " (1)"));
  }
  CHECK(!page.says("completions"));
}

TEST_CASE("man: a verb's page has its arguments, options and examples", "[tools]") {
  const TemporaryFolder folder;
  for (const std::string& verb : verbs_of_help(folder)) {
    CAPTURE(verb);
    const auto page = windrow_command(folder, {"man", verb});
    CHECK(page.status == 0);
    CHECK(page.says(".SH NAME\n" + in_roff("windrow-" + verb) + " \\- "));
    for (const char* part : {".SH SYNOPSIS\n", ".SH OPTIONS\n", ".SH EXAMPLES\n", ".SH EXIT STATUS\n", ".SH SEE ALSO\n"}) {
      CAPTURE(part);
      CHECK(page.says(part));
    }
    const auto options =
        run_shell(folder, "\"$W\" " + verb + " --help | sed -n '/^Options:/,/^$/p' | grep -oE '^  [^ ]*--[a-z0-9-]+' | "
                          "grep -oE -- '--[a-z0-9-]+'");
    std::istringstream names(options.out);
    for (std::string name; std::getline(names, name);) {
      CAPTURE(name);
      CHECK(page.says("\\fB" + in_roff(name) + "\\fR"));
    }
    const auto arguments = run_shell(
        folder, "\"$W\" " + verb + " --help | sed -n '/^Positionals:/,/^$/p' | grep -oE '^  [A-Z]+'");
    std::istringstream positions(arguments.out);
    for (std::string name; positions >> name;) {
      CAPTURE(name);
      CHECK(page.says(".TP\n\\fI" + name + "\\fR\n"));
    }
    // No line of text is taken for a request that there is none of.
    std::istringstream lines(page.out);
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line != "");
      if (line[0] != '.') continue;
      const std::string request = line.substr(0, line.find(' '));
      const std::string known[] = {".\\\"", ".TH", ".SH", ".TP", ".PP", ".RS", ".RE", ".nf", ".fi", ".br", ".BR"};
      CHECK(std::count(std::begin(known), std::end(known), request) == 1);
    }
  }
}

TEST_CASE("man: the formatters that are installed have nothing to say against the pages", "[tools]") {
  const TemporaryFolder folder;
  auto verbs = verbs_of_help(folder);
  verbs.insert(verbs.end(), {"", "completions", "man"});
  for (const std::string& verb : verbs) {
    CAPTURE(verb);
    REQUIRE(run_shell(folder, "\"$W\" man " + verb + " > page.1").status == 0);
    const std::vector<std::pair<std::string, std::string>> checks = {
        {"groff", "groff -K utf8 -T utf8 -man -ww page.1 > /dev/null"},
        // It warns of pages without a date, and of those that are not installed.
        {"mandoc", "mandoc -T lint -W warning page.1 | grep -v 'missing date' >&2 || true"}};
    for (const auto& [program, check] : checks) {
      if (!is_installed(folder, program)) continue;
      const auto outcome = run_shell(folder, check);
      INFO(outcome.err);
      CHECK(outcome.status == 0);
      CHECK(outcome.err.empty());
    }
  }
}

TEST_CASE("man: a verb that there is not is wrong usage", "[tools]") {
  const TemporaryFolder folder;
  const auto outcome = windrow_command(folder, {"man", "frobnicate"});
  CHECK(outcome.status == 2);
  CHECK(outcome.says("unknown verb 'frobnicate'"));
}
