#include "units.h"

#include <cstdio>

#include "base/fail.h"

namespace windrow::tools {

std::string with_digits(double value, int digits) {
  char text[64];
  const int length = std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return std::string(text, length < 0 ? 0 : static_cast<size_t>(length));
}

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1024) return concat(bytes, bytes == 1 ? " byte" : " bytes");
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return concat(with_digits(value, 1), " ", kUnits[unit]);
}

std::string number_text(uint64_t number) {
  std::string text(16, '0');
  for (size_t i = text.size(); i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

std::string human_seconds(double seconds) {
  if (seconds < 100) return concat(with_digits(seconds, 1), " s");
  const auto whole = static_cast<uint64_t>(seconds + 0.5);
  return concat(whole / 60, " min ", whole % 60 < 10 ? "0" : "", whole % 60, " s");
}

}  // namespace windrow::tools
