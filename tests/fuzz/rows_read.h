#pragma once

#include <memory>

#include "formats/reader.h"
#include "fuzz/require.h"

// Reads all rows of a reader that was opened on memory, and requires what every reader promises.
inline void read_all_rows(windrow::Result<std::unique_ptr<windrow::tools::RowReader>> opened) {
  if (!opened) {
    WINDROW_REQUIRE(!opened.error().message.empty() && opened.error().message.size() < 20'000);
    return;
  }
  auto& reader = **opened;
  const auto& header = reader.header();
  WINDROW_REQUIRE(header.dim >= 1);
  uint64_t rows = 0;
  bool tokens_ended = !header.has_tokens;
  windrow::tools::RowBlock block;
  while (true) {
    const auto read = reader.next(block);
    if (!read) {
      WINDROW_REQUIRE(!read.error().message.empty() && read.error().message.size() < 1000);
      return;
    }
    if (block.rows == 0) break;
    rows += block.rows;
    WINDROW_REQUIRE(block.dim == header.dim && block.values.size() == block.rows * block.dim);
    WINDROW_REQUIRE(block.tokens.size() == 0 || block.tokens.size() == block.rows);
    WINDROW_REQUIRE(block.begins.empty() || block.begins.size() == block.rows);
    WINDROW_REQUIRE(!(tokens_ended && block.has_tokens()));
    tokens_ended = tokens_ended || !block.has_tokens();
  }
  WINDROW_REQUIRE(!header.rows || rows == *header.rows);
  for (const auto& remark : reader.findings().remarks) WINDROW_REQUIRE(!remark.empty());
}
