#pragma once

#include <windrow/export.h>
#include <string>

namespace windrow {

// The library's version, such as "0.1.0".
WINDROW_API const char* version();

// The instruction set that lookups and steps run on here, as Highway names it: "AVX3", "AVX2", "NEON", ...
WINDROW_API std::string simd_target();

}  // namespace windrow
