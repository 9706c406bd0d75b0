#pragma once

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

namespace examples {

// Threads that wait for work which takes them only some 100 microseconds each time.
//
// Windrow's own threads (LookupOptions, StepOptions) are OpenMP's, which spin between two calls of the library. That
// suits a machine of one's own; beside other programs, a call of this size may wait many times its own duration for a
// thread that was put aside. These soon sleep.
class Team {
 public:
  explicit Team(int threads) : barrier_(threads) {
    for (int thread = 1; thread < threads; ++thread) others_.emplace_back([this, thread] { serve(thread); });
  }

  ~Team() {
    work_ = nullptr;
    barrier_.arrive_and_wait();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(others_.size()) + 1; }

  // Calls work(thread) for each thread of the team, the caller's being number 0. `work` does not throw.
  void run(const std::function<void(int thread)>& work) {
    work_ = &work;
    barrier_.arrive_and_wait();
    work(0);
    barrier_.arrive_and_wait();
  }

 private:
  void serve(int thread) {
    for (;;) {
      barrier_.arrive_and_wait();
      if (!work_) return;
      (*work_)(thread);
      barrier_.arrive_and_wait();
    }
  }

  std::barrier<> barrier_;
  const std::function<void(int)>* work_ = nullptr;
  std::vector<std::jthread> others_;
};

}  // namespace examples
