#include "kernels/dispatch.h"

#include <hwy/highway.h>

namespace windrow::kernels {

void choose_target_once() {
  hwy::ChosenTarget& chosen = hwy::GetChosenTarget();
  if (!chosen.IsInitialized()) chosen.Update(hwy::SupportedTargets());
}

bool reads_half_lines_faster() {
#if HWY_ARCH_X86
  static const bool is_intel = __builtin_cpu_is("intel");
  return !is_intel;
#else
  return true;
#endif
}

}  // namespace windrow::kernels
