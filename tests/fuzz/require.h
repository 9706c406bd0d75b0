#pragma once

#include <cstdio>
#include <cstdlib>

// What must hold for every input. Fuzzers and the replay take an abort for a failure.
#define WINDROW_REQUIRE(condition)                                                        \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
