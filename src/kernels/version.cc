#include "windrow/version.h"

#include <hwy/highway.h>

namespace windrow {

const char* version() {
  return WINDROW_VERSION;
}

std::string simd_target() {
  const int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;  // what the CPU has and was compiled for
  return hwy::TargetName(targets & -targets);                     // the lowest bit is the best
}

}  // namespace windrow
