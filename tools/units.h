#pragma once

#include <cstdint>
#include <string>

namespace windrow::tools {

// Quantities for people.

std::string human_bytes(uint64_t bytes);            // "12 bytes", "1.5 MiB"
std::string human_seconds(double seconds);          // "0.4 s", "2 min 05 s"
std::string with_digits(double value, int digits);  // digits behind the point
std::string number_text(uint64_t number);           // a number that is a name: 16 hexadecimal digits

}  // namespace windrow::tools
