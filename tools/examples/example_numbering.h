#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace examples {

// Gives every different name a number, from 0 in order of first occurrence.
class Numbering {
 public:
  Numbering() = default;
  Numbering(Numbering&&) noexcept = default;
  Numbering& operator=(Numbering&&) noexcept = default;

  // Of fewer than 2^31 names, which would need some 100 GB.
  int32_t number(std::string_view name) {
    auto found = numbers_.find(name);
    if (found == numbers_.end()) {
      found = numbers_.emplace(name, static_cast<int32_t>(names_.size())).first;
      names_.push_back(found->first);
    }
    return found->second;
  }

  // They live as long as the numbering, wherever it is moved.
  const std::vector<std::string_view>& names() const { return names_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> numbers_;
  std::vector<std::string_view> names_;
};

}  // namespace examples
