#include "table/table_mapping.h"

#include <algorithm>

#include "base/fail.h"
#include "io/paging.h"

namespace windrow {

namespace {

// So small that the question of free memory need not be asked at every open.
constexpr uint64_t kAlwaysFits = 64 << 20;

bool fits(std::span<const FileToMap> files) {
  uint64_t bytes = 0;
  for (const FileToMap& file : files) {
    for (const auto& used : file.used) bytes += used.end - used.begin;
  }
  return bytes <= kAlwaysFits || bytes < io::available_memory() / 2;
}

// Reads the bytes the long way, where the system cannot fill a mapping.
Result<void> read_through(const DataFile& data, const FileToMap::Bytes& used) {
  std::vector<uint8_t> piece(std::min<uint64_t>(used.end - used.begin, 1 << 20));
  for (uint64_t at = used.begin; at < used.end; at += piece.size()) {
    const auto part = std::span(piece).first(std::min<uint64_t>(used.end - at, piece.size()));
    if (auto read = data.file->read(at, part); !read) return read;
  }
  return {};
}

Result<void> read_used(const FileToMap& file, const io::Mapping& mapping, bool huge, bool checked) {
  for (const auto& used : file.used) {
    auto read = huge ? io::populate(mapping, used.begin, used.end)
                     : io::populate_small_pages(mapping, used.begin, used.end);
    if (!read) return tl::make_unexpected(with_path(read.error(), file.data->path()));
    if (*read || !checked) continue;
    if (auto slowly = read_through(*file.data, used); !slowly) return slowly;
  }
  return {};
}

}  // namespace

Result<MappedFiles> map_for_reading(std::span<const FileToMap> files, const OpenOptions& options) {
  MappedFiles mapped{{}, options.residency, {}};
  const bool huge = options.residency == Residency::kHuge, automatic = options.residency == Residency::kAuto;
  // Lookups in a table that is being written to must not wait behind 2 MiB of stores.
  const bool quiet =
      std::all_of(files.begin(), files.end(), [](const FileToMap& file) { return file.quiet; });
  if (automatic && (!quiet || !fits(files))) mapped.residency = Residency::kLazy;
  for (const FileToMap& file : files) {
    if (huge && !file.quiet) {
      return fail(ErrorCode::kInvalidArgument, file.data->path(),
                  ": residency huge is for tables that no trainer works on: a store into a 2 MiB page writes "
                  "all of it");
    }
    // What is in the cache stays in the page sizes it came in; large ones come only when it is read again.
    if (huge && options.evict_first) file.data->file->evict();
    auto mapping = file.data->file->map();
    if (!mapping) return pass(mapping);
    if (auto whole = check_length(*file.data, *mapping); !whole) return pass(whole);
    const bool large_pages = file.quiet && (huge || mapped.residency == Residency::kAuto);
    if (large_pages)
      io::advise_huge(*mapping);
    else
      io::advise_random(*mapping);
    if (huge || options.checked || options.residency == Residency::kWarm) {
      if (auto read = read_used(file, *mapping, large_pages, options.checked); !read) return pass(read);
    }
    const auto id = file.data->file->id();
    if (!id) return tl::make_unexpected(id.error());
    mapped.files.push_back({file.data->path(), *id});
    file.data->done();
    mapped.mappings.push_back(std::move(*mapping));
  }
  return mapped;
}

}  // namespace windrow
