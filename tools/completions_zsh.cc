#include "base/fail.h"
#include "completions.h"

namespace windrow::tools {

namespace {

// What _arguments and _describe take for punctuation.
std::string escaped(std::string text) {
  for (const char* mark : {"\\", "[", "]", ":"})
    text = replaced(std::move(text), mark, std::string("\\") + mark);
  return text;
}

std::string action_of(const CliOption& option) {
  switch (option.value) {
    case CliOption::Value::kNone:
      return "";
    case CliOption::Value::kNumber:
      return ":number: ";
    case CliOption::Value::kText:
      return ":file:_files";
    case CliOption::Value::kChoice: {
      std::string choices;
      for (const std::string& choice : option.choices)
        choices += (choices.empty() ? "" : " ") + escaped(choice);
      return concat(":value:(", choices, ")");
    }
  }
  return "";
}

// A specification for _arguments per name: `--output` takes its value behind a space or a `=`, `-o` with or without
// a space.
std::string specifications(const CliOption& option) {
  if (option.names.empty()) {
    const std::string message = concat(option.several    ? "*:"
                                       : option.required ? ":"
                                                         : "::",
                                       escaped(option.position));
    const std::string action = action_of(option);
    return concat(" \\\n        ", quoted_for_shell(concat(message, action.substr(action.find(':', 1)))));
  }
  std::string all, specs;
  for (const std::string& name : option.names) all += (all.empty() ? "" : " ") + name;
  for (const std::string& name : option.names) {
    const char* behind = option.value == CliOption::Value::kNone ? "" : name.starts_with("--") ? "=" : "+";
    specs += concat(" \\\n        ",
                    quoted_for_shell(concat(option.several ? "*" : concat("(", all, ")"), name, behind, "[",
                                            escaped(brief(option.about)), "]", action_of(option))));
  }
  return specs;
}

std::string specifications_of(const CliVerb& verb) {
  std::string specs;
  for (const CliOption& option : verb.options) specs += specifications(option);
  return specs;
}

}  // namespace

std::string zsh_completion(const CliDefinition& definition) {
  const std::string& name = definition.command.name;
  std::string verbs, cases;
  for (const CliVerb& verb : definition.verbs) {
    if (!verb.hidden) {
      verbs += concat("        ",
                      quoted_for_shell(concat(escaped(verb.name), ":", escaped(brief(verb.about)))), "\n");
    }
    cases += concat("      ", verb.name, ") _arguments", specifications_of(verb), " ;;\n");
  }
  return concat("#compdef ", name, "\n# Completion for zsh, made by `", name, " completions zsh`.\n", "_",
                name,
                "() {\n"
                "  local curcontext=\"$curcontext\" context state state_descr line\n"
                "  typeset -A opt_args\n"
                "  _arguments -C",
                specifications_of(definition.command),
                " \\\n"
                "        '1: :->verb' '*:: :->rest' && return\n"
                "  case $state in\n"
                "    verb)\n"
                "      local -a verbs\n"
                "      verbs=(\n",
                verbs,
                "      )\n"
                "      _describe -t verbs verb verbs ;;\n"
                "    rest)\n"
                "      case $words[1] in\n",
                cases,
                "      esac ;;\n"
                "  esac\n"
                "}\n"
                "# Loaded by name from $fpath, or sourced.\n"
                "if [ \"$funcstack[1]\" = _",
                name, " ]; then _", name, " \"$@\"; else compdef _", name, " ", name, "; fi\n");
}

}  // namespace windrow::tools
