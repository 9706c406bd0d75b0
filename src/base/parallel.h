#pragma once

#include <memory>
#include <type_traits>

namespace windrow {

// The only place that knows OpenMP. Nothing inside a parallel region may throw or allocate: an exception that
// leaves one ends the process.

// How many threads a request gets: `requested`, or for 0 as many as the OpenMP runtime offers.
int thread_count(int requested);

namespace detail {
void run_parallel(int threads, void (*body)(void* context, int thread), void* context);
}

// Calls body(thread) for each thread in [0, threads), on as many threads. One thread is the caller's own,
// without entering OpenMP.
template <class Body>
void parallel(int threads, Body&& body) {
  if (threads <= 1) {
    body(0);
    return;
  }
  using Plain = std::remove_reference_t<Body>;
  detail::run_parallel(
      threads, [](void* context, int thread) { (*static_cast<Plain*>(context))(thread); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace windrow
