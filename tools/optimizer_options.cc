#include "optimizer_options.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/fail.h"
#include "optimizer_kinds.h"
#include "verb.h"

namespace windrow::tools {

namespace {

std::string option_of(std::string_view field) {
  std::string option = concat("--", field);
  std::replace(option.begin(), option.end(), '_', '-');
  return option;
}

std::vector<std::string> names() {
  std::vector<std::string> list;
  for_each_optimizer([&]<class T>(const T&) { list.emplace_back(About<T>::kName); });
  return list;
}

std::string shortest(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

// A hyper-parameter, of one or several optimisers: "sgd (0.01), adam (0.001): the learning rate".
struct Described {
  bool is_flag = false;
  std::vector<std::pair<std::string, std::string>> owners;  // by what it means to them

  void add(const std::string& owner, std::string_view meaning) {
    const auto known =
        std::find_if(owners.begin(), owners.end(), [&](const auto& o) { return o.second == meaning; });
    if (known != owners.end()) {
      known->first += ", " + owner;
    } else {
      owners.emplace_back(owner, meaning);
    }
  }
  std::string text() const {
    std::string all;
    for (const auto& [who, meaning] : owners) all += concat(all.empty() ? "" : "; ", who, ": ", meaning);
    return all;
  }
};

}  // namespace

CLI::Option* add_optimizer_options(CLI::App& verb, OptimizerOptions& options, const std::string& help) {
  std::string list;
  for (const std::string& name : names()) list += (list.empty() ? "" : ", ") + name;
  auto* optimizer =
      verb.add_option("--optimizer", options.name, concat(help, ": ", list))->check(CLI::IsMember(names()));
  std::vector<std::pair<std::string, Described>> fields;  // in the order in which they are met
  for_each_optimizer([&]<class T>(const T& defaults) {
    for (const auto& field : About<T>::kFields) {
      auto known =
          std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == field.name; });
      if (known == fields.end()) known = fields.insert(fields.end(), {std::string(field.name), {}});
      known->second.is_flag = field.flag != nullptr;
      known->second.add(field.number ? concat(About<T>::kName, " (", shortest(defaults.*field.number), ")")
                                     : std::string(About<T>::kName),
                        field.help);
    }
  });
  for (const auto& [name, described] : fields) {
    if (described.is_flag) {
      verb.add_flag_function(
          option_of(name), [&options, name = name](int64_t) { options.flags[name] = true; },
          described.text());
    } else {
      verb.add_option_function<double>(
          option_of(name), [&options, name = name](const double& value) { options.numbers[name] = value; },
          described.text());
    }
  }
  return optimizer;
}

std::optional<Optimizer> OptimizerOptions::chosen() const {
  std::vector<std::string> given;
  for (const auto& [field, value] : numbers) given.push_back(field);
  for (const auto& [field, value] : flags) given.push_back(field);
  if (name.empty()) {
    if (!given.empty())
      throw WrongUsage{concat(option_of(given[0]), ": belongs to an optimiser; name it with --optimizer")};
    return std::nullopt;
  }
  std::optional<Optimizer> optimizer;
  for_each_optimizer([&]<class T>(T kind) {
    if (About<T>::kName != name) return;
    std::string known;
    for (const auto& field : About<T>::kFields) {
      known += (known.empty() ? "" : ", ") + option_of(field.name);
      const std::string key(field.name);
      if (std::erase(given, key) == 0) continue;
      if (field.number) {
        kind.*field.number = numbers.at(key);
      } else {
        kind.*field.flag = flags.at(key);
      }
    }
    if (!given.empty()) {
      throw WrongUsage{
          concat(option_of(given[0]), ": ", name, " has no such hyper-parameter; it has ", known)};
    }
    optimizer = kind;
  });
  return optimizer;
}

}  // namespace windrow::tools
