#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace windrow::tools {

// What the parser knows of the command, for completions and manual pages.

struct CliOption {
  enum class Value { kNone, kNumber, kChoice, kText };

  std::vector<std::string> names;  // "-o", "--output"; none for what is given by its position
  std::string position;            // such as "TABLE"
  std::string about;
  Value value = Value::kNone;
  std::vector<std::string> choices;  // of kChoice
  bool required = false;
  bool several = false;  // takes several values, or may be repeated
};

struct CliVerb {
  std::string name;
  std::string about;
  std::string footer;
  std::vector<CliOption> options;  // in the order of --help
  bool hidden = false;
};

struct CliDefinition {
  CliVerb command;  // its own name, options and footer
  std::vector<CliVerb> verbs;

  const CliVerb* find(const std::string& verb) const;
};

// Verbs that `command` does not have yet are not in it.
CliDefinition define(const CLI::App& command);

// The start of a description, for one line of a list.
std::string brief(const std::string& about);

// `text` in single quotes for bash, zsh and (without backslashes in it) fish.
std::string quoted_for_shell(const std::string& text);

std::string replaced(std::string text, const std::string& from, const std::string& to);

}  // namespace windrow::tools
