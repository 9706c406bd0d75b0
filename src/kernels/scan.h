#pragma once

#include <windrow/row_format.h>
#include <cstddef>
#include <cstdint>

#include "kernels/rows.h"

namespace windrow::kernels {

// What a search computes of a query q and a row x. All sums are eight partial sums, in the order of dot.h.
enum class Measure : uint8_t {
  kCosine,    // dot(q, x) / (query_norm * sqrt(dot(x, x))), 0 where that product is 0
  kDot,       // dot(q, x)
  kDistance,  // -sqrt(sum((q - x) * (q - x))): of distances the largest is the best, too
};

// Rows are taken so many at a time, and their addresses come in multiples of it: the last one is repeated.
constexpr size_t kScanRows = 4;

struct ScanRun {
  const uint8_t* const* rows;  // addresses of rows, of any alignment
  size_t count;                // a multiple of kScanRows, at most kMaxRows
  size_t ahead;                // row i + ahead is prefetched while row i is read; 0: no prefetch
  size_t row_bytes;            // of what is prefetched
  size_t dim;

  // Queries follow each other, each padded with zeros to padded_columns(dim) floats.
  const float* queries;
  const float* query_norms;  // for kCosine
  size_t query_count;
};

constexpr size_t padded_columns(size_t dim) {
  return (dim + 7) / 8 * 8;
}

// scores[q * run.count + i] = the measure of query q and row i.
using ScanFn = void (*)(const ScanRun& run, float* scores);

// Null for rows that must be decoded first, and scanned as f32.
ScanFn scan_rows(RowFormat::Kind kind, Measure measure);

}  // namespace windrow::kernels
