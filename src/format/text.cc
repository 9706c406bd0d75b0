#include "format/text.h"

#include <cstdint>

namespace windrow {

namespace {

// The length of the well-formed sequence at the start of `text`; 0 when there is none. The ranges are those
// of the Unicode Standard, table 3-7: only the second byte's range depends on the first.
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // below: overlong
    if (lead == 0xED) high = 0x9F;  // above: surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;   // below: overlong
    if (lead == 0xF4) high = 0x8F;  // above: beyond U+10FFFF
  } else {
    return 0;
  }
  if (text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

}  // namespace

size_t utf8_prefix(std::string_view text) {
  size_t done = 0;
  while (done < text.size()) {
    const size_t length = utf8_sequence(text.substr(done));
    if (length == 0) break;
    done += length;
  }
  return done;
}

std::string with_valid_utf8(std::string_view text) {
  std::string valid;
  while (true) {
    const size_t good = utf8_prefix(text);
    valid += text.substr(0, good);
    if (good == text.size()) return valid;
    valid += "\xEF\xBF\xBD";
    text.remove_prefix(good + 1);
  }
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kMaxShown = 100;
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string shown = "'";
  size_t done = 0;
  while (done < text.size()) {
    const size_t length = utf8_sequence(text.substr(done));
    if (done + (length == 0 ? 1 : length) > kMaxShown) return shown + "...'";
    const auto byte = static_cast<uint8_t>(text[done]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      shown += "\\x";
      shown += kHex[byte >> 4];
      shown += kHex[byte & 15];
      ++done;
    } else {
      shown += text.substr(done, length);
      done += length;
    }
  }
  return shown + "'";
}

}  // namespace windrow
