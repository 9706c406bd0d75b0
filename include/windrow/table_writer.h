#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <windrow/views.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windrow {

// Fills `values` with the entries of state tensor number `tensor` (of state_tensors()) for rows from `first_row` on:
// dim values a row, or one where the tensor is per row. Called for each tensor in turn, from row 0 up, on the caller's
// thread. An error ends the call that wanted the values.
using StateValues = std::function<Result<void>(size_t tensor, int64_t first_row, std::span<float> values)>;

struct TableWriterSpec {
  RowFormat format = {};
  std::optional<Optimizer> optimizer = {};  // reserves its state, filled with its initial value
  std::optional<int64_t> rows = {};         // when known: disk space is reserved at once
  // Fills the state with values from elsewhere, when all rows have come; and the steps they stem from.
  StateValues state = {};
  int64_t step_count = 0;
  std::optional<Subwords> subwords =
      {};  // how n-grams find their rows; those must exist when all rows have come
  std::vector<int64_t> kept_buckets = {};  // where subwords are pruned: the buckets that have rows, ascending
  // Further string metadata for the file's header, which must fit into one page: at least 2,000 bytes are left.
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

// Writes a new table row by row, in memory that does not grow with the rows (tokens are kept until the end).
// The file appears under its name only when finish() succeeds; until then it is a temporary file beside it,
// which the destructor removes. Used by one thread at a time.
class WINDROW_API TableWriter {
 public:
  // Errors: kInvalidArgument, kUnsupported, kIo, kNoSpace, kBusy as Table::create; kInvalidArgument also for
  // metadata that are too long, not UTF-8, or have a key twice or one that the table has itself.
  [[nodiscard]] static Result<TableWriter> create(const std::string& path, const TableWriterSpec& spec);

  ~TableWriter();
  TableWriter(TableWriter&&) noexcept;
  TableWriter& operator=(TableWriter&&) noexcept;

  // Adds rows at the end, stored as the format has them (FORMAT.md, "How values are stored"). Rows that come as f16 or
  // bf16 are widened to floats first, which is exact. `tokens` is empty, or has one token per row. The
  // first rows of a table may have tokens and those behind them none (the rows of n-grams).
  // Errors: kInvalidArgument  row_stride below dim; tokens for some of these rows only, or behind rows without; a
  //                           row that the format cannot hold, such as a NaN in int8 rows (the message names row
  //                           and reason)
  //         kIo, kNoSpace, kNoMemory
  // After an error only destruction is left.
  [[nodiscard]] Result<void> append(RowsIn rows, std::span<const std::string_view> tokens = {});

  // Adds tokens that do not come with rows: token t has the row rows[t] and, in weighted means of tokens, the weight
  // weights[t]. `rows` may be empty: a token then has the row with its own number. `weights` may be empty: 1.
  // Errors: kInvalidArgument  other numbers of rows or weights; a row below 0; tokens came with rows before
  //         kNoMemory
  // That each row exists is checked by finish().
  [[nodiscard]] Result<void> add_tokens(std::span<const std::string_view> tokens,
                                        std::span<const int64_t> rows = {},
                                        std::span<const float> weights = {});

  int64_t rows() const;

  // Writes state, vocabulary, checksums and header, syncs, and gives the file its name.
  // Errors: kIo, kNoSpace, kNoMemory; kBusy when a trainer holds the file that would be replaced;
  // kInvalidArgument when spec.rows promised another number of rows, or a token or an n-gram would have a row that did
  // not come. After an error nothing stands under the
  // name that was not there before.
  [[nodiscard]] Result<void> finish();

 private:
  struct State;
  explicit TableWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace windrow
