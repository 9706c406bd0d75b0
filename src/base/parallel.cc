#include "base/parallel.h"

#include <omp.h>

#include <atomic>

namespace windrow {

namespace {

// An OpenMP runtime keeps a team of threads for every thread that ever led one, so a host with many request
// threads would end with that many teams. At most kTeams of the threads alive may lead one, and one at a time;
// work of the others is done by themselves, which is what a host with threads of its own wants anyway.
constexpr int kTeams = 4;
std::atomic<int> teams{0};
std::atomic<bool> team_at_work{false};

// A thread's right to a team, given back when it ends.
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
  return requested > 0 ? requested : omp_get_max_threads();
}

void detail::run_parallel(int threads, void (*body)(void* context, int thread), void* context) {
  const bool free = !team_at_work.exchange(true, std::memory_order_acquire);
  const bool leads = free && leadership.take();
  if (!leads) {
    if (free) team_at_work.store(false, std::memory_order_release);
    for (int share = 0; share < threads; ++share) body(context, share);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    // The runtime may grant fewer threads than asked for (limits, nesting): each then takes several shares.
    const int granted = omp_get_num_threads();
    for (int share = omp_get_thread_num(); share < threads; share += granted) body(context, share);
  }
  team_at_work.store(false, std::memory_order_release);
}

}  // namespace windrow
