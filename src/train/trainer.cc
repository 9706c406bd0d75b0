#include "windrow/trainer.h"

#include "base/fail.h"
#include "base/guard.h"
#include "io/paging.h"
#include "table/optimizer_state.h"
#include "table/request.h"
#include "table/vocabulary_format.h"
#include "train/checksum_map.h"
#include "train/locked_table.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

Result<void> check_clean(const TableFile& file) {
  if (file.slot->clean) return {};
  return fail(
      ErrorCode::kUnclean, file.path(),
      ": a trainer died with this table, whose rows are now a mix of before "
      "and after; `windrow recover --accept-mixed` keeps them as they are, or restore the file from a copy");
}

// The tensor that holds the optimiser's state, or null for an optimiser without state.
Result<const safetensors::Tensor*> find_state(const TableFile& file, const Optimizer& optimizer) {
  const auto wanted = static_cast<uint32_t>(optimizer_id(optimizer));
  const uint32_t stored = file.slot->optimizer_id;
  const auto state = state_tensor(optimizer);
  const bool stored_is_stateless = stored == static_cast<uint32_t>(OptimizerId::kNone) ||
                                   stored == static_cast<uint32_t>(OptimizerId::kSgd);
  if (stored_is_stateless && !state) return nullptr;
  if (stored_is_stateless) {
    return fail(
        ErrorCode::kNoState, file.path(), ": the table holds no state for ", optimizer_name(wanted),
        "; state cannot be added to an existing table yet: create the table anew with `windrow create "
        "--optimizer ",
        optimizer_name(wanted), "`, or train it with sgd");
  }
  if (stored != wanted) {
    return fail(ErrorCode::kInvalidArgument, file.path(),
                ": the table holds the state of another optimiser, ", optimizer_name(stored),
                "; train it with that one, not with ", optimizer_name(wanted));
  }
  const auto* tensor = file.header.find(state->name);
  const std::vector<uint64_t> shape = {static_cast<uint64_t>(file.rows),
                                       static_cast<uint64_t>(file.format.dim)};
  if (!tensor || tensor->dtype != "F32" || tensor->shape != shape) {
    return fail(ErrorCode::kFormat, file.path(), ": the tensor \"", state->name,
                "\" is missing, or is not F32 of ", shape[0], " x ", shape[1]);
  }
  return tensor;
}

}  // namespace

Result<Trainer> Trainer::open(const std::string& path, const Optimizer& optimizer) {
  return guard([&]() -> Result<Trainer> {
    if (auto checked = check_optimizer(optimizer); !checked) return pass(checked);
    auto file = open_locked(io::posix(), path);
    if (!file) return pass(file);
    if (auto clean = check_clean(*file); !clean) return pass(clean);
    if (file->format.kind != RowFormat::Kind::kF32) {
      return fail(ErrorCode::kUnsupported, path, ": rows of ", row_format_name(file->format.kind),
                  " cannot be trained, only f32 rows; `windrow convert --row-format f32` makes such a table");
    }
    auto state_tensor = find_state(*file, optimizer);
    if (!state_tensor) return pass(state_tensor);
    // close() will need them: better to know now that they cannot be written.
    if (auto tensors = checksummed_tensors(*file); !tensors) return pass(tensors);
    auto to_map = open_to_map(io::posix(), *file);
    if (!to_map) return pass(to_map);
    auto mapping = (*to_map)->map_writable();
    if (!mapping) return pass(mapping);
    // 4 KiB pages: a store into a larger one would write all of it.
    io::advise_random(*mapping);

    auto table = std::make_shared<TableData>();
    table->format = file->format;
    table->mappings.push_back(*mapping);
    table->add({mapping->data + file->rows_begin, 0, file->rows});
    auto vocabulary = VocabularyReader::read(file->header, *mapping, file->rows, file->path());
    if (!vocabulary) return pass(vocabulary);
    table->vocabulary = *vocabulary;

    auto state = std::make_unique<State>();
    const auto stride_bytes = file->format.stride_bytes;
    state->weights = {mapping->data + file->rows_begin, stride_bytes,
                      DirtyBlocks(static_cast<uint64_t>(file->rows) * stride_bytes)};
    if (*state_tensor) {
      state->states = {mapping->data + (*state_tensor)->begin, file->format.row_bytes(),
                       DirtyBlocks((*state_tensor)->end - (*state_tensor)->begin)};
    }
    state->path = file->path();
    state->optimizer = optimizer;
    state->table = std::move(table);
    state->mapping = std::move(*mapping);
    state->step_count = static_cast<int64_t>(file->slot->step_count);
    state->file = std::move(*file);
    return Trainer(std::move(state));
  });
}

Trainer::Trainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

Result<void> Trainer::State::check_usable() const {
  if (closed) return fail(ErrorCode::kPoisoned, path, ": this trainer has closed the table; open it again");
  if (poisoned) {
    return fail(ErrorCode::kPoisoned, path,
                ": a write of this trainer to disk failed, so what the disk holds is "
                "not known; drop the trainer and open the table again");
  }
  return {};
}

Result<void> Trainer::State::begin_changes() {
  if (changed) return {};
  MetaSlot slot = *file.slot;
  ++slot.generation;
  slot.clean = false;
  slot.incarnation = io::posix().random64();
  slot.boot_id = io::posix().boot_id();
  slot.level = DurabilityLevel::kNone;
  if (auto written = write_slot(file, slot); !written) {
    poisoned = true;
    return written;
  }
  changed = true;
  return {};
}

Table Trainer::table() const {
  return Table(state_->table);
}

int64_t Trainer::step_count() const {
  return state_->step_count;
}

Result<void> Trainer::set_learning_rate(double lr) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    Optimizer changed = state_->optimizer;
    std::visit([lr](auto& kind) { kind.lr = lr; }, changed);
    if (auto checked = check_optimizer(changed); !checked) return checked;
    state_->optimizer = changed;
    return {};
  });
}

Result<StepReport> Trainer::step(Ids ids, RowsIn grads, const StepOptions& options) {
  return guard([&]() -> Result<StepReport> {
    if (auto usable = state_->check_usable(); !usable) return pass(usable);
    const auto& table = *state_->table;
    if (auto checked = check_rows(grads, ids.count, table.format.dim, "grads"); !checked)
      return pass(checked);
    if (auto checked = check_ids(ids, table.rows, options.padding_id, BadIds::kError); !checked)
      return pass(checked);
    GradientRequest request;
    request.ids = ids;
    request.grads = grads;
    request.padding_id = options.padding_id;
    return state_->step(request, options);
  });
}

Result<StepReport> Trainer::step(const Bags& bags, Pooling pooling, RowsIn grads,
                                 const StepOptions& options) {
  return guard([&]() -> Result<StepReport> {
    if (auto usable = state_->check_usable(); !usable) return pass(usable);
    const auto& table = *state_->table;
    BagOffsets offsets;
    if (auto read = offsets.read(bags); !read) return pass(read);
    if (pooling == Pooling::kMax && !bags.weights.empty()) {
      return fail(ErrorCode::kInvalidArgument, "weights: a maximum takes none");
    }
    if (auto checked = check_rows(grads, offsets.bags(), table.format.dim, "grads"); !checked)
      return pass(checked);
    if (auto checked = check_ids(bags.ids, table.rows, options.padding_id, BadIds::kError, offsets.bounds());
        !checked) {
      return pass(checked);
    }
    GradientRequest request;
    request.ids = bags.ids;
    request.grads = grads;
    request.padding_id = options.padding_id;
    request.pooled = true;
    request.pooling = pooling;
    request.bounds = offsets.bounds();
    request.weights = bags.weights;
    return state_->step(request, options);
  });
}

Result<void> Trainer::write_rows(Ids ids, RowsIn values) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    const auto& table = *state_->table;
    if (auto checked = check_rows(values, ids.count, table.format.dim, "values"); !checked) return checked;
    if (auto checked = check_ids(ids, table.rows, std::nullopt, BadIds::kError); !checked)
      return pass(checked);
    return state_->write_rows(ids, values);
  });
}

Result<void> Trainer::close(std::string_view tag) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    return state_->close(tag);
  });
}

}  // namespace windrow
