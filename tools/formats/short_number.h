#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace windrow::tools {

// Reads the numbers that most files of word vectors are made of: a digit, a point and up to seven digits behind it,
// with a space behind those, such as "-0.123456 ". Returns where the space stands, or null for all other numbers.
//
// Digits without the point make a whole number of at most 2^24. That is a float exactly, and so is the power of ten, so
// that their quotient is the float nearest to the number (W. D. Clinger, How to read floating point numbers accurately,
// 1990). The eight bytes behind the point are taken as one word; its bytes become a number in three steps, pairs, fours
// and eights (D. Lemire, Quickly parsing eight digits, 2018).
inline const char* read_short_number(const char* at, const char* end, float& value) noexcept {
  constexpr float kPowers[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f};
  constexpr uint32_t kWholePowers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
  constexpr uint64_t kZeros = 0x3030303030303030;  // eight times '0'
  constexpr ptrdiff_t kMostBytes = 11;             // sign, digit, point and eight more
  if (end - at < kMostBytes) return nullptr;
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  const uint32_t first = static_cast<uint8_t>(*at) - uint32_t{'0'};
  if (first > 9 || at[1] != '.') return nullptr;
  at += 2;
  const auto text = load<uint64_t>(reinterpret_cast<const uint8_t*>(at));
  // The top bit of each byte that is no digit; above the first of them carries may have changed others.
  const uint64_t others = ((text + 0x4646464646464646) | (text - kZeros)) & 0x8080808080808080;
  const int digits = std::countr_zero(others) / 8;  // 8 when all are
  if (digits == 0 || digits == 8 || at[digits] != ' ') return nullptr;
  uint64_t tail = (text - kZeros) << (8 * (8 - digits));  // with zeros in front
  tail = tail * 10 + (tail >> 8);
  tail = (((tail & 0x000000FF000000FF) * 0x000F424000000064) +
          (((tail >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
         32;
  const uint32_t whole = first * kWholePowers[digits] + static_cast<uint32_t>(tail);
  if (whole > (1u << 24)) return nullptr;
  const float magnitude = static_cast<float>(whole) / kPowers[digits];
  value = negative ? -magnitude : magnitude;
  return at + digits;
}

}  // namespace windrow::tools
