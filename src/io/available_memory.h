#pragma once

#include <cstdint>
#include <string>

namespace windrow::io {

// available_memory() of the system whose /proc and /sys lie under `root`; "" is the running one. Tests bring
// others.
uint64_t available_memory_under(const std::string& root);

}  // namespace windrow::io
