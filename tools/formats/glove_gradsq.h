#pragma once

#include <windrow/error.h>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "formats/byte_reader.h"

namespace windrow::tools {

// What `glove -save-gradsq` writes: the sums of squared gradients of its AdaGrad, G, which start at 1 (src/glove.c of
// https://github.com/stanfordnlp/GloVe, save_gsq_params). A token has two vectors, as a word and as a context, each of
// D values and a bias.
//
//   text    per token: token, a space, then 2 (D + 1) decimal numbers with a space between two: D of the word, its bias,
//           D of the context, its bias; LF. Never a header, never a line for <unk>. Tokens may hold spaces.
//   binary  no tokens: V rows of D + 1 doubles for the words, then V for the contexts

enum class GlovePart : uint8_t { kWord, kContext };

// The token and the values of one part of a line without its end. `sums` has D entries.
// The message of an error begins with what is wrong; the caller knows the place.
Result<std::string_view> parse_gradsq_line(std::string_view line, GlovePart part, std::span<double> sums);

// Goes through the lines of a text file.
class GradsqLines {
 public:
  GradsqLines(std::unique_ptr<ByteSource> source, size_t dim) : bytes_(std::move(source)), dim_(dim) {}

  struct Line {
    uint64_t begin;         // byte of the file
    std::string_view text;  // without LF, CR and trailing spaces; valid until the next call
  };
  // Nothing at the end of the file.
  Result<std::optional<Line>> next();

  // The place of the line that came last, for messages.
  std::string place() const;

 private:
  ByteReader bytes_;
  size_t dim_;
  uint64_t line_begin_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace windrow::tools
