#include "passage.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/fail.h"
#include "format/text.h"

namespace windrow::tools {

namespace {

std::string place(uint64_t row, std::optional<uint64_t> byte) {
  return byte ? concat("row ", row, ", byte ", *byte) : concat("row ", row);
}

// The row over the root of the sum of its squares, in double, each value rounded once.
void normalize(float* row, size_t dim) {
  double squares = 0;
  for (size_t c = 0; c < dim; ++c) squares += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  const double length = std::sqrt(squares);
  if (!(length > 0) || !std::isfinite(length)) return;
  for (size_t c = 0; c < dim; ++c) row[c] = static_cast<float>(static_cast<double>(row[c]) / length);
}

// Keeps rows and tokens for which `keep(i)` holds.
template <class Keep>
void keep_rows(RowBlock& block, Keep keep) {
  TokenList tokens;
  size_t next = 0;  // where the next kept row goes
  for (size_t i = 0; i < block.rows; ++i) {
    if (!keep(i)) continue;
    tokens.add(block.token(i));
    if (next != i) std::copy_n(block.row(i), block.dim, block.row(next));
    if (!block.begins.empty()) block.begins[next] = block.begins[i];
    ++next;
  }
  block.cut(next);
  block.tokens = std::move(tokens);
}

}  // namespace

std::optional<uint64_t> Passage::Places::begin(size_t i) const {
  return begins && !begins->empty() ? std::optional<uint64_t>((*begins)[i]) : std::nullopt;
}

Result<void> Passage::operator()(RowBlock& block) {
  const uint64_t first_row = findings_.rows_read;
  const Places places{.first_row = first_row, .begins = &block.begins};
  if (block.has_tokens()) {
    if (auto checked = check_tokens(block.tokens, places); !checked) return checked;
  }
  const uint64_t rows = block.rows;
  if (options_.columns) take_columns(block);
  count_values(block);
  if (options_.normalize) {
    for (size_t i = 0; i < block.rows; ++i) normalize(block.row(i), block.dim);
  }
  if (block.has_tokens()) {
    const uint64_t repeated_before = findings_.duplicates.count;
    const auto is_new = find_new(block.tokens, places);
    if (!is_new) return tl::make_unexpected(is_new.error());
    const bool repeated = findings_.duplicates.count > repeated_before;
    if (repeated && options_.duplicates == Duplicates::kKeepFirst)
      keep_rows(block, [&](size_t i) { return (*is_new)[i]; });
  }
  findings_.rows_read = first_row + rows;
  if (options_.number_rows && !block.has_tokens()) name_by_number(block);
  findings_.rows_written += block.rows;
  return {};
}

Result<void> Passage::operator()(TokenBlock& block) {
  const Places places{.first_row = listed_, .rows = block.rows.empty() ? nullptr : &block.rows};
  listed_ += block.tokens.size();
  if (auto checked = check_tokens(block.tokens, places); !checked) return checked;
  if (auto found = find_new(block.tokens, places); !found) return pass(found);
  return {};
}

Result<std::vector<bool>> Passage::find_new(const TokenList& tokens, const Places& places) {
  std::vector<bool> is_new(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    is_new[i] = seen_.insert(tokens[i]);
    if (is_new[i]) continue;
    if (options_.duplicates == Duplicates::kError) {
      return fail(ErrorCode::kFormat, place(places.row(i), places.begin(i)), ": the token ",
                  in_quotes(tokens[i]), " was there before; --drop-duplicates keep-first leaves it out");
    }
    if (findings_.duplicates.count == 0) findings_.first_duplicate = tokens[i];
    findings_.duplicates.add(places.row(i), places.begin(i));
  }
  return is_new;
}

Result<void> Passage::check_tokens(TokenList& tokens, const Places& places) {
  bool replaced = false;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view token = tokens[i];
    if (token.empty()) findings_.empty_tokens.add(places.row(i), places.begin(i));
    if (utf8_prefix(token) == token.size()) continue;
    if (options_.bad_utf8 == BadUtf8::kError) {
      return fail(ErrorCode::kFormat, place(places.row(i), places.begin(i)), ": the token ", in_quotes(token),
                  " is not valid UTF-8; --bad-utf8 keep or replace takes it");
    }
    findings_.bad_utf8.add(places.row(i), places.begin(i));
    replaced = options_.bad_utf8 == BadUtf8::kReplace;
  }
  if (!replaced) return {};
  TokenList valid;
  for (size_t i = 0; i < tokens.size(); ++i) valid.add(with_valid_utf8(tokens[i]));
  tokens = std::move(valid);
  return {};
}

void Passage::take_columns(RowBlock& block) const {
  const size_t dim = options_.columns->end - options_.columns->begin;
  for (size_t i = 0; i < block.rows; ++i) {
    const float* from = block.row(i) + options_.columns->begin;
    std::copy(from, from + dim, block.values.data() + i * dim);
  }
  block.dim = dim;
  block.values.resize(block.rows * dim);
}

// The largest bit pattern without sign tells all rows but odd ones apart, in one pass that the compiler vectorises.
void Passage::count_values(const RowBlock& block) {
  constexpr uint32_t kInfinity = 0x7F800000;
  for (size_t i = 0; i < block.rows; ++i) {
    const float* row = block.row(i);
    uint32_t largest = 0;
    for (size_t c = 0; c < block.dim; ++c) {
      largest = std::max(largest, std::bit_cast<uint32_t>(row[c]) & 0x7FFFFFFF);
    }
    if (largest > 0 && largest < kInfinity) continue;
    const uint64_t number = findings_.rows_read + i;
    if (largest == 0) findings_.zero_rows.add(number, block.begin(i));
    if (largest > kInfinity) findings_.nan_rows.add(number, block.begin(i));
    if (largest >= kInfinity && std::any_of(row, row + block.dim, [](float x) { return std::isinf(x); }))
      findings_.infinite_rows.add(number, block.begin(i));
  }
}

void Passage::name_by_number(RowBlock& block) const {
  for (size_t i = 0; i < block.rows; ++i) block.tokens.add(std::to_string(findings_.rows_written + i));
}

}  // namespace windrow::tools
