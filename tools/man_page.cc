#include "man_page.h"

#include <cctype>

#include "base/fail.h"

namespace windrow::tools {

namespace {

// Text as roff prints it: hyphens, quotes and the like are those that a reader can copy to a shell (groff_char(7)).
std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// A line of text must not begin with what starts a request.
std::string text_line(const std::string& text) {
  const bool request = text.starts_with('.') || text.starts_with('\'');
  return concat(request ? "\\&" : "", roff(text), "\n");
}

std::string bold(const std::string& text) {
  return "\\fB" + roff(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + roff(text) + "\\fR";
}

std::string capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string title(const std::string& page, const std::string& version) {
  return concat(".\\\" Made from the options of the command by `windrow man`.\n.TH ", capitals(roff(page)),
                " 1 \"\" \"windrow ", roff(version), "\" \"Windrow\"\n");
}

std::string value_name(const CliOption& option) {
  switch (option.value) {
    case CliOption::Value::kNone:
      return "";
    case CliOption::Value::kNumber:
      return "N";
    case CliOption::Value::kChoice:
      return option.choices.size() <= 3 ? "" : "NAME";
    case CliOption::Value::kText:
      return "TEXT";
  }
  return "";
}

// " N", or " a|b" for few choices.
std::string value_text(const CliOption& option) {
  if (option.value == CliOption::Value::kNone) return "";
  const std::string name = value_name(option);
  if (!name.empty()) return " " + italic(name);
  std::string text;
  for (const std::string& choice : option.choices) text += (text.empty() ? "" : "|") + bold(choice);
  return " " + text;
}

std::string all_choices_unless_told(const CliOption& option) {
  bool told = option.value != CliOption::Value::kChoice || option.choices.size() <= 3;
  std::string list;
  bool all = true;
  for (const std::string& choice : option.choices) {
    all = all && option.about.find(choice) != std::string::npos;
    list += (list.empty() ? "" : ", ") + choice;
  }
  return told || all ? "" : concat("One of ", list, ".");
}

std::string option_entry(const CliOption& option) {
  std::string tag;
  for (const std::string& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
  if (option.names.empty()) tag = italic(option.position);
  std::string entry = concat(".TP\n", tag, option.names.empty() ? "" : value_text(option), "\n",
                             text_line(option.about.empty() ? option.position : option.about));
  if (const std::string list = all_choices_unless_told(option); !list.empty())
    entry += ".br\n" + text_line(list);
  return entry;
}

// Arguments by position first, then options: as they stand in --help.
std::string option_sections(const CliVerb& verb) {
  std::string arguments, options;
  for (const CliOption& option : verb.options)
    (option.names.empty() ? arguments : options) += option_entry(option);
  return concat(arguments.empty() ? "" : ".SH ARGUMENTS\n" + arguments,
                options.empty() ? "" : ".SH OPTIONS\n" + options);
}

std::string synopsis(const std::string& command, const CliVerb& verb) {
  std::string text = concat(".SH SYNOPSIS\n", bold(command), " ", bold(verb.name));
  for (const CliOption& option : verb.options) {
    if (!option.names.empty()) continue;
    const std::string name = italic(option.position) + (option.several ? " ..." : "");
    text += option.required ? " " + name : concat(" [", name, "]");
  }
  for (const CliOption& option : verb.options) {
    if (option.required && !option.names.empty())
      text += concat(" ", bold(option.names.back()), value_text(option));
  }
  return text + " [" + italic("OPTION") + " ...]\n";
}

// A heading of a footer is a line that begins with words in capitals, and maybe goes on behind a semicolon.
size_t heading_length(const std::string& line) {
  const auto capital = [&](size_t i) {
    return i < line.size() && std::isupper(static_cast<unsigned char>(line[i]));
  };
  size_t length = 0;
  while (capital(length) ||
         (length > 0 && length < line.size() && line[length] == ' ' && capital(length + 1)))
    ++length;
  return length >= 4 && (length == line.size() || line[length] == ';') ? length : 0;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Headings become sections; indented lines stay as they are; the rest is paragraphs, those before the first heading
// a section of notes.
std::string footer_sections(const std::string& footer) {
  std::string result;
  bool literal = false, in_section = false, in_paragraph = false;
  const auto end_literal = [&] {
    if (literal) result += ".fi\n.RE\n";
    literal = false;
  };
  for (const std::string& line : lines_of(footer)) {
    if (line.empty()) {
      end_literal();
      in_paragraph = false;
      continue;
    }
    if (const size_t length = heading_length(line); length > 0) {
      end_literal();
      result += concat(".SH ", line.substr(0, length), "\n");
      in_section = true;
      in_paragraph = line.size() > length;
      std::string rest = line.size() > length + 2 ? line.substr(length + 2) : "";
      if (rest.empty()) continue;
      rest[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(rest[0])));
      result += text_line(rest + ":");
      continue;
    }
    if (!in_section) result += ".SH NOTES\n";
    const bool starts_section = !in_section;
    in_section = true;
    if (line.starts_with("  ")) {
      if (!literal) result += ".RS 2\n.nf\n";
      literal = true;
      in_paragraph = false;
      result += text_line(line.substr(2));
      continue;
    }
    end_literal();
    if (!in_paragraph && !starts_section && !result.ends_with(".SH NOTES\n")) result += ".PP\n";
    in_paragraph = true;
    result += text_line(line);
  }
  end_literal();
  return result;
}

constexpr const char* kStatus =
    ".SH EXIT STATUS\n"
    ".TP\n0\nDone.\n"
    ".TP\n1\nFailed; why stands on standard error.\n"
    ".TP\n2\nUsed wrongly.\n";

}  // namespace

std::string man_page(const CliDefinition& definition, const std::string& version) {
  const CliVerb& command = definition.command;
  std::string page = title(command.name, version);
  page += concat(".SH NAME\n", roff(command.name), " \\- ", roff(command.about), "\n");
  page +=
      concat(".SH SYNOPSIS\n", bold(command.name), " ", italic("VERB"), " [", italic("ARGUMENT"), " ...]\n");
  page += ".SH VERBS\nEach has a manual page of its own.\n";
  std::string see;
  for (const CliVerb& verb : definition.verbs) {
    if (verb.hidden) continue;
    const std::string name = command.name + "-" + verb.name;
    page += concat(".TP\n", bold(verb.name), "\n", text_line(verb.about));
    see += concat(see.empty() ? "" : ",\n", ".BR ", roff(name), " (1)");
  }
  page += option_sections(command) + footer_sections(command.footer) + kStatus;
  return page + ".SH SEE ALSO\n" + see + "\n";
}

std::string man_page(const CliDefinition& definition, const CliVerb& verb, const std::string& version) {
  const std::string& command = definition.command.name;
  const std::string name = command + "-" + verb.name;
  std::string page = title(name, version);
  page += concat(".SH NAME\n", roff(name), " \\- ", roff(verb.about), "\n");
  page += synopsis(command, verb) + option_sections(verb) + footer_sections(verb.footer);
  // A verb that gives its status a meaning of its own says so.
  if (page.find(".SH EXIT STATUS") == std::string::npos) page += kStatus;
  return page + concat(".SH SEE ALSO\n.BR ", roff(command), " (1)\n");
}

}  // namespace windrow::tools
