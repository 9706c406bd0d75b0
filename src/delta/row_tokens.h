#pragma once

#include <windrow/error.h>
#include <windrow/vocabulary.h>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow {

// The tokens of these rows, as the vocabulary has them. kUnsupported: there is none, or its tokens share rows; `what`
// names the table.
Result<std::vector<std::string_view>> tokens_of_rows(const Vocabulary& vocabulary,
                                                     std::span<const int64_t> rows, const std::string& what);

}  // namespace windrow
