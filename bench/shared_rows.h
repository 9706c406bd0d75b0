#pragma once

#include <windrow/table.h>

#include "lookup_case.h"

// Tables for benchmarks, all of them views of one memory: it is filled once, and grows to what the largest table
// that is really measured needs. Cases with 4 KiB pages have a memory of their own, which takes the place of the
// other one.

// `shards` pieces of equal size, or one. `bytes_from_line` is where the first row begins, behind a cache line.
windrow::Table shared_table(const windrow::RowFormat& format, int64_t rows, bool huge_pages = true,
                            int64_t shards = 1, size_t bytes_from_line = 0);

// Bytes per nanosecond at which `threads` threads read the first `bytes` bytes of that memory in order, the best
// of three ways. The table that was made last must cover them.
double sequential_gb_per_s(size_t bytes, int threads);
