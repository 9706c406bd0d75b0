#pragma once

#include <windrow/row_format.h>
#include <windrow/vocabulary.h>
#include <cstdint>
#include <vector>

#include "io/file.h"

namespace windrow {

// A run of rows that lie in one mapped file.
struct Segment {
  const uint8_t* base = nullptr;
  int64_t first_row = 0;
  int64_t rows = 0;
};

// What a Table shares with its copies, and with the Trainer on it.
struct TableData {
  RowFormat format;
  int64_t rows = 0;
  std::vector<Segment> segments;  // by ascending first_row; segments without rows are left out
  int64_t equal_rows = 0;         // rows of every segment but a shorter last one, when they are equal; else 0
  std::vector<io::Mapping> mappings;
  Vocabulary vocabulary;

  // The first byte of a row in [0, rows).
  const uint8_t* row(int64_t id) const;
  // Adds rows at the end.
  void add(const Segment& segment);
};

}  // namespace windrow
