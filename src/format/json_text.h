#pragma once

#include <windrow/error.h>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace windrow {

// What the readers of JSON text share.

// Refuses what must be looked for before any JSON reader sees the text: nlohmann/json takes a NUL for the end
// of its input, so that whatever follows would be dropped unseen, and skips a byte order mark. `what` names
// the text, which starts at byte `begin` of its file, in messages. kFormat.
Result<void> check_json_text(std::string_view text, uint64_t begin, std::string_view what);

// Counts what the JSON reader has consumed: its events carry no position.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, uint64_t* consumed) : at_(at), consumed_(consumed) {}

  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*consumed_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  uint64_t* consumed_;
};

}  // namespace windrow
