#include "shared_rows.h"

#include <algorithm>
#include <optional>

#include "bench_limit.h"
#include "bench_memory.h"
#include "table/table_data.h"

using namespace windrow;

namespace {

constexpr size_t kMostBytes = size_t{64} << 30;  // addresses only

struct Shared {
  std::optional<tools::BenchMemory> memory;
  bool huge_pages = false;
  const uint8_t* begin = nullptr;
} shared;

const uint8_t* first_bytes(size_t bytes, bool huge_pages) {
  if (!shared.memory || shared.huge_pages != huge_pages) {
    shared.memory.reset();  // before the next one, so that there is room for it
    auto reserved =
        tools::BenchMemory::reserve(kMostBytes, huge_pages ? tools::PageSize::k2MiB : tools::PageSize::k4KiB);
    if (!reserved) give_up(reserved.error().message);
    shared.memory = std::move(*reserved);
    shared.huge_pages = huge_pages;
  }
  const auto begin = shared.memory->first(bytes);
  if (!begin) give_up(begin.error().message);
  return shared.begin = *begin;
}

}  // namespace

Table shared_table(const RowFormat& format, int64_t rows, bool huge_pages, int64_t shards,
                   size_t bytes_from_line) {
  const uint8_t* begin =
      first_bytes(bytes_from_line + static_cast<size_t>(rows) * format.stride_bytes, huge_pages) +
      bytes_from_line;
  if (shards == 1) {
    auto table = Table::wrap(begin, rows, format);
    if (!table) give_up(table.error().message);
    return *table;
  }
  // As a table has it that was opened from several files.
  auto data = std::make_shared<TableData>();
  data->format = format;
  const int64_t per_shard = (rows + shards - 1) / shards;
  for (int64_t first = 0; first < rows; first += per_shard) {
    Segment segment;
    segment.base = begin + static_cast<size_t>(first) * format.stride_bytes;
    segment.first_row = first;
    segment.rows = std::min(per_shard, rows - first);
    data->add(segment);
  }
  return Table(std::shared_ptr<const TableData>(std::move(data)));
}

double sequential_gb_per_s(size_t bytes, int threads) {
  tools::SequentialRead read(shared.begin, bytes, threads);
  read.measure();
  return read.best_gb_per_s();
}
