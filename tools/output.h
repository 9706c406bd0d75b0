#pragma once

#include <windrow/error.h>
#include <string_view>

#include "base/fail.h"

namespace windrow::tools {

// Standard output. A failed write is remembered and reported once, at the end.

void print(std::string_view text);

template <class... Parts>
void print_line(const Parts&... parts) {
  print(concat(parts..., "\n"));
}

// Whether further output is in vain: the reader went away (`| head`), or a write failed.
bool output_is_closed();

// Hands what was printed to the system now.
void flush_output();
// Hands everything to the system. A reader that went away is no error: it had what it wanted.
Result<void> finish_output();

bool output_is_terminal();

}  // namespace windrow::tools
