#include "base/fail.h"
#include "completions.h"

namespace windrow::tools {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string names_of(const CliVerb& verb) {
  std::vector<std::string> names;
  for (const CliOption& option : verb.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return joined(names);
}

// Patterns that the verb and the word before the cursor are compared with.
std::string patterns(const CliVerb& verb, const CliOption& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += concat(text.empty() ? "" : " | ", quoted_for_shell(verb.name + " " + name));
  }
  return text;
}

std::string values_of(const CliVerb& verb) {
  std::string script;
  for (const CliOption& option : verb.options) {
    if (option.names.empty()) continue;
    if (option.value == CliOption::Value::kChoice) {
      script += concat("    ", patterns(verb, option), ") words=", quoted_for_shell(joined(option.choices)),
                       " ;;\n");
    } else if (option.value == CliOption::Value::kNumber) {
      script += concat("    ", patterns(verb, option), ") files=no ;;\n");
    } else if (option.value == CliOption::Value::kText) {
      script += concat("    ", patterns(verb, option), ") ;;\n");
    }
  }
  for (const CliOption& option : verb.options) {
    if (option.names.empty() && option.value == CliOption::Value::kChoice)
      script += concat("    ", quoted_for_shell(verb.name + " "),
                       "*) words=", quoted_for_shell(joined(option.choices)), " ;;\n");
  }
  return script;
}

}  // namespace

std::string bash_completion(const CliDefinition& definition) {
  const std::string& name = definition.command.name;
  std::vector<std::string> first;
  std::string options, values;
  for (const CliVerb& verb : definition.verbs) {
    if (!verb.hidden) first.push_back(verb.name);
    options += concat("    ", verb.name, ") words=", quoted_for_shell(names_of(verb)), " ;;\n");
    values += values_of(verb);
  }
  const std::string own = names_of(definition.command);
  // bash hands `--option=value` over as three words.
  return concat(
      "# Completion for bash, made by `", name, " completions bash`.\n", "_", name,
      "() {\n"
      "  local IFS=$' \\t\\n' words= files=yes word\n"
      "  local verb=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]} "
      "option=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  if [[ $current == '=' ]]; then\n"
      "    current=\n"
      "  elif [[ $option == '=' ]] && ((COMP_CWORD > 2)); then\n"
      "    option=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  fi\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    files=no\n"
      "    words=",
      quoted_for_shell(joined(first) + " " + own),
      "\n"
      "  elif [[ $current == -* ]]; then\n"
      "    files=no\n"
      "    case $verb in\n",
      options,
      "    esac\n"
      "  else\n"
      "    case \"$verb $option\" in\n",
      values,
      "    esac\n"
      "  fi\n"
      "  for word in $words; do\n"
      "    if [[ $word == \"$current\"* ]]; then COMPREPLY+=(\"$word\"); fi\n"
      "  done\n"
      "  # With no answer, bash offers names of files: not where they make no sense.\n"
      "  if [[ $files == no || -n $words ]]; then compopt +o default +o bashdefault 2> /dev/null; fi\n"
      "  return 0\n"
      "}\n"
      "complete -o bashdefault -o default -F _",
      name, " ", name, "\n");
}

}  // namespace windrow::tools
