#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "formats/row_block.h"

namespace windrow::tools {

// What a line of text was found to hold. Values go to the caller's memory; the token is a part of the line.
struct ParsedLine {
  enum class Fault : uint8_t {
    kNone,
    kTooFewFields,   // `field` numbers are there
    kTooManyFields,  // `field` are there; of formats whose tokens do not take what is left
    kBadNumber,      // the one in field `field`, from 0
    kOpenQuote,
    kLongToken,
    kLongLine,  // found before it is parsed; never left out
  };
  Fault fault = Fault::kNone;
  bool crlf = false;
  bool blank = false;  // nothing but CR and spaces
  uint32_t field = 0;
  uint32_t token_begin = 0;  // byte of the line
  uint32_t token_bytes = 0;
};

// Turns a line into a row. Called by several threads at once: parse() neither allocates nor throws.
class LineParser {
 public:
  virtual ~LineParser() = default;

  virtual size_t dim() const = 0;
  virtual bool has_tokens() const { return true; }
  // `line` has no LF, but perhaps a CR and spaces at its end, and fewer than 2^32 bytes. Writes dim() values; what is
  // in them after a fault is undefined.
  virtual ParsedLine parse(std::string_view line, float* values) const noexcept = 0;
  // The token as the file means it, of the bytes in which it stands.
  virtual void add_token(std::string_view stored, TokenList& tokens) const { tokens.add(stored); }
  // What is wrong with a line whose fault is not kLongLine.
  virtual std::string explain(std::string_view line, const ParsedLine& parsed) const = 0;
};

// Drops a CR, if the line has one, and then all spaces at its end.
std::string_view trim_line(std::string_view line, bool& crlf);

// Text of word2vec, fastText and GloVe: a token, then `dim` decimal numbers, with one space (0x20) before each. The
// values are the last `dim` fields; the token is all before them, spaces included.
std::unique_ptr<LineParser> spaced_line_parser(size_t dim);

}  // namespace windrow::tools
