#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windrow {

// A name in which a `*` stands for a number: `layer.shards.*.weight`.
class NumberPattern {
 public:
  static bool is_one(std::string_view text) { return text.find('*') != text.npos; }
  // kInvalidArgument unless `text` has one `*`.
  static Result<NumberPattern> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view prefix() const { return std::string_view(text_).substr(0, star_); }
  std::string_view suffix() const { return std::string_view(text_).substr(star_ + 1); }

  // The digits of a name that fits; nothing for one that does not.
  std::optional<std::string_view> digits_in(std::string_view name) const;
  // The name with these digits.
  std::string with(std::string_view digits) const;

 private:
  std::string text_;
  size_t star_ = 0;
};

}  // namespace windrow
