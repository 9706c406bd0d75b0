#pragma once

#include <memory>
#include <type_traits>

namespace windrow {

// The only place that knows OpenMP. Nothing inside a parallel region may throw or allocate: an exception that
// leaves one ends the process.

// How many threads a request gets: `requested`, but no more than a machine of this size can use; for 0 or less
// as many as the OpenMP runtime offers.
int thread_count(int requested);

// The threads that work on one request: the caller's and, where it wants more and they are free, OpenMP's.
//
// An OpenMP runtime keeps threads for every thread that ever led some, so a host with many request threads
// would end with that many teams. At most four of the threads alive may lead one, and one at a time; the
// others work alone, which is what a host with threads of its own wants anyway.
class Team {
 public:
  explicit Team(int wanted);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // 1: the caller's own thread, and OpenMP is not entered.
  int size() const { return size_; }

  // Calls body(share) for each share in [0, shares).
  template <class Body>
  void run(int shares, Body&& body) const {
    if (size_ == 1) {
      for (int share = 0; share < shares; ++share) body(share);
      return;
    }
    using Plain = std::remove_reference_t<Body>;
    run_parallel(
        shares, [](void* context, int share) { (*static_cast<Plain*>(context))(share); },
        const_cast<void*>(static_cast<const void*>(std::addressof(body))));
  }

 private:
  void run_parallel(int shares, void (*body)(void* context, int share), void* context) const;

  int size_ = 1;
};

// Calls body(thread) for each thread in [0, threads), on as many threads as there are to be had.
template <class Body>
void parallel(int threads, Body&& body) {
  Team(threads).run(threads, body);
}

}  // namespace windrow
