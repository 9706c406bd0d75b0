#pragma once

#include <cstdint>
#include <string>

namespace windrow {

// A state of a table that is on the disk as a whole: rows, optimiser's state and step count belong together.
struct Checkpoint {
  uint64_t generation = 0;  // grows with each
  std::string tag = {};     // as it was given
  int64_t step_count = 0;
};

}  // namespace windrow
