#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/findings.h"
#include "formats/row_block.h"

namespace windrow::tools {

struct SourceHeader {
  size_t dim = 0;
  std::optional<uint64_t> rows;              // as the file declares them; a reader never gives more
  bool has_tokens = false;                   // rows come with tokens: all, or the first ones
  bool has_token_list = false;               // tokens come by themselves, behind the rows: next_tokens()
  std::optional<RowFormat> row_format = {};  // of a table
  std::string stored_as = "f32";           // how values stand in the file, for people: "f32", "text", "q4_k"
  std::optional<uint64_t> most_rows = {};  // without `rows`: what the size of the file allows
  std::optional<Subwords> subwords = {};   // how rows behind those of the words are found by n-grams
  std::vector<int64_t> kept_buckets = {};  // where those are pruned
};

// Reads a file of vectors from front to back, a block of rows at a time, in memory that does not grow with
// the file.
class RowReader {
 public:
  virtual ~RowReader() = default;

  virtual const SourceHeader& header() const = 0;
  // Replaces the block by the next rows. An empty block is the end, and then everything the file claims was
  // checked. Once a block had no tokens, none that follows has any.
  virtual Result<void> next(RowBlock& block) = 0;
  // The same of the tokens, where they do not come with rows, at any time.
  virtual Result<void> next_tokens(TokenBlock& block) {
    block.clear();
    return {};
  }

  // What was met so far that is no error.
  virtual ReaderFindings findings() const { return {}; }
};

}  // namespace windrow::tools
