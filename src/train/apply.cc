#include "train/apply.h"

#include <algorithm>

#include "base/checked.h"
#include "base/parallel.h"
#include "base/prefetch.h"
#include "table/view_rows.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

// A byte of weights or state costs as much as this many of gradients, which mostly come from a cache.
constexpr size_t kMemoryCost = 2;

std::vector<RowsToUpdate> tables_of(std::span<StepWork> works) {
  std::vector<RowsToUpdate> tables;
  for (auto& work : works) {
    TrainerState& trainer = *work.trainer;
    tables.push_back({trainer.table->format, &trainer.weights, trainer.states,
                      trainer.counters ? &*trainer.counters : nullptr});
  }
  return tables;
}

std::vector<RowUpdater> updaters_of(std::span<StepWork> works, const std::vector<RowsToUpdate>& tables,
                                    const StepOptions& options) {
  std::vector<RowUpdater> updaters;
  for (size_t w = 0; w < works.size(); ++w) {
    const TrainerState& trainer = *works[w].trainer;
    const UpdateRule rule{trainer.optimizer,    trainer.step_count + 1,     trainer.options.rounding,
                          trainer.options.seed, options.scale_by_frequency, options.clip};
    updaters.emplace_back(trainer.gradient, works[w].request.grads, tables[w], rule);
  }
  return updaters;
}

std::vector<Shares::Part> parts_of(std::span<StepWork> works, const std::vector<RowsToUpdate>& tables) {
  std::vector<Shares::Part> parts;
  for (size_t w = 0; w < works.size(); ++w) {
    const size_t gradient_bytes = tables[w].dim() * bytes_of_value(works[w].request.grads.type);
    parts.push_back({works[w].trainer->gradient.rows().bounds(), static_cast<int64_t>(gradient_bytes),
                     static_cast<int64_t>(kMemoryCost * tables[w].bytes_per_row()), tables[w].dim()});
  }
  return parts;
}

}  // namespace

Application::Application(std::span<StepWork> works, const StepOptions& options, int threads)
    : threads_(threads),
      tables_(tables_of(works)),
      updaters_(updaters_of(works, tables_, options)),
      parts_(parts_of(works, tables_)),
      shares_(parts_, threads) {
  for (const auto& table : tables_) {
    scratch_floats_ = std::max(scratch_floats_, RowUpdater::scratch_floats(table));
    most_columns_ = std::max(most_columns_, table.dim());
  }
  // All of it starts on cache lines: a vector that was stored across two of them is slow to load again, and threads keep
  // out of one another's.
  constexpr size_t kLineFloats = kCacheLine / sizeof(float);
  scratch_floats_ = round_up(scratch_floats_, kLineFloats);
  most_columns_ = round_up(most_columns_, kLineFloats);
  if (works.empty()) return;
  auto& memory = works[0].trainer->scratch;
  const size_t of_threads = static_cast<size_t>(threads) * scratch_floats_;
  grow(memory, of_threads + shares_.huge().size() * most_columns_ + kLineFloats);
  const auto begin = reinterpret_cast<uintptr_t>(memory.data());
  scratch_ = memory.data() + (round_up(begin, kCacheLine) - begin) / sizeof(float);
  merged_ = scratch_ + of_threads;
}

void Application::run() {
  const auto huge = shares_.huge();
  parallel(threads_, [&](int t) {
    for (size_t h = 0; h < huge.size(); ++h) {
      const auto columns = shares_.columns_of(t, h);
      if (!columns.empty()) updaters_[huge[h].part].merge(huge[h].group, columns, merged_of(h));
    }
    for (auto run = shares_.first_run(t); !run.empty(); run = shares_.next_run(t, run))
      updaters_[run.part].update(run.begin, run.end, scratch_of(t));
  });
  for (size_t h = 0; h < huge.size(); ++h)
    updaters_[huge[h].part].take_step(huge[h].group, merged_of(h), scratch_of(0));
}

}  // namespace windrow
