#include "windrow/table.h"

#include <algorithm>
#include <iterator>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "io/paging.h"
#include "table/init.h"
#include "table/page_in.h"
#include "table/request.h"
#include "table/row_format_check.h"
#include "table/table_data.h"
#include "windrow/table_writer.h"

namespace windrow {

const Segment& TableData::segment_by_search(int64_t id) const {
  return *std::prev(std::upper_bound(segments.begin(), segments.end(), id,
                                     [](int64_t wanted, const Segment& s) { return wanted < s.first_row; }));
}

const uint8_t* TableData::row(int64_t id) const {
  const Segment& segment = segment_of(id);
  return segment.base + static_cast<size_t>(id - segment.first_row) * format.stride_bytes;
}

const uint8_t* TableData::scales(int64_t id) const {
  const Segment& segment = segment_of(id);
  return segment.scales_of(id - segment.first_row);
}

void TableData::add(const Segment& segment) {
  if (segment.rows == 0) return;
  // All but the last must have as many rows as the first.
  if (segments.empty()) {
    equal_rows = segment.rows;
    by_equal_rows = Divider(static_cast<uint64_t>(equal_rows));
  } else if (segments.back().rows != equal_rows || segment.rows > equal_rows) {
    equal_rows = 0;
  }
  segments.push_back(segment);
  rows += segment.rows;
}

Result<Table> Table::create(const std::string& path, const TableSpec& spec) {
  return guard([&]() -> Result<Table> {
    if (spec.rows < 0)
      return fail(ErrorCode::kInvalidArgument, "rows is ", spec.rows, ", and must not be below 0");
    if (!spec.tokens.empty() && spec.tokens.size() != static_cast<size_t>(spec.rows)) {
      return fail(ErrorCode::kInvalidArgument, spec.tokens.size(), " tokens for ", spec.rows,
                  " rows: give one for each row, or none");
    }
    if (auto checked = check_init(spec.init); !checked) return pass(checked);
    TableWriterSpec writer_spec{.format = spec.format, .optimizer = spec.optimizer, .rows = spec.rows};
    writer_spec.metadata = {{"windrow.init", init_text(spec.init)},
                            {"windrow.seed", std::to_string(spec.seed)}};
    auto writer = TableWriter::create(path, writer_spec);
    if (!writer) return pass(writer);

    const auto dim = static_cast<size_t>(spec.format.dim);
    const int64_t block_rows = std::max<int64_t>(1, (1 << 20) / spec.format.dim);  // of 4 MiB of floats
    std::vector<float> block(static_cast<size_t>(std::min(block_rows, spec.rows)) * dim);
    const int threads = block.size() < 100'000 ? 1 : thread_count(0);
    for (int64_t first = 0; first < spec.rows; first += block_rows) {
      const int64_t count = std::min(block_rows, spec.rows - first);
      parallel(threads, [&](int thread) {
        for (int64_t r = thread; r < count; r += threads) {
          init_row(spec.init, spec.seed, spec.rows, first + r,
                   std::span(block).subspan(static_cast<size_t>(r) * dim, dim));
        }
      });
      const auto tokens = spec.tokens.empty()
                              ? spec.tokens
                              : spec.tokens.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
      const auto rows = std::span<const float>(block).first(static_cast<size_t>(count) * dim);
      if (auto appended = writer->append(RowsIn(rows, dim), tokens); !appended) return pass(appended);
    }
    if (auto finished = writer->finish(); !finished) return pass(finished);
    return open(path);
  });
}

Result<Table> Table::wrap(const void* memory, int64_t rows, const RowFormat& format, const void* scales) {
  return guard([&]() -> Result<Table> {
    if (auto checked = check_row_format(format); !checked) return pass(checked);
    if (rows < 0 || (rows > 0 && memory == nullptr)) {
      return fail(ErrorCode::kInvalidArgument, "wrap: ", rows, " rows ", memory ? "" : "without memory");
    }
    const bool apart = format.scale_place == RowFormat::ScalePlace::kApart;
    if (apart != (scales != nullptr) && rows > 0) {
      return fail(ErrorCode::kInvalidArgument, "wrap: ",
                  apart ? "the format has its scales apart, but no memory with scales is given"
                        : "scales are given, but the format has none apart from its rows");
    }
    auto data = std::make_shared<TableData>();
    data->format = format;
    Segment segment{static_cast<const uint8_t*>(memory), 0, rows};
    if (format.scale_place == RowFormat::ScalePlace::kApart) {
      segment.scales = static_cast<const uint8_t*>(scales);
      segment.scale_stride_bytes = format.scale_bytes();
    }
    data->add(segment);
    return Table(std::move(data));
  });
}

Table::Table(std::shared_ptr<const TableData> data) : data_(std::move(data)) {}

int64_t Table::rows() const {
  return data_->rows;
}
const RowFormat& Table::format() const {
  return data_->format;
}
const std::byte* Table::row(int64_t id) const {
  return reinterpret_cast<const std::byte*>(data_->row(id));
}
const std::byte* Table::data() const {
  return data_->segments.size() == 1 ? reinterpret_cast<const std::byte*>(data_->segments[0].base) : nullptr;
}
const Subwords* Table::subwords() const {
  return data_->subwords ? &*data_->subwords : nullptr;
}

const Vocabulary& Table::vocabulary() const {
  return data_->vocabulary;
}

ResidencyReport Table::residency() const {
  ResidencyReport report;
  report.residency = data_->residency;
  for (const auto& mapping : data_->mappings) {
    report.mapped_bytes += mapping.size;
    report.resident_bytes += io::resident_bytes(mapping);
  }
  report.huge_bytes = io::huge_bytes(data_->mappings);
  return report;
}

Result<void> Table::prefetch(Ids ids) const {
  return guard([&]() -> Result<void> {
    auto checked = check_ids(ids, data_->rows, {}, BadIds::kError);
    if (!checked) return pass(checked);
    if (data_->lazy) page_in(*data_, ids, 0, ids.count);
    return {};
  });
}

}  // namespace windrow
