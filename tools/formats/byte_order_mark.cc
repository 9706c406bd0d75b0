#include "formats/byte_order_mark.h"

namespace windrow::tools {

FileStart without_byte_order_mark(FileStart start) {
  if (!start.bytes.starts_with(kByteOrderMark)) return start;
  return {start.bytes.substr(kByteOrderMark.size()), start.file_bytes - kByteOrderMark.size()};
}

Result<bool> skip_byte_order_mark(ByteReader& bytes) {
  const auto start = bytes.peek(kByteOrderMark.size());
  if (!start) return tl::make_unexpected(start.error());
  const bool there = *start == kByteOrderMark;
  if (there) bytes.skip(kByteOrderMark.size());
  return there;
}

}  // namespace windrow::tools
