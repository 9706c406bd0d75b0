#include <windrow/lookup.h>
#include <windrow/table.h>
#include <windrow/table_writer.h>

#include <cstring>
#include <numeric>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/safetensors.h"
#include "formats/formats.h"

namespace windrow::tools {

namespace {

// A Windrow table, or another safetensors file with one 2-D tensor of rows. Whatever they are stored as, they
// are looked up like any others.
class TableReader : public RowReader {
 public:
  explicit TableReader(Table table) : table_(std::move(table)) {
    header_ = {static_cast<size_t>(table_.dim()), static_cast<uint64_t>(table_.rows()),
               table_.vocabulary().size() > 0};
  }

  const SourceHeader& header() const override { return header_; }

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
  SourceHeader header_;
  int64_t row_ = 0;
  std::vector<int64_t> ids_;
};

class SafetensorsWriter : public RowWriter {
 public:
  explicit SafetensorsWriter(TableWriter table) : table_(std::move(table)) {}

  Result<void> write(const RowBlock& block) override {
    tokens_.clear();
    for (size_t i = 0; block.has_tokens() && i < block.rows; ++i) tokens_.push_back(block.token(i));
    return table_.append(RowsIn(block.values, block.dim), tokens_);
  }

  Result<void> finish() override { return table_.finish(); }

 private:
  TableWriter table_;
  std::vector<std::string_view> tokens_;
};

bool recognises(const FileStart& start) {
  if (start.bytes.size() < 9) return false;
  const uint64_t header_bytes = load<uint64_t>(reinterpret_cast<const uint8_t*>(start.bytes.data()));
  return header_bytes <= safetensors::kMaxHeaderBytes && std::strchr("{ \t\r\n", start.bytes[8]) != nullptr &&
         start.bytes[8] != '\0';
}

Result<std::unique_ptr<RowReader>> open(const std::string& path) {
  auto table = Table::open(path);
  if (!table) return pass(table);
  return std::make_unique<TableReader>(std::move(*table));
}

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  TableWriterSpec table_spec;
  table_spec.format = spec.row_format;
  table_spec.optimizer = spec.optimizer;
  if (spec.exact) table_spec.rows = static_cast<int64_t>(spec.max_rows);
  auto table = TableWriter::create(path, table_spec);
  if (!table) return pass(table);
  return std::make_unique<SafetensorsWriter>(std::move(*table));
}

constexpr std::string_view kSuffixes[] = {".safetensors"};

}  // namespace

const Format kSafetensors = {"safetensors", kSuffixes, Tokens::kOptional, true, recognises, open, create};

}  // namespace windrow::tools
