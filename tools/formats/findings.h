#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace windrow::tools {

// Something met in a source that is no error: how often, and where first.
struct Sighting {
  uint64_t count = 0;
  uint64_t first_row = 0;              // of the source, from 0
  std::optional<uint64_t> first_byte;  // where that row begins, if its reader says so

  void add(uint64_t row, std::optional<uint64_t> byte) {
    if (count++ > 0) return;
    first_row = row;
    first_byte = byte;
  }
};

// A line that a lenient reader left out.
struct SkippedLine {
  uint64_t line = 0;  // from 1
  uint64_t byte = 0;  // where it begins
  std::string reason;
};

// What a reader itself met, so far; what rows hold is found out behind it.
struct ReaderFindings {
  static constexpr size_t kMaxSkippedLines = 10;

  Sighting crlf_lines;
  uint64_t skipped = 0;
  std::vector<SkippedLine> first_skipped;  // at most kMaxSkippedLines
  std::vector<std::string> remarks;        // what a user should know although it is no error

  void skip(SkippedLine line) {
    if (skipped++ < kMaxSkippedLines) first_skipped.push_back(std::move(line));
  }
};

}  // namespace windrow::tools
