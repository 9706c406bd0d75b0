#pragma once

#include <windrow/embed.h>
#include <cstddef>
#include <string_view>

namespace windrow {

// kInvalidArgument for an unknown_row that is none.
Result<void> check_token_options(const Table& table, const TokenOptions& options);

// The error of a token at a position that the vocabulary does not have.
tl::unexpected<Error> unknown_token(size_t position, std::string_view token);

}  // namespace windrow
