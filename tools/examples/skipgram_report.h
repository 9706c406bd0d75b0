#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "skipgram_quality.h"

namespace examples::skipgram {

// What the program says when it is done.
struct Summary {
  std::string output;
  size_t sentences = 0;
  size_t words = 0;   // different ones, each a row
  size_t tokens = 0;  // all words of the text, rare ones included
  int epochs = 0;
  double seconds = 0;  // of training
  std::optional<Quality> quality;

  double words_per_second() const {
    return seconds > 0 ? static_cast<double>(tokens) * epochs / seconds : 0;
  }
};
void print_text(const Summary& summary);
void print_json(const Summary& summary);

}  // namespace examples::skipgram
