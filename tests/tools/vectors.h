#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/reader.h"
#include "support/catch.h"

// Everything that a reader gives, or the message with which it stopped.
struct Vectors {
  std::vector<std::string> tokens;
  std::vector<float> values;
  size_t dim = 0;
  std::string error;
};

inline Vectors read_vectors(windrow::Result<std::unique_ptr<windrow::tools::RowReader>> reader) {
  Vectors vectors;
  if (!reader) {
    vectors.error = reader.error().message;
    return vectors;
  }
  vectors.dim = (*reader)->header().dim;
  windrow::tools::RowBlock block;
  while (true) {
    const auto read = (*reader)->next(block);
    if (!read) {
      vectors.error = read.error().message;
      return vectors;
    }
    if (block.rows == 0) return vectors;
    vectors.values.insert(vectors.values.end(), block.values.begin(), block.values.end());
    for (size_t i = 0; block.has_tokens() && i < block.rows; ++i) vectors.tokens.emplace_back(block.token(i));
  }
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
