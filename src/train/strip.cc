#include "base/guard.h"
#include "table/replacement.h"
#include "train/quiet_table.h"
#include "train/rewrite.h"
#include "train/undo.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

// In place the table is locked, so that no trainer can begin on a file that is about to lose its name. To copy it
// it may be read by whoever can.
Result<TableFile> open_source(io::FileSystem& system, const std::string& path, bool in_place) {
  return in_place ? open_clean(system, path) : open_quiet(system, path);
}

}  // namespace

Result<void> strip(const std::string& path, const std::string& target, const RewriteProgress& progress) {
  return guard([&]() -> Result<void> {
    auto& system = io::posix();
    const bool in_place = system.resolve(path) == system.resolve(target);
    if (!in_place) {
      if (auto free = refuse_if_trained(system, target); !free) return free;
    }
    auto table = open_source(system, path, in_place);
    if (!table) return pass(table);
    auto file = write_anew(system, *table, target, {.content = table->slot->content, .progress = progress});
    if (!file) return pass(file);
    if (auto quiet = check_quiet(*table); !quiet) return quiet;
    auto committed =
        file->commit([&] { return in_place ? Result<void>() : refuse_if_trained(system, target); });
    if (!committed) return committed;
    file->file().evict();  // as a new table: the first reader chooses the size of its pages
    return {};
  });
}

}  // namespace windrow
