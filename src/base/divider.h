#pragma once

#include <cstdint>
#include <limits>

namespace windrow {

// Division by a number that is known before the dividends, without the divide instruction: a multiplication by
// its reciprocal gives the quotient or one less (Granlund and Montgomery, "Division by invariant integers using
// multiplication", 1994).
class Divider {
 public:
  Divider() = default;
  explicit Divider(uint64_t divisor)  // at least 1
      : divisor_(divisor), reciprocal_(std::numeric_limits<uint64_t>::max() / divisor) {}

  uint64_t quotient(uint64_t n) const {
    __extension__ using Wide = unsigned __int128;
    const auto q = static_cast<uint64_t>(static_cast<Wide>(n) * reciprocal_ >> 64);
    return q + (n - q * divisor_ >= divisor_);
  }

 private:
  uint64_t divisor_ = 1;
  uint64_t reciprocal_ = std::numeric_limits<uint64_t>::max();
};

}  // namespace windrow
