#include "plot_rows.h"

#include <windrow/lookup.h>
#include <windrow/word_vectors.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "format/text.h"
#include "formats/byte_reader.h"
#include "formats/numbers.h"
#include "row_tokens.h"
#include "token_set.h"
#include "verb.h"

namespace windrow::tools {

namespace {

constexpr int64_t kDefaultTop = 300;
constexpr uint64_t kMostTokenBytes = uint64_t{16} << 20;

// Lines without their ends, each token once.
Result<std::vector<std::string>> read_tokens(const std::string& path) {
  const auto source = open_bytes(path);
  if (!source) return tl::make_unexpected(source.error());
  if ((*source)->size() > kMostTokenBytes) {
    return fail(ErrorCode::kInvalidArgument, path, ": ", (*source)->size(),
                " bytes are more than a list of at most ", kMostPlotRows, " tokens needs");
  }
  std::string text(static_cast<size_t>((*source)->size()), '\0');
  if (auto read = (*source)->read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}); !read)
    return pass(read);
  std::string_view rest = text;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  std::vector<std::string> tokens;
  TokenSet seen;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && seen.insert(line)) tokens.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return tokens;
}

Result<void> check_count(int64_t count) {
  if (count <= kMostPlotRows) return {};
  return fail(ErrorCode::kInvalidArgument, count, " points are more than a picture can show; take at most ",
              kMostPlotRows);
}

void add_row(PlotRows& plot, std::span<const float> values, std::string name, std::optional<int64_t> row) {
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    ++plot.not_finite;
    return;
  }
  plot.values.insert(plot.values.end(), values.begin(), values.end());
  plot.names.push_back(std::move(name));
  plot.rows.push_back(row);
}

Result<void> add_words(const Table& table, std::span<const std::string_view> words, PlotRows& plot) {
  if (auto fits = check_count(static_cast<int64_t>(words.size())); !fits) return fits;
  std::vector<float> values(words.size() * plot.dim);
  std::vector<WordSource> sources(words.size());
  auto found = word_vectors(table, words, RowsOut(values, plot.dim), sources);
  if (!found) return pass(found);
  for (size_t i = 0; i < words.size(); ++i) {
    if (sources[i] == WordSource::kNone) {
      plot.unknown.emplace_back(words[i]);
    } else {
      add_row(plot, std::span(values).subspan(i * plot.dim, plot.dim), std::string(words[i]),
              table.vocabulary().find(words[i]));
    }
  }
  return {};
}

Result<void> add_rows(const Table& table, int64_t begin, int64_t end, PlotRows& plot) {
  if (auto fits = check_count(end - begin); !fits) return fits;
  std::vector<int64_t> ids(static_cast<size_t>(end - begin));
  std::iota(ids.begin(), ids.end(), begin);
  std::vector<float> values(ids.size() * plot.dim);
  auto gathered = gather(table, std::span<const int64_t>(ids), RowsOut(values, plot.dim));
  if (!gathered) return pass(gathered);
  const auto tokens = tokens_of_rows(table, begin, end);
  for (size_t i = 0; i < ids.size(); ++i) {
    add_row(plot, std::span(values).subspan(i * plot.dim, plot.dim),
            tokens[i].empty() ? std::to_string(ids[i]) : std::string(tokens[i]), ids[i]);
  }
  return {};
}

// The first tokens are the most frequent ones of most word vectors.
Result<void> add_top(const Table& table, int64_t count, PlotRows& plot) {
  const Vocabulary& vocabulary = table.vocabulary();
  if (vocabulary.tokens_are_rows() && !table.subwords())
    return add_rows(table, 0, std::min(count, table.rows()), plot);
  if (vocabulary.size() == 0)
    return fail(ErrorCode::kNotFound,
                "the table has rows of n-grams and no words: choose with --tokens or --rows");
  std::vector<std::string_view> words;
  for (int64_t t = 0; t < std::min(count, vocabulary.size()); ++t) words.push_back(vocabulary.token_at(t));
  return add_words(table, words, plot);
}

Result<void> add_range(const Table& table, const std::string& text, PlotRows& plot) {
  const size_t colon = text.find(':');
  const auto begin = parse_integer(std::string_view(text).substr(0, colon));
  const auto end =
      colon == std::string::npos ? std::nullopt : parse_integer(std::string_view(text).substr(colon + 1));
  if (!begin || !end || *begin < 0 || *begin >= *end) {
    throw WrongUsage{concat("--rows ", in_quotes(text), ": give A:B for rows A to B - 1, such as 0:500")};
  }
  if (*end > table.rows())
    return fail(ErrorCode::kOutOfRange, "--rows ", text, ": the table has ", table.rows(), " rows");
  return add_rows(table, *begin, *end, plot);
}

}  // namespace

Result<PlotRows> rows_to_plot(const Table& table, const PlotChoice& choice) {
  if (!choice.tokens.empty() + !choice.rows.empty() + choice.top.has_value() > 1)
    throw WrongUsage{"--tokens, --rows and --top choose rows in different ways: give one of them"};
  PlotRows plot;
  plot.dim = static_cast<size_t>(table.dim());
  Result<void> added;
  if (!choice.tokens.empty()) {
    const auto tokens = read_tokens(choice.tokens);
    if (!tokens) return tl::make_unexpected(tokens.error());
    if (tokens->empty()) return fail(ErrorCode::kNotFound, choice.tokens, ": the file has no tokens");
    if (table.vocabulary().size() == 0 && !table.subwords())
      return fail(ErrorCode::kNotFound, "the table has no vocabulary: choose with --rows or --top");
    added = add_words(table, std::vector<std::string_view>(tokens->begin(), tokens->end()), plot);
    if (added && plot.unknown.size() == tokens->size())
      return fail(ErrorCode::kNotFound, choice.tokens, ": none of its ", tokens->size(),
                  " tokens is in the table");
  } else {
    added = choice.rows.empty() ? add_top(table, choice.top.value_or(kDefaultTop), plot)
                                : add_range(table, choice.rows, plot);
  }
  if (!added) return pass(added);
  if (plot.names.empty()) {
    return fail(ErrorCode::kNotFound, "there is no row to plot",
                plot.not_finite ? ": all of them hold NaN or infinite values" : "");
  }
  return plot;
}

}  // namespace windrow::tools
