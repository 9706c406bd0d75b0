#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace windrow {

// Text that was read from a file: is it UTF-8, and how to show it in a message.

// How many bytes from the start are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing
// above U+10FFFF): text.size() when all of them are, else the start of the first bad sequence.
size_t utf8_prefix(std::string_view text);

// `text` with U+FFFD for every byte that is no part of well-formed UTF-8.
std::string with_valid_utf8(std::string_view text);

// `text` in single quotes, fit for a message: at most 100 bytes of it, control characters and bytes that are
// not UTF-8 as \xHH.
std::string in_quotes(std::string_view text);

}  // namespace windrow
