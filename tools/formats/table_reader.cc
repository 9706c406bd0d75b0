#include "formats/table_reader.h"

#include <windrow/lookup.h>
#include <windrow/word_vectors.h>

#include <algorithm>
#include <numeric>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/number_tensor.h"
#include "formats/source.h"
#include "table/optimizer_state.h"
#include "table/table_data.h"
#include "table_about.h"

namespace windrow::tools {

namespace {

// Whatever rows are stored as, they are looked up like any others.
class TableReader : public RowReader {
 public:
  TableReader(Table table, std::vector<std::string> remarks)
      : table_(std::move(table)), remarks_(std::move(remarks)) {
    const Vocabulary& vocabulary = table_.vocabulary();
    header_ = {.dim = static_cast<size_t>(table_.dim()),
               .rows = static_cast<uint64_t>(table_.rows()),
               .has_tokens = vocabulary.size() > 0 && vocabulary.tokens_are_rows(),
               .has_token_list = vocabulary.size() > 0 && !vocabulary.tokens_are_rows(),
               .row_format = table_.format(),
               .stored_as = std::string(row_format_name(table_.format().kind)),
               .subwords = std::nullopt};
    if (const Subwords* subwords = table_.subwords()) {
      header_.subwords = *subwords;
      const int64_t kept = subwords->kept.value_or(0);
      for (int64_t b = 0; b < kept; ++b)
        header_.kept_buckets.push_back(load<int64_t>(table_.internals().kept_buckets + 8 * b));
    }
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_;
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    int64_t end = std::min(row_ + static_cast<int64_t>(rows_per_block(header_.dim)), table_.rows());
    // The first rows have tokens, or none has.
    const int64_t tokens = header_.has_tokens ? table_.vocabulary().size() : 0;
    if (row_ < tokens) end = std::min(end, tokens);
    block.rows = static_cast<size_t>(end - row_);
    block.values.resize(block.rows * header_.dim);
    ids_.resize(block.rows);
    std::iota(ids_.begin(), ids_.end(), row_);
    const auto gathered = gather(table_, std::span<const int64_t>(ids_), RowsOut(block.values, header_.dim));
    if (!gathered) return tl::make_unexpected(gathered.error());
    for (const int64_t id : ids_) {
      if (id < tokens) block.add_token(table_.vocabulary().token(id));
    }
    row_ = end;
    return {};
  }

  Result<void> next_tokens(TokenBlock& block) override {
    constexpr int64_t kTokensPerBlock = 1 << 16;
    block.clear();
    const Vocabulary& vocabulary = table_.vocabulary();
    for (int64_t n = 0; n < kTokensPerBlock && token_ < vocabulary.size(); ++n, ++token_) {
      block.tokens.add(vocabulary.token_at(token_));
      block.rows.push_back(vocabulary.row_of(token_).value_or(0));
      if (vocabulary.has_weights()) block.weights.push_back(vocabulary.weight_of(token_));
    }
    return {};
  }

 private:
  Table table_;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  int64_t row_ = 0;
  int64_t token_ = 0;
  std::vector<int64_t> ids_;
};

// The words of a table that makes their vectors of rows and those of n-grams: a row per word, as in a .vec file.
class TableWordsReader : public RowReader {
 public:
  TableWordsReader(Table table, std::vector<std::string> remarks)
      : table_(std::move(table)), remarks_(std::move(remarks)) {
    header_ = {.dim = static_cast<size_t>(table_.dim()),
               .rows = static_cast<uint64_t>(table_.vocabulary().size()),
               .has_tokens = true,
               .stored_as = std::string(row_format_name(table_.format().kind))};
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_;
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    const Vocabulary& vocabulary = table_.vocabulary();
    block.clear(header_.dim);
    const auto left = static_cast<size_t>(vocabulary.size() - word_);
    block.rows = std::min(left, rows_per_block(header_.dim));
    block.values.resize(block.rows * header_.dim);
    words_.clear();
    for (size_t i = 0; i < block.rows; ++i) words_.push_back(vocabulary.token_at(word_++));
    for (const std::string_view word : words_) block.add_token(word);
    if (block.rows == 0) return {};
    auto made = word_vectors(table_, words_, RowsOut(block.values, header_.dim));
    if (!made) return pass(made);
    return {};
  }

 private:
  Table table_;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  int64_t word_ = 0;
  std::vector<std::string_view> words_;
};

// Metadata that every new table gets anew.
bool is_rewritten(std::string_view key) {
  constexpr std::string_view kKeys[] = {"format",        "windrow.row_format", "windrow.dim",
                                        "windrow.scale", "windrow.optimizer",  "windrow.vocab_hash"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys) ||
         key.starts_with("windrow.subwords");
}

std::vector<std::string> remarks_on(const TableAbout& about, bool keeps_state) {
  std::vector<std::string> remarks;
  if (!about.slot) return remarks;
  const MetaSlot& slot = *about.slot;
  if (slot.optimizer_id != kNoOptimizer && !keeps_state) {
    remarks.push_back(concat("the optimiser of the source was left behind, with its state: ",
                             optimizer_name(slot.optimizer_id), " after ", slot.step_count, " steps"));
  }
  if (!slot.tag.empty()) remarks.push_back(concat("the tag of the source was left behind: ", slot.tag));
  std::string keys;
  for (const auto& [key, value] : about.data.header.metadata) {
    if (!is_rewritten(key)) keys += concat(keys.empty() ? "" : ", ", key);
  }
  if (!keys.empty()) remarks.push_back(concat("metadata of the source was left behind: ", keys));
  return remarks;
}

}  // namespace

Result<Table> open_table(const TableSource& source) {
  if (source.more.empty()) return Table::open(source.path, source.open);
  std::vector<std::string> paths = {source.path};
  paths.insert(paths.end(), source.more.begin(), source.more.end());
  return Table::open(paths, source.open);
}

std::unique_ptr<RowReader> read_table(Table table, std::vector<std::string> remarks) {
  return std::make_unique<TableReader>(std::move(table), std::move(remarks));
}

Result<std::unique_ptr<RowReader>> open_table_reader(const Source& source) {
  auto numbers = read_number_tensor(source.table);
  if (!numbers || *numbers) return numbers;
  auto table = open_table(source.table);
  if (!table) return pass(table);
  auto about = about_table(source.table);
  if (!about) return pass(about);
  auto remarks = *about ? remarks_on(**about, source.table.keeps_state) : std::vector<std::string>();
  if (source.words_only && table->subwords() && table->vocabulary().size() > 0)
    return std::make_unique<TableWordsReader>(std::move(*table), std::move(remarks));
  return read_table(std::move(*table), std::move(remarks));
}

}  // namespace windrow::tools
