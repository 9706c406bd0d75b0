#pragma once

#include <cstdint>

// The system's calls on files, and the program's memory, as this program has them: one of them fails on demand. They
// stand before those of the C library for whatever is linked into the program. For one thread that is armed at a time.
namespace failing {

enum class What : uint8_t { kCalls, kMemory };

// Call number `at` from here on fails with `error` (an errno), or that and all behind it.
void arm(What what, uint64_t at, int error, bool for_ever);
void disarm();
// For what a test does meanwhile.
struct Pause {
  Pause();
  ~Pause();
};

// Since arm(): how many there were, and which was the last to fail; null if none did.
uint64_t count();
const char* failed();

}  // namespace failing
