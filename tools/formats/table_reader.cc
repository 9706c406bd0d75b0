#include "formats/table_reader.h"

#include <windrow/lookup.h>

#include <algorithm>
#include <numeric>

#include "base/fail.h"
#include "table/optimizer_state.h"
#include "table_about.h"

namespace windrow::tools {

namespace {

// Whatever rows are stored as, they are looked up like any others.
class TableReader : public RowReader {
 public:
  TableReader(Table table, std::vector<std::string> remarks)
      : table_(std::move(table)), remarks_(std::move(remarks)) {
    header_ = {static_cast<size_t>(table_.dim()), static_cast<uint64_t>(table_.rows()),
               table_.vocabulary().size() > 0, table_.format()};
  }

  const SourceHeader& header() const override { return header_; }
  std::vector<std::string> remarks() const override { return remarks_; }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    block.rows = static_cast<size_t>(
        std::min(static_cast<int64_t>(rows_per_block(header_.dim)), table_.rows() - row_));
    block.values.resize(block.rows * header_.dim);
    ids_.resize(block.rows);
    std::iota(ids_.begin(), ids_.end(), row_);
    const auto gathered = gather(table_, std::span<const int64_t>(ids_), RowsOut(block.values, header_.dim));
    if (!gathered) return tl::make_unexpected(gathered.error());
    for (const int64_t id : ids_) {
      if (header_.has_tokens) block.add_token(table_.vocabulary().token(id));
    }
    row_ += static_cast<int64_t>(block.rows);
    return {};
  }

 private:
  Table table_;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  int64_t row_ = 0;
  std::vector<int64_t> ids_;
};

// Metadata that every new table gets anew.
bool is_rewritten(std::string_view key) {
  constexpr std::string_view kKeys[] = {"format",        "windrow.row_format", "windrow.dim",
                                        "windrow.scale", "windrow.optimizer",  "windrow.vocab_hash"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
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

Result<std::unique_ptr<RowReader>> open_table_reader(const TableSource& source) {
  auto table = open_table(source);
  if (!table) return pass(table);
  auto about = about_table(source);
  if (!about) return pass(about);
  return read_table(std::move(*table),
                    *about ? remarks_on(**about, source.keeps_state) : std::vector<std::string>());
}

}  // namespace windrow::tools
