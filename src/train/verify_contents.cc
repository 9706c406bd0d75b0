#include "train/verify_contents.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/fail.h"
#include "format/text.h"
#include "kernels/rows.h"

namespace windrow {

namespace {

constexpr int64_t kTokensAtOnce = 1024;
constexpr int64_t kRowsAtOnce = 64;

void add_error(VerifyReport& report, std::string message) {
  if (report.vocabulary_error_count++ < 10) report.vocabulary_errors.push_back(std::move(message));
}

void add_row(int64_t row, int64_t& count, int64_t& first) {
  if (count++ == 0) first = row;
}

}  // namespace

void verify_vocabulary(const Vocabulary& vocabulary, VerifyReport& report) {
  std::vector<std::string_view> tokens;
  std::vector<int64_t> numbers;
  for (int64_t first = 0; first < vocabulary.size(); first += kTokensAtOnce) {
    const int64_t end = std::min(first + kTokensAtOnce, vocabulary.size());
    tokens.clear();
    for (int64_t t = first; t < end; ++t) tokens.push_back(vocabulary.token_at(t));
    numbers.resize(tokens.size());
    vocabulary.find_numbers(tokens, numbers);
    for (int64_t t = first; t < end; ++t) {
      const auto i = static_cast<size_t>(t - first);
      if (numbers[i] < 0 || numbers[i] > t)
        add_error(report, concat("token ", t, ", ", in_quotes(tokens[i]), ": the index does not find it"));
      if (!vocabulary.row_of(t))
        add_error(report, concat("token ", t, ", ", in_quotes(tokens[i]), ": its row is not in the table"));
    }
  }
  report.tokens = vocabulary.size();
}

void verify_values(const TableData& table, VerifyReport& report) {
  const auto decode = kernels::decode_rows(table.format);
  const auto dim = static_cast<size_t>(table.format.dim);
  const bool apart = table.format.scale_place == RowFormat::ScalePlace::kApart;
  std::vector<float> values(static_cast<size_t>(kRowsAtOnce) * dim);
  const uint8_t *rows[kRowsAtOnce], *scales[kRowsAtOnce];
  for (int64_t first = 0; first < table.rows; first += kRowsAtOnce) {
    const auto count = static_cast<size_t>(std::min(kRowsAtOnce, table.rows - first));
    for (size_t i = 0; i < count; ++i) {
      rows[i] = table.row(first + static_cast<int64_t>(i));
      if (apart) scales[i] = table.scales(first + static_cast<int64_t>(i));
    }
    decode(table.format, {rows, apart ? scales : nullptr, count, 0}, values.data(), dim);
    for (size_t i = 0; i < count; ++i) {
      const float* row = values.data() + i * dim;
      bool nan = false, infinite = false;
      for (size_t c = 0; c < dim; ++c) {
        nan |= std::isnan(row[c]);
        infinite |= std::isinf(row[c]);
      }
      const int64_t number = first + static_cast<int64_t>(i);
      if (nan) add_row(number, report.nan_rows, report.first_nan_row);
      if (infinite) add_row(number, report.infinite_rows, report.first_infinite_row);
    }
  }
}

}  // namespace windrow
