#include <windrow/table_writer.h>

#include <cstring>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/safetensors.h"
#include "formats/formats.h"

namespace windrow::tools {

namespace {

class SafetensorsWriter : public RowWriter {
 public:
  explicit SafetensorsWriter(TableWriter table) : table_(std::move(table)) {}

  Result<void> write(const RowBlock& block) override {
    tokens_.clear();
    for (size_t i = 0; block.has_tokens() && i < block.rows; ++i) tokens_.push_back(block.token(i));
    return table_.append(RowsIn(block.values, block.dim), tokens_);
  }

  Result<void> write_tokens(const TokenBlock& block) override {
    tokens_.clear();
    for (size_t t = 0; t < block.tokens.size(); ++t) tokens_.push_back(block.tokens[t]);
    return table_.add_tokens(tokens_, block.rows, block.weights);
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

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  TableWriterSpec table_spec;
  table_spec.format = spec.row_format;
  table_spec.optimizer = spec.optimizer;
  table_spec.state = spec.state;
  table_spec.step_count = spec.step_count;
  table_spec.subwords = spec.subwords;
  table_spec.kept_buckets = spec.kept_buckets;
  if (spec.exact) table_spec.rows = static_cast<int64_t>(spec.max_rows);
  auto table = TableWriter::create(path, table_spec);
  if (!table) return pass(table);
  return std::make_unique<SafetensorsWriter>(std::move(*table));
}

constexpr std::string_view kSuffixes[] = {".safetensors"};

constexpr std::string_view kOptions[] = {"--words-only"};

}  // namespace

const Format kSafetensors = {
    .name = "safetensors",
    .about = "a Windrow table, tokens included; to read, also others' tensors and checkpoints",
    .suffixes = kSuffixes,
    .tokens = Tokens::kOptional,
    .is_table = true,
    .opens_tables = true,
    .options = kOptions,
    .recognises = recognises,
    .open = open_table_reader,
    .create = create,
};

}  // namespace windrow::tools
