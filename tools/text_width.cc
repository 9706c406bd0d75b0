#include "text_width.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "format/text.h"

namespace windrow::tools {

namespace {

struct Character {
  std::string_view bytes;
  uint32_t code;  // U+FFFD for a byte that is not UTF-8
  bool is_utf8;
};

// Takes the first character off `text`.
Character next_character(std::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  Character character{text.substr(0, length), 0xFFFD,
                      utf8_prefix(text.substr(0, length)) >= std::min(length, text.size())};
  if (text.size() < length) character.is_utf8 = false;
  if (!character.is_utf8) {
    character.bytes = text.substr(0, 1);
  } else if (length == 1) {
    character.code = lead;
  } else {
    character.code = lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; ++i) character.code = (character.code << 6) | (byte(i) & 0x3Fu);
  }
  text.remove_prefix(character.bytes.size());
  return character;
}

struct Range {
  uint32_t first, last;
};

bool is_in(std::span<const Range> ranges, uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& r) { return code >= r.first && code <= r.last; });
}

// Blocks of the Unicode Standard whose characters are wide (annex 11), and those of combining marks and joiners.
constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
                           {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},
                           {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1FAFF}, {0x20000, 0x3FFFD}};
constexpr Range kNone[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},
                           {0x064B, 0x065F}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},
                           {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                           {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

size_t columns_of(uint32_t code) {
  return is_in(kNone, code) ? 0 : is_in(kWide, code) ? 2 : 1;
}

}  // namespace

size_t terminal_columns(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) columns += columns_of(next_character(text).code);
  return columns;
}

double proportional_width(std::string_view text) {
  constexpr std::string_view kNarrow = "iljI.,:;'!|`";
  constexpr std::string_view kHalf = "ftr()[]{}-\" /\\";
  constexpr std::string_view kBroad = "mwMW@%&";
  double width = 0;
  while (!text.empty()) {
    const Character character = next_character(text);
    const auto is_one_of = [&](std::string_view set) {
      return character.code < 0x80 && set.find(static_cast<char>(character.code)) != std::string_view::npos;
    };
    const bool capital = character.code >= 'A' && character.code <= 'Z';
    const size_t columns = columns_of(character.code);
    width += columns != 1         ? 1.05 * static_cast<double>(columns) / 2
             : is_one_of(kNarrow) ? 0.32
             : is_one_of(kHalf)   ? 0.42
             : is_one_of(kBroad)  ? 0.95
             : capital            ? 0.72
                                  : 0.62;
  }
  return width;
}

std::string in_one_line(std::string_view text, size_t columns) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string line;
  size_t used = 0;
  size_t fits = 0;  // bytes of the line that leave room for an ellipsis
  while (!text.empty()) {
    const Character character = next_character(text);
    const bool plain =
        character.is_utf8 && character.code >= 0x20 && (character.code < 0x7F || character.code > 0x9F);
    std::string shown(character.bytes);
    if (!plain) {
      shown.clear();
      for (const char c : character.bytes) {
        const auto byte = static_cast<uint8_t>(c);
        shown += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
    used += plain ? columns_of(character.code) : shown.size();
    if (used > columns) return line.substr(0, fits) + "\u2026";
    line += shown;
    if (used < columns) fits = line.size();
  }
  return line;
}

std::string aligned_right(std::string text, size_t columns) {
  const size_t used = terminal_columns(text);
  return used < columns ? std::string(columns - used, ' ') + text : text;
}

std::string aligned_left(std::string text, size_t columns) {
  const size_t used = terminal_columns(text);
  if (used < columns) text.append(columns - used, ' ');
  return text;
}

}  // namespace windrow::tools
