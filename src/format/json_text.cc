#include "format/json_text.h"

#include "base/fail.h"
#include "format/text.h"

namespace windrow {

Result<void> check_json_text(std::string_view text, uint64_t begin, std::string_view what) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    return fail(ErrorCode::kFormat, what, " starts with a byte order mark at byte ", begin,
                "; the format forbids it");
  }
  const size_t nul = text.find('\0');
  if (nul != text.npos) {
    const bool padding = text.find_first_not_of('\0', nul) == text.npos;
    return fail(ErrorCode::kFormat, what,
                padding ? " is padded with NUL bytes from byte " : " holds a NUL byte at byte ", begin + nul,
                padding ? "; the format wants spaces" : "");
  }
  const size_t good = utf8_prefix(text);
  if (good != text.size()) return fail(ErrorCode::kFormat, what, " is not UTF-8 at byte ", begin + good);
  return {};
}

}  // namespace windrow
