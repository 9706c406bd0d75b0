#pragma once

#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <windrow/table.h>
#include <windrow/vocabulary.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/divider.h"
#include "io/file.h"
#include "table/whole_rows.h"

namespace windrow {

// A run of rows that lie in one mapped file.
struct Segment {
  const uint8_t* base = nullptr;
  int64_t first_row = 0;
  int64_t rows = 0;
  // Formats with scales apart: row r of the segment has those at scales + r / rows_per_scale *
  // scale_stride_bytes.
  const uint8_t* scales = nullptr;
  size_t scale_stride_bytes = 0;
  int64_t rows_per_scale = 1;

  const uint8_t* scales_of(int64_t row) const {
    const int64_t number = rows_per_scale == 1 ? row : row / rows_per_scale;
    return scales + static_cast<size_t>(number) * scale_stride_bytes;
  }
};

// Where a table was opened, to be opened again.
struct TableOrigin {
  std::vector<std::string> paths, real_paths;  // as given, and with links resolved
  OpenOptions options;
  struct File {
    std::string path;
    io::FileId id;
  };
  std::vector<File> files;  // that are mapped
};

// What a Table shares with its copies, and with the Trainer on it.
struct TableData {
  RowFormat format;
  int64_t rows = 0;
  std::vector<Segment> segments;  // by ascending first_row; segments without rows are left out
  int64_t equal_rows = 0;         // rows of every segment but a shorter last one, when they are equal; else 0
  Divider by_equal_rows;          // when equal_rows is not 0
  std::vector<io::Mapping> mappings;
  Vocabulary vocabulary;
  std::optional<Subwords> subwords;
  const uint8_t* kept_buckets = nullptr;  // subwords.buckets, where those are pruned
  Residency residency = Residency::kAuto;  // how the mappings are held: kLazy also where kAuto came to that
  bool lazy = false;                       // pages may be missing: lookups ask for them ahead
  std::shared_ptr<const WholeRows> whole;  // where rows are to be read whole beside a trainer
  TableOrigin origin;                      // without paths for a table that was not opened from any

  // The segment of a row in [0, rows).
  const Segment& segment_of(int64_t id) const {
    if (equal_rows > 0) return segments[by_equal_rows.quotient(static_cast<uint64_t>(id))];
    return segment_by_search(id);
  }
  // The first byte of a row in [0, rows); the first byte of its scales, where they are apart.
  const uint8_t* row(int64_t id) const;
  const uint8_t* scales(int64_t id) const;
  // Adds rows at the end.
  void add(const Segment& segment);

 private:
  const Segment& segment_by_search(int64_t id) const;
};

}  // namespace windrow
