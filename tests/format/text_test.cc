#include "format/text.h"

#include "support/catch.h"

using namespace windrow;

TEST_CASE("utf8_prefix: every code point is accepted but the surrogates", "[format]") {
  for (uint32_t code = 0; code <= 0x110010; ++code) {
    std::string bytes;
    if (code < 0x80) {
      bytes = {static_cast<char>(code)};
    } else if (code < 0x800) {
      bytes = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    } else if (code < 0x10000) {
      bytes = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
               static_cast<char>(0x80 | (code & 63))};
    } else {
      bytes = {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
               static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    }
    const bool good = (code < 0xD800 || code > 0xDFFF) && code <= 0x10FFFF;
    if ((utf8_prefix(bytes) == bytes.size()) != good || (utf8_prefix(bytes) == 0) == good) {
      CAPTURE(code);
      CHECK(false);
    }
  }
}

TEST_CASE("utf8_prefix: stops at the first byte that is not UTF-8", "[format]") {
  CHECK(utf8_prefix("") == 0);
  CHECK(utf8_prefix("abc") == 3);
  CHECK(utf8_prefix("ab\xC3\xA9\x80") == 4);            // a lone continuation byte
  CHECK(utf8_prefix("a\xE8\xAA") == 1);                 // cut
  CHECK(utf8_prefix("a\xC0\xAF") == 1);                 // overlong '/', two bytes
  CHECK(utf8_prefix("a\xE0\x80\xAF") == 1);             // overlong '/', three bytes
  CHECK(utf8_prefix("a\xF0\x80\x80\xAF") == 1);         // overlong '/', four bytes
  CHECK(utf8_prefix("a\xF8\x88\x80\x80\x80") == 1);     // five bytes
  CHECK(utf8_prefix("\xF0\x9F\x98\x80\xF0\x9F") == 4);  // one whole, one cut
}

TEST_CASE("in_quotes: shows control characters and bad bytes as hex and cuts long texts", "[format]") {
  CHECK(in_quotes("") == "''");
  CHECK(in_quotes("weight é") == "'weight é'");
  CHECK(in_quotes(std::string_view("a\n\0\x7F\xFFz", 6)) == "'a\\x0A\\x00\\x7F\\xFFz'");
  CHECK(in_quotes(std::string(100, 'x')) == "'" + std::string(100, 'x') + "'");
  CHECK(in_quotes(std::string(101, 'x')) == "'" + std::string(100, 'x') + "...'");
  CHECK(in_quotes(std::string(99, 'x') + "é") ==
        "'" + std::string(99, 'x') + "...'");  // not inside a character
}
