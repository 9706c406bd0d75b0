#pragma once

#include <windrow/error.h>

#include "formats/byte_reader.h"
#include "formats/formats.h"

namespace windrow::tools {

// What some editors and spreadsheets put in front of UTF-8 text, and what is no part of it.

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
inline constexpr const char* kByteOrderMarkRemark = "a byte order mark in front of the text was left out";

// The first bytes behind it.
FileStart without_byte_order_mark(FileStart start);

// Passes over it, and says whether it was there. `bytes` stands at the start of the file.
Result<bool> skip_byte_order_mark(ByteReader& bytes);

}  // namespace windrow::tools
