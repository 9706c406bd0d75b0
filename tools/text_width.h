#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace windrow::tools {

// How much room text takes. Bytes that are not UTF-8 count like the character that stands for them.

// Columns of a terminal: two for wide characters (as in East Asian scripts, emoji), none for marks that combine.
size_t terminal_columns(std::string_view text);

// A guess for a proportional sans-serif font of which nothing else is known, in sizes of the font: rather too much
// than too little.
double proportional_width(std::string_view text);

// `text` in one line: control characters and bytes that are not UTF-8 as \xHH, and an ellipsis in place of what is
// beyond `columns` columns of a terminal.
std::string in_one_line(std::string_view text, size_t columns);

// Spaces before or behind `text`, up to `columns`.
std::string aligned_right(std::string text, size_t columns);
std::string aligned_left(std::string text, size_t columns);

}  // namespace windrow::tools
