#include "base/fail.h"
#include "base/guard.h"
#include "table/optimizer_state.h"
#include "train/rewrite.h"
#include "train/undo.h"
#include "windrow/maintenance.h"

namespace windrow {

namespace {

Result<void> check_table(const TableFile& table, const Optimizer& optimizer) {
  if (auto trainable = check_trainable(table.format.kind, table.path()); !trainable) return trainable;
  if (!keeps_state(table)) return {};
  const uint32_t stored = table.slot->optimizer_id;
  if (stored == optimizer_id(optimizer)) {
    return fail(ErrorCode::kInvalidArgument, table.path(), ": the table has state of ",
                optimizer_name(stored),
                " already; `windrow strip`, or strip(), drops it, should it be made anew");
  }
  return fail(ErrorCode::kInvalidArgument, table.path(), ": the table has the state of another optimiser, ",
              optimizer_name(stored), "; `windrow strip`, or strip(), drops it first");
}

}  // namespace

Result<void> add_state(const std::string& path, const Optimizer& optimizer, const AddStateOptions& options) {
  return guard([&]() -> Result<void> {
    if (auto checked = check_optimizer(optimizer); !checked) return checked;
    if (options.step_count < 0) {
      return fail(ErrorCode::kInvalidArgument, "step_count is ", options.step_count, ", below 0");
    }
    auto& system = io::posix();
    auto table = open_clean(system, path);
    if (!table) return pass(table);
    if (auto checked = check_table(*table, optimizer); !checked) return checked;
    const bool is_there =
        state_tensors(optimizer).empty() && table->slot->optimizer_id == optimizer_id(optimizer);
    if (is_there && options.step_count == 0) return {};
    auto file =
        write_anew(system, *table, table->path(),
                   {optimizer, options.values, options.step_count, draw_content(system), options.progress});
    if (!file) return pass(file);
    if (auto committed = file->commit(); !committed) return committed;
    file->file().evict();  // as a new table: the first reader chooses the size of its pages
    return {};
  });
}

}  // namespace windrow
