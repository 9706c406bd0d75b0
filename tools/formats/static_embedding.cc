#include "formats/static_embedding.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/fail.h"
#include "formats/formats.h"
#include "formats/number_tensor.h"
#include "formats/tokenizer_json.h"
#include "io/file.h"
#include "kernels/rows.h"
#include "table/data_file.h"

namespace windrow::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRowTensors[] = {"embeddings", "embedding.weight", "0"};
constexpr uint64_t kMaxJsonBytes = 1 << 30;

using Tokens = std::vector<std::pair<int64_t, std::string>>;

// What belongs to the tokens, by their numbers.
struct TokenData {
  Tokens tokens;
  uint64_t replaced = 0;         // that had the number of one of these
  std::vector<int64_t> mapping;  // or none: the row with the token's number
  std::vector<float> weights;    // or none
};

bool is_there(const fs::path& path) {
  std::error_code unreadable;
  return fs::is_regular_file(path, unreadable);
}

Result<std::string> read_text_file(const std::string& path) {
  auto file = io::posix().open(path, io::Access::kRead);
  if (!file) return pass(file);
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  if (*size > kMaxJsonBytes)
    return fail(ErrorCode::kUnsupported, path, ": ", *size, " bytes of JSON; the limit is ", kMaxJsonBytes);
  std::string text(static_cast<size_t>(*size), '\0');
  if (auto read = (*file)->read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}); !read)
    return tl::make_unexpected(read.error());
  return text;
}

Result<std::vector<uint8_t>> read_tensor(const DataFile& file, const safetensors::Tensor& tensor) {
  std::vector<uint8_t> bytes(static_cast<size_t>(tensor.end - tensor.begin));
  if (auto read = file.file->read(tensor.begin, bytes); !read) return tl::make_unexpected(read.error());
  return bytes;
}

tl::unexpected<Error> unfit(const DataFile& file, const safetensors::Tensor& tensor, const char* wanted) {
  return fail(ErrorCode::kFormat, file.path(), ": ", tensor.name, " is ", tensor.dtype, " ",
              shape_text(tensor.shape), ", and must be a list of ", wanted);
}

Result<std::vector<int64_t>> read_mapping(const DataFile& file, const safetensors::Tensor& tensor,
                                          uint64_t rows) {
  const bool wide = tensor.dtype == "I64";
  if (tensor.shape.size() != 1 || !(wide || tensor.dtype == "I32")) return unfit(file, tensor, "I32 or I64");
  const auto bytes = read_tensor(file, tensor);
  if (!bytes) return tl::make_unexpected(bytes.error());
  std::vector<int64_t> mapping(static_cast<size_t>(tensor.shape[0]));
  for (size_t t = 0; t < mapping.size(); ++t) {
    mapping[t] = wide ? load<int64_t>(bytes->data() + 8 * t) : load<int32_t>(bytes->data() + 4 * t);
    if (static_cast<uint64_t>(mapping[t]) < rows) continue;
    return fail(ErrorCode::kFormat, file.path(), ": mapping: token ", t, " has the row ", mapping[t], ", of ",
                rows);
  }
  return mapping;
}

Result<std::vector<float>> read_weights(const DataFile& file, const safetensors::Tensor& tensor) {
  if (tensor.shape.size() != 1) return unfit(file, tensor, "F64, F32, F16 or BF16");
  const auto bytes = read_tensor(file, tensor);
  if (!bytes) return tl::make_unexpected(bytes.error());
  std::vector<float> weights(static_cast<size_t>(tensor.shape[0]));
  const auto count = static_cast<int64_t>(weights.size());
  if (tensor.dtype == "F64") {
    for (size_t t = 0; t < weights.size(); ++t)
      weights[t] = static_cast<float>(load<double>(bytes->data() + 8 * t));
    return weights;
  }
  RowFormat format;
  if (tensor.dtype == "F32")
    format = RowFormat::f32(count);
  else if (tensor.dtype == "F16")
    format = RowFormat::f16(count);
  else if (tensor.dtype == "BF16")
    format = RowFormat::bf16(count);
  else
    return unfit(file, tensor, "F64, F32, F16 or BF16");
  const uint8_t* const row = bytes->data();
  if (count > 0) kernels::decode_rows(format)(format, {&row, nullptr, 1, 0}, weights.data(), weights.size());
  return weights;
}

// What the folder says of normalising, for people: it is done where texts are embedded.
std::string remark_on_normalize(const std::string& folder) {
  const auto text = read_text_file(folder + "/config.json");
  const auto config = text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  const bool says = config.is_object() && config.contains("normalize") && config["normalize"].is_boolean();
  if (!says)
    return "the model does not say whether vectors of texts are normalised: it is taken that they are not";
  return config["normalize"].get<bool>()
             ? "the model wants vectors of texts normalised: `windrow embed --recipe model2vec --normalize`"
             : "the model wants vectors of texts as they are: `windrow embed --recipe model2vec`";
}

// Rows of the table, then the tokens. Where token t is row t and has no weight, tokens come with the rows.
class StaticEmbeddingReader : public RowReader {
 public:
  StaticEmbeddingReader(std::unique_ptr<RowReader> rows, TokenData data, std::vector<std::string> remarks)
      : rows_(std::move(rows)),
        data_(std::move(data)),
        remarks_(std::move(remarks)),
        header_(rows_->header()) {
    const auto& tokens = data_.tokens;
    const bool plain = data_.mapping.empty() && data_.weights.empty() && !tokens.empty() &&
                       tokens.back().first + 1 == static_cast<int64_t>(tokens.size()) &&
                       tokens.size() <= *header_.rows;
    header_.has_tokens = plain;
    header_.has_token_list = !plain && !tokens.empty();
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings = rows_->findings();
    findings.remarks.insert(findings.remarks.end(), remarks_.begin(), remarks_.end());
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    if (held_.rows == 0) {
      if (auto read = rows_->next(block); !read) return read;
    } else {
      block = std::move(held_);
      held_ = {};
    }
    if (!header_.has_tokens) return {};
    // The first rows have tokens: the block is cut where they end.
    const size_t named =
        std::min<size_t>(block.rows, data_.tokens.size() - std::min<size_t>(row_, data_.tokens.size()));
    if (named > 0 && named < block.rows) hold_behind(block, named);
    for (size_t i = 0; i < named; ++i) block.add_token(data_.tokens[row_ + i].second);
    row_ += block.rows;
    return {};
  }

  Result<void> next_tokens(TokenBlock& block) override {
    constexpr size_t kTokensPerBlock = 1 << 16;
    block.clear();
    for (; token_ < data_.tokens.size() && block.tokens.size() < kTokensPerBlock; ++token_) {
      const auto& [number, token] = data_.tokens[token_];
      block.tokens.add(token);
      block.rows.push_back(data_.mapping.empty() ? number : data_.mapping[static_cast<size_t>(number)]);
      if (!data_.weights.empty()) block.weights.push_back(data_.weights[static_cast<size_t>(number)]);
    }
    return {};
  }

 private:
  void hold_behind(RowBlock& block, size_t rows) {
    held_.clear(block.dim);
    held_.rows = block.rows - rows;
    held_.values.assign(block.row(rows), block.values.data() + block.values.size());
    block.cut(rows);
  }

  std::unique_ptr<RowReader> rows_;
  TokenData data_;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  RowBlock held_;  // rows behind the last token of a block
  size_t row_ = 0, token_ = 0;
};

// Tokens whose number has no row, no weight or no place in the mapping.
uint64_t drop_tokens_beyond(TokenData& data, uint64_t rows) {
  uint64_t end = rows;
  if (!data.weights.empty()) end = data.weights.size();
  if (!data.mapping.empty()) end = data.mapping.size();
  if (data.mapping.empty()) end = std::min(end, rows);
  const size_t before = data.tokens.size();
  std::erase_if(data.tokens, [&](const auto& token) { return static_cast<uint64_t>(token.first) >= end; });
  return before - data.tokens.size();
}

Result<TokenData> read_token_data(const DataFile& file, const std::string& folder, uint64_t rows) {
  TokenData data;
  const std::string path = folder + "/tokenizer.json";
  const auto text = read_text_file(path);
  if (!text) return tl::make_unexpected(text.error());
  auto tokens = parse_tokenizer_json(*text);
  if (!tokens) return fail(tokens.error().code, path, ": ", tokens.error().message);
  data.tokens = std::move(tokens->tokens);
  data.replaced = tokens->replaced;
  if (const auto* tensor = file.header.find("mapping")) {
    auto mapping = read_mapping(file, *tensor, rows);
    if (!mapping) return pass(mapping);
    data.mapping = std::move(*mapping);
  }
  if (const auto* tensor = file.header.find("weights")) {
    auto weights = read_weights(file, *tensor);
    if (!weights) return pass(weights);
    data.weights = std::move(*weights);
  }
  if (!data.mapping.empty() && !data.weights.empty() && data.mapping.size() != data.weights.size()) {
    return fail(ErrorCode::kFormat, file.path(), ": mapping has ", data.mapping.size(),
                " entries and weights ", data.weights.size(), "; both are one per token");
  }
  return data;
}

}  // namespace

std::string static_embedding_folder(const std::string& path) {
  for (const std::string& folder : {path, path + "/0_StaticEmbedding"}) {
    if (!is_there(folder + "/model.safetensors") || !is_there(folder + "/tokenizer.json")) continue;
    const auto file = open_data_file(io::posix(), folder + "/model.safetensors", io::Access::kRead);
    if (!file) continue;
    for (const std::string_view name : kRowTensors) {
      if (const auto* tensor = file->header.find(std::string(name)); tensor && tensor->shape.size() == 2)
        return folder;
    }
  }
  return {};
}

Result<std::unique_ptr<RowReader>> open_static_embedding(const Source& source) {
  const std::string folder = static_embedding_folder(source.path());
  if (folder.empty()) {
    return fail(
        ErrorCode::kFormat, source.path(),
        ": no folder of a static embedding, with model.safetensors (embeddings, embedding.weight or 0) and "
        "tokenizer.json");
  }
  const std::string path = folder + "/model.safetensors";
  const auto file = open_data_file(io::posix(), path, io::Access::kRead);
  if (!file) return tl::make_unexpected(file.error());
  std::vector<std::string> remarks = {remark_on_normalize(folder)};
  Source rows_source = source;
  rows_source.table.path = path;
  OpenOptions& open = rows_source.table.open;
  for (const std::string_view name : kRowTensors) {
    const auto* tensor = file->header.find(std::string(name));
    if (!open.tensor.empty() || !tensor || tensor->shape.size() != 2) continue;
    open.tensor = name;
    if (tensor->dtype != "I8") continue;
    open.unscaled = true;
    remarks.push_back("int8 rows without their scale: directions are right, lengths are not");
  }
  auto rows = read_number_tensor(rows_source.table);
  if (!rows) return rows;
  if (!*rows) {
    auto table = open_table(rows_source.table);
    if (!table) return pass(table);
    rows = read_table(std::move(*table));
  }
  const uint64_t row_count = (*rows)->header().rows.value_or(0);
  auto data = read_token_data(*file, folder, row_count);
  if (!data) return pass(data);
  if (const uint64_t dropped = drop_tokens_beyond(*data, row_count))
    remarks.push_back(concat(dropped, " tokens of tokenizer.json have no row and were left out"));
  if (data->replaced > 0) {
    remarks.push_back(
        concat(data->replaced, " tokens of tokenizer.json were left out: later ones have their numbers"));
  }
  return std::make_unique<StaticEmbeddingReader>(std::move(*rows), std::move(*data), std::move(remarks));
}

const Format kStaticEmbedding = {
    .name = "static-embedding",
    .about = "the folder of model2vec or of a StaticEmbedding: rows, tokens, weights",
    .opens_tables = true,
    .open = open_static_embedding,
};

}  // namespace windrow::tools
