#include "kernels/dispatch.h"

#include <hwy/highway.h>

namespace windrow::kernels {

void choose_target_once() {
  hwy::ChosenTarget& chosen = hwy::GetChosenTarget();
  if (!chosen.IsInitialized()) chosen.Update(hwy::SupportedTargets());
}

}  // namespace windrow::kernels
