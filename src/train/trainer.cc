#include "windrow/trainer.h"

#include "base/fail.h"
#include "base/guard.h"
#include "table/optimizer_state.h"
#include "table/request.h"
#include "train/trainer_state.h"

namespace windrow {

Result<Trainer> Trainer::open(const std::string& path, const Optimizer& optimizer,
                              const TrainOptions& options) {
  return guard([&]() -> Result<Trainer> {
    auto state = open_trainer(io::posix(), path, optimizer, options);
    if (!state) return pass(state);
    return Trainer(std::move(*state));
  });
}

Trainer::Trainer(std::unique_ptr<TrainerState> state) : state_(std::move(state)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

Result<void> TrainerState::check_usable() const {
  if (closed) return fail(ErrorCode::kPoisoned, path, ": this trainer has closed the table; open it again");
  if (poisoned) {
    return fail(ErrorCode::kPoisoned, path,
                ": a write of this trainer to disk failed, so what the disk holds is "
                "not known; drop the trainer and open the table again");
  }
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

Result<void> Trainer::checkpoint(std::string_view tag, const CheckpointOptions& options) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    return state_->checkpoint(tag, options);
  });
}

Result<void> Trainer::prepare(Ids ids) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    return state_->prepare(ids);
  });
}

Result<void> Trainer::end_checkpoint() {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    if (auto ended = state_->end_checkpoint(); !ended) return ended;
    return state_->report_unnamed_delta();
  });
}

Result<void> Trainer::rollback() {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    return state_->rollback();
  });
}

Checkpoint Trainer::last_checkpoint() const {
  return state_->committed;
}

bool Trainer::was_restored() const {
  return state_->restored;
}

Result<void> Trainer::close(std::string_view tag) {
  return guard([&]() -> Result<void> {
    if (auto usable = state_->check_usable(); !usable) return usable;
    return state_->close(tag);
  });
}

}  // namespace windrow
