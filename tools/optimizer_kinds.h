#pragma once

#include <windrow/optimizer.h>
#include <cstring>
#include <utility>

#include "kernels/optimizers/all.h"

namespace windrow::tools {

// Calls `body(T())` for every optimiser, with its default hyper-parameters.
template <class Body>
void for_each_optimizer(Body&& body) {
  [&]<size_t... kNumber>(std::index_sequence<kNumber...>) {
    (body(std::variant_alternative_t<kNumber, Optimizer>()), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Optimizer>>());
}

// Whether a step of this optimiser depends on how many there were before.
inline bool counts_steps(const Optimizer& optimizer) {
  return std::visit(
      []<class T>(const T& kind) {
        const auto first = About<T>::scalars(kind, 1), later = About<T>::scalars(kind, 1000);
        return std::memcmp(&first, &later, sizeof(first)) != 0;
      },
      optimizer);
}

}  // namespace windrow::tools
