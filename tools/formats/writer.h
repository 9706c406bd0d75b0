#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/row_block.h"

namespace windrow::tools {

// What becomes of a row whose token a format cannot hold.
enum class BadToken : uint8_t {
  kRefuse,
  kSkip,        // the row is left out
  kUnderscore,  // each byte that it cannot hold becomes '_'
};

// What only some formats ask.
struct WriterOptions {
  bool newlines = true;  // word2vec's binary: behind each row
  BadToken bad_token = BadToken::kRefuse;
  std::optional<int> precision = {};  // of text: significant digits; else the fewest that give a value back
};

struct WriterSpec {
  size_t dim = 0;
  uint64_t max_rows = 0;               // no more will come
  bool exact = false;                  // and no fewer
  RowFormat row_format;                // for tables; of `dim` columns
  std::optional<Optimizer> optimizer;  // likewise: whose state is reserved
  StateValues state = {};              // and what it holds; its initial values otherwise
  int64_t step_count = 0;
  std::optional<Subwords> subwords = {};   // likewise: how n-grams find their rows
  std::vector<int64_t> kept_buckets = {};  // where those are pruned
  WriterOptions options = {};
};

// Writes a file of vectors. It appears under its name, whole, when finish() succeeds; the destructor removes
// what was written otherwise.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  // Once a block had no tokens, none that follows has any. After an error only destruction is left.
  virtual Result<void> write(const RowBlock& block) = 0;
  // The tokens, when they come by themselves, behind all rows: for tables only.
  virtual Result<void> write_tokens(const TokenBlock&) { return {}; }
  virtual Result<void> finish() = 0;

  // Rows that came and were not written.
  virtual uint64_t left_out() const { return 0; }
  // What a user should know of what was written although it is no error.
  virtual std::vector<std::string> remarks() const { return {}; }
};

}  // namespace windrow::tools
