#pragma once

#include <cctype>
#include <string>
#include <vector>

// Why a text is not well-formed XML, as far as tests need it: tags nest and are closed, attributes are quoted and
// occur once, and no '<' or lone '&' stands in a text or value. Empty when it is.
inline std::string xml_problem(const std::string& text) {
  std::vector<std::string> open;
  const auto name_at = [&](size_t& at) {
    const size_t start = at;
    while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '-')) ++at;
    return text.substr(start, at - start);
  };
  const auto entity_at = [&](size_t at) {
    for (const char* entity : {"&lt;", "&gt;", "&amp;", "&quot;"}) {
      if (text.compare(at, std::string(entity).size(), entity) == 0) return true;
    }
    return false;
  };
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const auto problem = [&](const std::string& what) { return what + " at byte " + std::to_string(at); };
    if (text[at] == '&' && !entity_at(at)) return problem("a lone &");
    if (text[at] != '<') {
      if (open.empty() && !std::isspace(static_cast<unsigned char>(text[at]))) return problem("text outside");
      ++at;
      continue;
    }
    if (text.compare(at, 2, "</") == 0) {
      at += 2;
      const std::string name = name_at(at);
      if (open.empty() || open.back() != name || at >= text.size() || text[at] != '>')
        return problem("a tag that closes nothing: " + name);
      open.pop_back();
      ++at;
      continue;
    }
    if (open.empty() && any) return problem("a second root");
    any = true;
    const std::string name = name_at(++at);
    if (name.empty()) return problem("a tag without a name");
    std::vector<std::string> attributes;
    while (at < text.size() && text[at] == ' ') {
      const std::string attribute = name_at(++at);
      for (const auto& other : attributes) {
        if (other == attribute) return problem("an attribute twice: " + attribute);
      }
      attributes.push_back(attribute);
      if (text.compare(at, 2, "=\"") != 0) return problem("an attribute without a value: " + attribute);
      for (at += 2; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '<' || (text[at] == '&' && !entity_at(at)))
          return problem("a bad value of " + attribute);
      }
      ++at;
    }
    if (text.compare(at, 2, "/>") == 0) {
      at += 2;
    } else if (at < text.size() && text[at] == '>') {
      open.push_back(name);
      ++at;
    } else {
      return problem("a tag that does not end: " + name);
    }
  }
  if (!any) return "no root";
  return open.empty() ? "" : "not closed: " + open.back();
}
