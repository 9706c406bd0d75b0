#pragma once

#include <hwy/highway.h>

#include <string>
#include <vector>

// Tests of every instruction set that this CPU and this build have:
//
//   for (const auto target : every_target()) {
//     DYNAMIC_SECTION(hwy::TargetName(target)) {
//       const ScopedTarget scope(target);
//       ...

using Target = decltype(hwy::SupportedAndGeneratedTargets())::value_type;

// The list is taken once, before any ScopedTarget: afterwards Highway would report that one alone.
inline const std::vector<Target>& every_target() {
  static const std::vector<Target> targets = hwy::SupportedAndGeneratedTargets();
  return targets;
}

// Makes kernels run on one target until the end of the scope.
class ScopedTarget {
 public:
  explicit ScopedTarget(Target target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~ScopedTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ScopedTarget(const ScopedTarget&) = delete;
  ScopedTarget& operator=(const ScopedTarget&) = delete;
};
