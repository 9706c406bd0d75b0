#include "table/table_mapping.h"

#include "base/fail.h"
#include "io/paging.h"

namespace windrow {

namespace {

// So small that the question of free memory need not be asked at every open.
constexpr uint64_t kAlwaysFits = 64 << 20;

bool fits(uint64_t bytes) {
  return bytes <= kAlwaysFits || bytes < io::available_memory() / 2;
}

}  // namespace

Result<io::Mapping> map_for_reading(const io::File& file, const OpenOptions& options, bool quiet) {
  const bool huge = options.residency == Residency::kHuge;
  if (huge && !quiet) {
    return fail(ErrorCode::kInvalidArgument, file.path(),
                ": residency huge is for tables that no trainer works on: a store into a 2 MiB page writes "
                "all of it");
  }
  // What is in the cache stays in the page sizes it came in; large ones come only when it is read again.
  if (huge && options.evict_first) file.evict();
  auto mapping = file.map();
  if (!mapping) return mapping;
  if (huge || (quiet && fits(mapping->size)))
    io::advise_huge(*mapping);
  else
    io::advise_random(*mapping);
  if (huge) {
    if (auto read = io::populate(*mapping); !read) {
      return fail(read.error().code, file.path(), ": ", std::string_view(read.error().message));
    }
  }
  return mapping;
}

}  // namespace windrow
