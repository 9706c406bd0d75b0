#pragma once

#include <windrow/row_format.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support.h"

// One lookup benchmark, and what it is called.

enum class Op { kGather, kSum, kWeighted, kMean, kMax };

struct LookupCase {
  Op op = Op::kSum;
  windrow::RowFormat format;
  int64_t rows = 0;
  int threads = 1;
  size_t bag = 32;         // ids in a bag
  size_t batch = 131'072;  // ids in a call
  Stream stream = Stream::kUniform;
  bool padding = false;         // the call names a padding id
  int64_t shards = 1;           // pieces of equal size that the table consists of
  size_t base_offset = 0;       // bytes from a cache line to the first row
  bool huge_pages = true;       // 2 MiB pages
  const char* table = nullptr;  // the size as a name, in the full sample

  // Such as pool_sum/f16/dim:64/bag:32/rows:1000000/ids:uniform/threads:2. Further parts stand before the threads
  // where a case differs from the defaults above.
  std::string name() const;
  size_t table_bytes() const { return static_cast<size_t>(rows) * format.stride_bytes; }
};

// What is measured unless all is asked for: the cases that goals and claims are about, in about a minute.
std::vector<LookupCase> default_cases(int all_threads);

// A sample of everything: nine row formats, five operations, eleven dims, three sizes of tables, one thread and all.
std::vector<LookupCase> all_cases(int all_threads);

// Registers lookups with Google Benchmark.
void add_lookups(const std::vector<LookupCase>& cases);
// Requests of a few ids, each beside a hand-written loop.
void add_small_requests();
// Hundreds of tables in one call, beside a call for each.
void add_many_tables(int all_threads);
