#include "base/parallel.h"

#include <omp.h>

#include <algorithm>
#include <atomic>

namespace windrow {

namespace {

constexpr int kTeams = 4;
std::atomic<int> teams{0};
std::atomic<bool> team_at_work{false};

// A thread's right to lead a team, given back when it ends.
class Leadership {
 public:
  ~Leadership() {
    if (held_) teams.fetch_sub(1);
  }
  bool take() {
    if (!held_) {
      held_ = teams.fetch_add(1) < kTeams;
      if (!held_) teams.fetch_sub(1);
    }
    return held_;
  }

 private:
  bool held_ = false;
};
thread_local Leadership leadership;

}  // namespace

int thread_count(int requested) {
  // A runtime that cannot start a thread ends the process.
  if (requested > 0) return std::min(requested, std::max(64, 4 * omp_get_num_procs()));
  return omp_get_max_threads();
}

Team::Team(int wanted) {
  if (wanted <= 1 || team_at_work.exchange(true, std::memory_order_acquire)) return;
  if (leadership.take())
    size_ = wanted;
  else
    team_at_work.store(false, std::memory_order_release);
}

Team::~Team() {
  if (size_ > 1) team_at_work.store(false, std::memory_order_release);
}

void Team::run_parallel(int shares, void (*body)(void* context, int share), void* context) const {
#pragma omp parallel num_threads(size_)
  {
    // The runtime may grant fewer threads than asked for (limits, nesting): each then takes several shares.
    const int granted = omp_get_num_threads();
    for (int share = omp_get_thread_num(); share < shares; share += granted) body(context, share);
  }
}

}  // namespace windrow
