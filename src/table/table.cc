#include "windrow/table.h"

#include <algorithm>
#include <limits>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "io/paging.h"
#include "table/init.h"
#include "table/row_format_check.h"
#include "table/table_data.h"
#include "table/table_file.h"
#include "table/table_mapping.h"
#include "table/vocabulary_format.h"
#include "windrow/table_writer.h"

namespace windrow {

namespace {

// Whether readers may open a table that is not clean, and if not, the message that says which of the two it
// is.
Result<void> check_clean(TableFile& table, Unclean policy) {
  if (!table.is_windrow() || table.slot->clean) return {};
  auto locked = table.file->is_locked_elsewhere();
  if (!locked) return pass(locked);
  // The trainer may have closed the table between the two looks.
  auto slot = read_slot(table);
  if (!slot) return pass(slot);
  table.slot = *slot;
  if (slot->clean || policy == Unclean::kAny || (policy == Unclean::kLive && *locked)) return {};
  if (*locked) {
    return fail(ErrorCode::kUnclean, table.path(),
                ": a trainer is working on this table; wait until it has closed it, "
                "or open it with unclean = kLive");
  }
  return fail(
      ErrorCode::kUnclean, table.path(),
      ": a trainer died with this table, whose rows are now a mix of before "
      "and after; `windrow recover --accept-mixed` keeps them as they are, unclean = kAny reads them");
}

Result<Segment> map_segment(TableFile& table, const OpenOptions& options, TableData& data) {
  if (auto clean = check_clean(table, options.unclean); !clean) return pass(clean);
  const bool quiet = !table.is_windrow() || table.slot->clean;
  auto mapping = map_for_reading(*table.file, options, quiet);
  if (!mapping) return pass(mapping);
  data.mappings.push_back(*mapping);
  return Segment{mapping->data + table.rows_begin, data.rows, table.rows};
}

}  // namespace

const uint8_t* TableData::row(int64_t id) const {
  const Segment* segment = &segments[0];
  if (segments.size() > 1) {
    if (equal_rows > 0) {
      segment = &segments[static_cast<size_t>(id / equal_rows)];
    } else {
      segment = &*std::prev(
          std::upper_bound(segments.begin(), segments.end(), id,
                           [](int64_t wanted, const Segment& s) { return wanted < s.first_row; }));
    }
  }
  return segment->base + static_cast<size_t>(id - segment->first_row) * format.stride_bytes;
}

void TableData::add(const Segment& segment) {
  if (segment.rows == 0) return;
  segments.push_back(segment);
  rows += segment.rows;
  // All but the last must have as many rows as the first.
  const int64_t first = segments[0].rows;
  const auto last = segments.end() - 1;
  const bool equal =
      std::all_of(segments.begin(), last, [first](const Segment& s) { return s.rows == first; });
  equal_rows = equal && last->rows <= first ? first : 0;
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
    TableWriterSpec writer_spec{
        spec.format, spec.optimizer, spec.rows, {{"windrow.init", init_text(spec.init)}}};
    writer_spec.metadata.emplace_back("windrow.seed", std::to_string(spec.seed));
    auto writer = TableWriter::create(path, writer_spec);
    if (!writer) return pass(writer);

    const auto dim = static_cast<size_t>(spec.format.dim);
    const int64_t block_rows =
        std::max<int64_t>(1, (4 << 20) / static_cast<int64_t>(spec.format.row_bytes()));
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

Result<Table> Table::open(const std::string& path, const OpenOptions& options) {
  return guard([&]() -> Result<Table> {
    auto file = open_table_file(io::posix(), path, io::Access::kRead, options.tensor);
    if (!file) return pass(file);
    auto data = std::make_shared<TableData>();
    data->format = file->format;
    auto segment = map_segment(*file, options, *data);
    if (!segment) return pass(segment);
    data->add(*segment);
    if (file->is_windrow()) {
      auto vocabulary = VocabularyReader::read(file->header, data->mappings[0], data->rows, file->path());
      if (!vocabulary) return pass(vocabulary);
      data->vocabulary = *vocabulary;
    }
    return Table(std::move(data));
  });
}

Result<Table> Table::open(std::span<const std::string> paths, const OpenOptions& options) {
  return guard([&]() -> Result<Table> {
    if (paths.empty()) return fail(ErrorCode::kInvalidArgument, "no files were given to open as one table");
    auto data = std::make_shared<TableData>();
    for (const auto& path : paths) {
      auto file = open_table_file(io::posix(), path, io::Access::kRead, options.tensor);
      if (!file) return pass(file);
      if (&path == &paths.front()) data->format = file->format;
      if (file->format != data->format) {
        return fail(ErrorCode::kInvalidArgument, path, ": rows of dim ", file->format.dim, " (stride ",
                    file->format.stride_bytes, "), but ", paths[0], " has dim ", data->format.dim,
                    " (stride ", data->format.stride_bytes, "); pieces of one table must agree");
      }
      auto segment = map_segment(*file, options, *data);
      if (!segment) return pass(segment);
      if (segment->rows > std::numeric_limits<int64_t>::max() - data->rows) {
        return fail(ErrorCode::kInvalidArgument, path, ": more than 2^63 - 1 rows in all");
      }
      data->add(*segment);
    }
    return Table(std::move(data));
  });
}

Result<Table> Table::wrap(const void* memory, int64_t rows, const RowFormat& format) {
  return guard([&]() -> Result<Table> {
    if (auto checked = check_row_format(format); !checked) return pass(checked);
    if (rows < 0 || (rows > 0 && memory == nullptr)) {
      return fail(ErrorCode::kInvalidArgument, "wrap: ", rows, " rows ", memory ? "" : "without memory");
    }
    auto data = std::make_shared<TableData>();
    data->format = format;
    data->add({static_cast<const uint8_t*>(memory), 0, rows});
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
const Vocabulary& Table::vocabulary() const {
  return data_->vocabulary;
}

ResidencyReport Table::residency() const {
  ResidencyReport report;
  for (const auto& mapping : data_->mappings) {
    report.mapped_bytes += mapping.size;
    report.resident_bytes += io::resident_bytes(mapping);
    report.huge_bytes += io::huge_bytes(mapping);
  }
  return report;
}

}  // namespace windrow
