#include <algorithm>

#include "base/fail.h"
#include "io/paging.h"
#include "table/checksum_map.h"
#include "table/optimizer_state.h"
#include "table/vocabulary_format.h"
#include "train/locked_table.h"
#include "train/rewrite.h"
#include "train/trainer_state.h"
#include "train/undo.h"

namespace windrow {

namespace {

constexpr uint64_t kMostSteps = uint64_t{1} << 62;  // nobody has taken more, and as many can follow

// The tensors that hold the optimiser's state, in the order of state_tensors().
Result<std::vector<const safetensors::Tensor*>> find_states(const TableFile& file,
                                                            const Optimizer& optimizer) {
  const bool has_state = keeps_state(file);
  const std::string_view name = optimizer_name(optimizer);
  const uint32_t stored = file.slot->optimizer_id;
  if (has_state && stored != optimizer_id(optimizer)) {
    return fail(ErrorCode::kInvalidArgument, file.path(),
                ": the table holds the state of another optimiser, ", optimizer_name(stored),
                "; train it with that one, or drop the state with `windrow strip` and add ", name,
                "'s with `windrow add-state`");
  }
  std::vector<const safetensors::Tensor*> found;
  for (const StateTensor& state : state_tensors(optimizer)) {
    const std::string full_name = concat(kStatePrefix, state.name);
    const auto* tensor = file.header.find(full_name);
    if (!tensor) {
      return fail(ErrorCode::kNoState, file.path(), ": the table holds no state for ", name, " (no tensor \"",
                  full_name, "\"): add it with `windrow add-state --optimizer ", name, "`, or add_state()",
                  has_state ? ", after `windrow strip`" : "");
    }
    std::vector<uint64_t> shape = {static_cast<uint64_t>(file.rows)};
    if (!state.per_row) shape.push_back(static_cast<uint64_t>(file.format.dim));
    if (tensor->dtype != "F32" || tensor->shape != shape) {
      return fail(ErrorCode::kFormat, file.path(), ": the tensor \"", full_name, "\" is not F32 of ",
                  shape_text(shape));
    }
    found.push_back(tensor);
  }
  return found;
}

Result<io::Mapping> map_file(io::FileSystem& system, const TableFile& file, Residency residency) {
  auto to_map = open_to_map(system, file);
  if (!to_map) return pass(to_map);
  // What is in the cache stays in the page sizes it came in.
  if (residency == Residency::kHuge) (*to_map)->evict();
  auto mapping = (*to_map)->map_writable();
  if (!mapping) return mapping;
  if (auto whole = check_length(file, *mapping); !whole) return pass(whole);
  if (residency == Residency::kHuge) {
    io::advise_huge(*mapping);
    if (auto read = io::populate(*mapping, 0, mapping->size); !read) return pass(read);
  } else {
    // 4 KiB pages: a store into a larger one would write all of it.
    io::advise_random(*mapping);
    if (residency == Residency::kWarm) {
      if (auto read = io::populate_small_pages(*mapping, 0, mapping->size); !read) return pass(read);
    }
  }
  return mapping;
}

Result<std::shared_ptr<TableData>> readable(const TableFile& file, const io::Mapping& mapping) {
  auto table = std::make_shared<TableData>();
  table->format = file.format;
  table->mappings.push_back(mapping);
  table->add({mapping.data + file.rows_begin, 0, file.rows});
  auto vocabulary = VocabularyReader::read(file.header, mapping, file.rows, file.path());
  if (!vocabulary) return pass(vocabulary);
  table->vocabulary = *vocabulary;
  return table;
}

// The rows of a tensor that begins at `begin`.
MutableRows rows_of(const io::Mapping& mapping, uint64_t begin, int64_t rows, size_t stride_bytes,
                    size_t row_bytes) {
  return {mapping.data + begin, stride_bytes, row_bytes,
          DirtyBlocks(static_cast<uint64_t>(rows) * stride_bytes)};
}

// Small tables have small journals to begin with.
JournalSizes journal_sizes(const TableFile& file, const TrainOptions& options) {
  JournalSizes sizes;
  sizes.first_bytes = std::clamp<uint64_t>(file.file_bytes / 8, uint64_t{1} << 20, sizes.piece_bytes);
  sizes.limit_bytes = options.journal_limit_bytes;
  return sizes;
}

}  // namespace

Result<std::unique_ptr<TrainerState>> open_trainer(io::FileSystem& system, const std::string& path,
                                                   const Optimizer& optimizer, const TrainOptions& options) {
  if (auto checked = check_optimizer(optimizer); !checked) return pass(checked);
  auto file = open_locked(system, path);
  if (!file) return pass(file);
  if (auto trainable = check_trainable(file->format.kind, file->path()); !trainable) return pass(trainable);
  auto states = find_states(*file, optimizer);
  if (!states) return pass(states);
  // close() will need them: better to know now that they cannot be written.
  if (auto tensors = checksummed_tensors(*file); !tensors) return pass(tensors);
  if (file->slot->step_count > kMostSteps) {
    return fail(ErrorCode::kFormat, file->path(), ": a step count of ", file->slot->step_count,
                " in `_meta`: the table is damaged, or was made to look so");
  }
  auto images = RowImages::of(*file);
  if (!images) return pass(images);
  // Now it is sure to be the table that is meant.
  const bool restored = !file->slot->clean;
  if (restored) {
    if (auto undone = undo_unfinished(system, *file); !undone) return pass(undone);
  } else if (auto settled = write_slot(*file, MetaSlot(*file->slot)); !settled) {
    // A trainer that was killed while it wrote this slot may have left it in the system's cache only. Were the next one
    // then cut off by a loss of power, neither of the two would be there.
    return pass(settled);
  }
  if (options.whole_rows && !WholeRows::can_be_read(file->format)) {
    return fail(ErrorCode::kUnsupported, file->path(), ": whole_rows is for rows of at most ",
                WholeRows::kMaxRowBytes, " bytes and ", WholeRows::kMaxDim, " values");
  }
  auto counters = RowCounters::take(system, file->path(), file->slot->uuid, options.whole_rows);
  if (!counters) return pass(counters);
  if (*counters) (*counters)->end_all_changes();
  auto mapping = map_file(system, *file, options.residency);
  if (!mapping) return pass(mapping);
  auto table = readable(*file, *mapping);
  if (!table) return pass(table);
  if (options.whole_rows) {
    // The handle may outlive this trainer, and meet another.
    auto to_ask = system.open(file->path(), io::Access::kRead);
    if (!to_ask) return pass(to_ask);
    (*table)->whole = std::make_shared<const WholeRows>(**counters, std::move(*to_ask));
  }

  auto state = std::make_unique<TrainerState>();
  const RowFormat& format = file->format;
  state->weights = rows_of(*mapping, file->rows_begin, file->rows, format.stride_bytes, format.row_bytes());
  for (const auto* tensor : *states) {
    const size_t bytes = (tensor->shape.size() > 1 ? static_cast<size_t>(format.dim) : 1) * sizeof(float);
    state->states.push_back(rows_of(*mapping, tensor->begin, file->rows, bytes, bytes));
  }
  state->system = &system;
  state->path = file->path();
  state->optimizer = optimizer;
  state->options = options;
  state->table = std::move(*table);
  state->mapping = std::move(*mapping);
  state->counters = std::move(*counters);
  state->images = std::move(*images);
  state->journal_sizes = journal_sizes(*file, options);
  state->epoch = file->slot->committed_epoch + 1;
  state->committed = {file->slot->generation, file->slot->tag, static_cast<int64_t>(file->slot->step_count)};
  state->restored = restored;
  state->step_count = state->committed.step_count;
  state->file = std::move(*file);
  return state;
}

}  // namespace windrow
