#include <algorithm>
#include <limits>
#include <map>

#include "base/fail.h"
#include "base/guard.h"
#include "table/check_blocks.h"
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
  return fail(ErrorCode::kUnclean, file.path(),
              ": a trainer died with this table, whose rows are now a mix of before and after: `windrow "
              "recover`, or the "
              "next trainer, puts them back to the last checkpoint if it kept a journal; unclean = kAny "
              "reads them as they "
              "are");
}

// OpenOptions::scrub.
Result<void> scrub(const DataFile& file, const StoredRows& rows) {
  if (!rows.is_windrow()) return {};
  if (!rows.slot->clean) {
    return fail(ErrorCode::kUnclean, file.path(),
                ": the checksums of a table that a trainer is at work on, or died with, say nothing: open it "
                "without scrub");
  }
  const auto tensors = checksummed_tensors(file, rows.slot->checksum_block_bytes);
  if (!tensors) return tl::make_unexpected(tensors.error());
  for (const auto& of : *tensors) {
    auto damage = find_damage(*file.file, of, rows.rows);
    if (!damage) return pass(damage);
    if (damage->empty()) continue;
    // A trainer that began meanwhile has changed what was read: that is no damage.
    const auto now = read_slot(file);
    if (!now) return tl::make_unexpected(now.error());
    if (!now->clean || now->generation != rows.slot->generation) {
      return fail(ErrorCode::kUnclean, file.path(),
                  ": a trainer has begun with the table while it was scrubbed");
    }
    return fail(ErrorCode::kFormat, file.path(), ": ", *damage,
                ": the file is damaged; `windrow verify` names all such places");
  }
  return {};
}

// OpenOptions::whole_rows.
Result<std::shared_ptr<const WholeRows>> find_whole_rows(const TablePlan& plan) {
  const auto& piece = plan.pieces[0];
  if (plan.pieces.size() != 1 || !piece.rows.is_windrow() || !WholeRows::can_be_read(piece.rows.format)) {
    return fail(ErrorCode::kUnsupported, piece.file->path(),
                ": whole_rows is for one Windrow file with rows of at most ", WholeRows::kMaxRowBytes,
                " bytes and ", WholeRows::kMaxDim, " values");
  }
  auto& system = io::posix();
  auto counters = RowCounters::find(system, piece.file->path(), piece.rows.slot->uuid);
  if (!counters) return pass(counters);
  if (!*counters) {
    return fail(ErrorCode::kUnsupported, piece.file->path(),
                ": no trainer has kept counters of its rows, by which they could be read whole: see "
                "TrainOptions::whole_rows");
  }
  auto file = system.open(piece.file->path(), io::Access::kRead);
  if (!file) return pass(file);
  return std::make_shared<const WholeRows>(std::move(**counters), std::move(*file));
}

std::vector<std::string> resolved(std::vector<std::string> paths) {
  for (auto& path : paths) path = io::posix().resolve(path);
  return paths;
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
    if (options.scrub) {
      if (auto whole = scrub(*piece.file, piece.rows); !whole) return pass(whole);
    }
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
  data->origin.files = std::move(mapped->files);
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
    (*data)->origin.paths = {path};
    (*data)->origin.real_paths = resolved((*data)->origin.paths);
    (*data)->origin.options = options;
    if (options.whole_rows) {
      auto whole = find_whole_rows(*plan);
      if (!whole) return pass(whole);
      (*data)->whole = std::move(*whole);
    }
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
    if (options.whole_rows)
      return fail(ErrorCode::kUnsupported, paths[0], ": whole_rows is for one Windrow file");
    (*data)->origin.paths = {paths.begin(), paths.end()};
    (*data)->origin.real_paths = resolved((*data)->origin.paths);
    (*data)->origin.options = options;
    return Table(std::move(*data));
  });
}

Result<bool> Table::reopen() {
  return guard([&]() -> Result<bool> {
    const TableOrigin& origin = data_->origin;
    // A symbolic link may lead elsewhere by now.
    bool replaced = origin.real_paths != resolved(origin.paths);
    for (const auto& file : origin.files) {
      if (replaced) break;
      const auto now = io::posix().id_of(file.path);
      if (!now) return tl::make_unexpected(now.error());
      const bool same = now->device == file.id.device && now->inode == file.id.inode;
      if (same && now->bytes < file.id.bytes) {
        return fail(ErrorCode::kIo, file.path, ": the file has been cut off at ", now->bytes, " bytes of ",
                    file.id.bytes,
                    "; to read what is missing is a SIGBUS: put a whole file in its place, and reopen");
      }
      replaced = !same;
    }
    if (!replaced) return false;
    auto anew =
        origin.paths.size() == 1 ? open(origin.paths[0], origin.options) : open(origin.paths, origin.options);
    if (!anew) return pass(anew);
    *this = std::move(*anew);
    return true;
  });
}

}  // namespace windrow
