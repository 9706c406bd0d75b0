#include "base/fail.h"
#include "completions.h"

namespace windrow::tools {

namespace {

// Within single quotes fish knows \' and \\.
std::string quoted(const std::string& text) {
  return concat("'", replaced(replaced(text, "\\", "\\\\"), "'", "\\'"), "'");
}

std::string choices_text(const CliOption& option) {
  std::string text;
  for (const std::string& choice : option.choices) text += (text.empty() ? "" : " ") + choice;
  return text;
}

std::string line_of(const std::string& start, const CliOption& option) {
  std::string line = start;
  if (option.names.empty()) {
    return option.value == CliOption::Value::kChoice
               ? concat(line, " -f -a ", quoted(choices_text(option)), "\n")
               : "";
  }
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? concat(" -l ", name.substr(2)) : concat(" -s ", name.substr(1));
  }
  switch (option.value) {
    case CliOption::Value::kNone:
      break;
    case CliOption::Value::kNumber:
      line += " -x";
      break;
    case CliOption::Value::kText:
      line += " -r -F";
      break;
    case CliOption::Value::kChoice:
      line += concat(" -x -a ", quoted(choices_text(option)));
      break;
  }
  return concat(line, " -d ", quoted(brief(option.about)), "\n");
}

}  // namespace

std::string fish_completion(const CliDefinition& definition) {
  const std::string& name = definition.command.name;
  const std::string first = concat("complete -c ", name, " -n __fish_use_subcommand");
  std::string script = concat("# Completion for fish, made by `", name, " completions fish`.\n");
  for (const CliOption& option : definition.command.options) script += line_of(first, option);
  for (const CliVerb& verb : definition.verbs) {
    if (!verb.hidden) script += concat(first, " -f -a ", verb.name, " -d ", quoted(brief(verb.about)), "\n");
  }
  for (const CliVerb& verb : definition.verbs) {
    const std::string start =
        concat("complete -c ", name, " -n '__fish_seen_subcommand_from ", verb.name, "'");
    for (const CliOption& option : verb.options) script += line_of(start, option);
  }
  return script;
}

}  // namespace windrow::tools
