#pragma once

#include <string>
#include <string_view>

#include "formats/numbers.h"

// Appends a row as it stands in word2vec's and GloVe's text.
inline void append_text_row(std::string& text, std::string_view token, const float* values, size_t dim) {
  text += token;
  for (size_t c = 0; c < dim; ++c) {
    text += ' ';
    windrow::tools::append_float(text, values[c]);
  }
  text += '\n';
}
