#include <algorithm>
#include <limits>
#include <map>

#include "base/fail.h"
#include "base/guard.h"
#include "table/subwords_metadata.h"
#include "table/table_data.h"
#include "table/table_mapping.h"
#include "table/table_plan.h"
#include "table/vocabulary_format.h"
#include "windrow/table.h"

namespace windrow {

namespace {

// Whether readers may open a table that is not clean, and if not, the message that says which of the two it
// is.
Result<void> check_clean(const DataFile& file, StoredRows& rows, Unclean policy) {
  if (!rows.is_windrow() || rows.slot->clean) return {};
  auto locked = file.file->is_locked_elsewhere();
  if (!locked) return pass(locked);
  // The trainer may have closed the table between the two looks.
  auto slot = read_slot(file);
  if (!slot) return pass(slot);
  rows.slot = *slot;
  if (slot->clean || policy == Unclean::kAny || (policy == Unclean::kLive && *locked)) return {};
  if (*locked) {
    return fail(ErrorCode::kUnclean, file.path(),
                ": a trainer is working on this table; wait until it has closed it, "
                "or open it with unclean = kLive");
  }
  return fail(
      ErrorCode::kUnclean, file.path(),
      ": a trainer died with this table, whose rows are now a mix of before and after: `windrow recover`, or the "
      "next trainer, puts them back to the last checkpoint if it kept a journal; unclean = kAny reads them as they "
      "are");
}

// The files of a plan, each once, with what of them the table uses.
class FilesToMap {
 public:
  size_t use(const DataFile& data, FileToMap::Bytes bytes) {
    const auto [at, is_new] = numbers_.emplace(&data, files_.size());
    if (is_new) files_.push_back({&data, true, {}});
    if (bytes.begin < bytes.end) files_[at->second].used.push_back(bytes);
    return at->second;
  }
  void set_busy(size_t file) { files_[file].quiet = false; }
  std::span<const FileToMap> files() const { return files_; }

 private:
  std::vector<FileToMap> files_;
  std::map<const DataFile*, size_t> numbers_;
};

Result<std::shared_ptr<TableData>> map_plan(TablePlan& plan, const OpenOptions& options) {
  FilesToMap to_map;
  struct Place {
    size_t rows_file, scales_file;
  };
  std::vector<Place> places;
  for (auto& piece : plan.pieces) {
    if (auto clean = check_clean(*piece.file, piece.rows, options.unclean); !clean) return pass(clean);
    piece.file->done();
    const uint64_t begin = piece.rows.rows_begin;
    // All of a Windrow file is the table; of others, what was asked for.
    Place place{
        to_map.use(*piece.file, piece.rows.is_windrow() ? FileToMap::Bytes{0, piece.file->file_bytes}
                                                        : FileToMap::Bytes{begin, begin + piece.rows_bytes}),
        0};
    if (piece.rows.is_windrow() && !piece.rows.slot->clean) to_map.set_busy(place.rows_file);
    if (const auto& scales = piece.scales)
      place.scales_file = to_map.use(*scales->file, {scales->begin, scales->end});
    places.push_back(place);
  }
  auto mapped = map_for_reading(to_map.files(), options);
  if (!mapped) return pass(mapped);

  auto data = std::make_shared<TableData>();
  data->format = plan.format;
  data->mappings = std::move(mapped->mappings);
  data->residency = mapped->residency;
  data->lazy = mapped->residency == Residency::kLazy;
  for (size_t i = 0; i < plan.pieces.size(); ++i) {
    const auto& piece = plan.pieces[i];
    if (piece.rows.rows > std::numeric_limits<int64_t>::max() - data->rows) {
      return fail(ErrorCode::kInvalidArgument, piece.file->path(), ": more than 2^63 - 1 rows in all");
    }
    Segment segment{data->mappings[places[i].rows_file].data + piece.rows.rows_begin, data->rows,
                    piece.rows.rows};
    if (const auto& scales = piece.scales) {
      segment.scales = data->mappings[places[i].scales_file].data + scales->begin;
      segment.scale_stride_bytes = scales->layout.stride_bytes;
      segment.rows_per_scale = scales->layout.rows_per_scale;
    }
    data->add(segment);
  }
  return data;
}

}  // namespace

Result<Table> Table::open(const std::string& path, const OpenOptions& options) {
  return guard([&]() -> Result<Table> {
    auto plan = plan_table(io::posix(), {&path, 1}, options);
    if (!plan) return pass(plan);
    auto data = map_plan(*plan, options);
    if (!data) return pass(data);
    if (const auto& first = plan->pieces[0]; first.rows.is_windrow()) {
      const io::Mapping& mapping = (*data)->mappings[0];
      auto vocabulary =
          VocabularyReader::read(first.file->header, mapping, (*data)->rows, first.file->path());
      if (!vocabulary) return pass(vocabulary);
      (*data)->vocabulary = *vocabulary;
      auto subwords = read_subwords(first.file->header.metadata, (*data)->rows);
      if (!subwords) return tl::make_unexpected(with_path(subwords.error(), first.file->path()));
      const auto kept = find_kept_buckets(first.file->header, *subwords);
      if (!kept) return tl::make_unexpected(with_path(kept.error(), first.file->path()));
      (*data)->kept_buckets = *kept ? mapping.data + (*kept)->begin : nullptr;
      (*data)->subwords = std::move(*subwords);
    }
    return Table(std::move(*data));
  });
}

Result<Table> Table::open(std::span<const std::string> paths, const OpenOptions& options) {
  return guard([&]() -> Result<Table> {
    if (paths.empty()) return fail(ErrorCode::kInvalidArgument, "no files were given to open as one table");
    auto plan = plan_table(io::posix(), paths, options);
    if (!plan) return pass(plan);
    auto data = map_plan(*plan, options);
    if (!data) return pass(data);
    return Table(std::move(*data));
  });
}

}  // namespace windrow
