#include "cli_definition.h"

#include <algorithm>

namespace windrow::tools {

namespace {

// The parser describes a set as TEXT:{a,b,c}, whatever its validator was made of.
std::vector<std::string> choices_in(const std::string& type) {
  const size_t begin = type.find('{');
  const size_t end = type.find('}', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::vector<std::string> choices;
  std::string choice;
  for (size_t at = begin + 1; at <= end; ++at) {
    if (type[at] != ',' && type[at] != '}') {
      choice += type[at];
    } else if (!choice.empty()) {
      choices.push_back(std::move(choice));
      choice.clear();
    }
  }
  return choices;
}

CliOption define_option(const CLI::Option& option) {
  CliOption result;
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  if (result.names.empty()) result.position = option.get_name(true);
  result.about = option.get_description();
  result.required = option.get_required();
  if (option.get_items_expected_max() == 0) return result;
  const std::string type = option.get_type_name();
  result.several = option.get_items_expected_max() > 1;
  result.choices = choices_in(type);
  const bool number = type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT");
  result.value = !result.choices.empty() ? CliOption::Value::kChoice
                 : number                ? CliOption::Value::kNumber
                                         : CliOption::Value::kText;
  return result;
}

CliVerb define_verb(const CLI::App& app) {
  CliVerb verb;
  verb.name = app.get_name();
  verb.about = app.get_description();
  verb.footer = app.get_footer();
  verb.hidden = app.get_group().empty();
  const auto options =
      app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
  for (const CLI::Option* option : options) verb.options.push_back(define_option(*option));
  return verb;
}

}  // namespace

const CliVerb* CliDefinition::find(const std::string& verb) const {
  const auto found =
      std::find_if(verbs.begin(), verbs.end(), [&](const CliVerb& v) { return v.name == verb; });
  return found == verbs.end() ? nullptr : &*found;
}

CliDefinition define(const CLI::App& command) {
  CliDefinition definition{define_verb(command), {}};
  for (const CLI::App* verb : command.get_subcommands([](const CLI::App*) { return true; })) {
    definition.verbs.push_back(define_verb(*verb));
  }
  return definition;
}

std::string brief(const std::string& about) {
  constexpr size_t kMost = 72;
  std::string text = about.substr(0, about.find_first_of(";\n"));
  if (text.size() <= kMost) return text;
  size_t end = text.rfind(' ', kMost);
  if (end == std::string::npos) end = kMost;
  return text.substr(0, end) + " ...";
}

std::string quoted_for_shell(const std::string& text) {
  return "'" + replaced(text, "'", "'\\''") + "'";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace windrow::tools
