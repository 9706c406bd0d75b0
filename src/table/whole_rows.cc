#include "table/whole_rows.h"

#include <chrono>
#include <thread>

#include "kernels/copy.h"

namespace windrow {

namespace {

constexpr int kSpins = 64;  // for a writer that is at work beside us: a row takes it less than a microsecond
constexpr int kYields = 1000;  // for one that has lost its core
constexpr auto kSleep = std::chrono::milliseconds(1);

}  // namespace

void WholeRows::read(int64_t row, const uint8_t* from, size_t bytes, uint8_t* to) const noexcept {
  static const kernels::CopyFn copy = kernels::copy_rows();
  for (int tries = 0;; ++tries) {
    const uint32_t before = counters_.before_read(row);
    const bool changing = RowCounters::is_changing(before);
    // Not by memcpy, as the row may be written meanwhile: kernels/concurrent.h.
    if (!changing || tries >= kYields) copy({&from, 1, 0, bytes}, to, bytes);
    if (!changing && counters_.behind_read(row) == before) return;
    if (tries < kSpins) continue;
    if (tries < kYields) {
      std::this_thread::yield();
      continue;
    }
    if (changing && !writer_lives() && counters_.before_read(row) == before) {
      given_up_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    std::this_thread::sleep_for(kSleep);
  }
}

// An error is no reason to read a torn row.
bool WholeRows::writer_lives() const noexcept {
  return table_->is_locked_elsewhere().value_or(false);
}

}  // namespace windrow
