#include "base/parallel.h"

#include <omp.h>

namespace windrow {

int thread_count(int requested) {
  return requested > 0 ? requested : omp_get_max_threads();
}

void detail::run_parallel(int threads, void (*body)(void* context, int thread), void* context) {
#pragma omp parallel num_threads(threads)
  {
    // The runtime may grant fewer threads than asked for (limits, nesting): each then takes several shares.
    const int granted = omp_get_num_threads();
    for (int share = omp_get_thread_num(); share < threads; share += granted) body(context, share);
  }
}

}  // namespace windrow
