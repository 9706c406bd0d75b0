#include "formats/gguf.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/gguf.h"
#include "format/gguf_types.h"
#include "format/text.h"
#include "formats/byte_section.h"
#include "formats/formats.h"
#include "formats/gguf_blocks.h"
#include "table/number_pattern.h"
#include "table/row_format_check.h"
#include "table/table_choice.h"

namespace windrow::tools {

namespace {

constexpr std::string_view kTokenRows = "token_embd.weight";
constexpr std::string_view kTokenRowsPerLayer = "per_layer_token_embd.weight";
constexpr uint64_t kMaxTokenBytes = 64 * 1024;

bool is_matrix(const gguf::Tensor& tensor) {
  return tensor.shape.size() == 2;
}

// Types of rows that a table can have, too.
std::optional<RowFormat> row_format_of(const gguf::Tensor& tensor) {
  const auto dim = static_cast<int64_t>(tensor.shape[1]);
  switch (static_cast<gguf::Type>(tensor.type)) {
    case gguf::Type::kF32:
      return RowFormat::f32(dim);
    case gguf::Type::kF16:
      return RowFormat::f16(dim);
    case gguf::Type::kBF16:
      return RowFormat::bf16(dim);
    default:
      return std::nullopt;
  }
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string list_of_matrices(const gguf::Header& header) {
  std::vector<safetensors::Tensor> matrices;
  for (const auto& tensor : header.tensors) {
    if (is_matrix(tensor)) matrices.push_back({tensor.name, gguf::type_name(tensor.type), tensor.shape});
  }
  std::vector<const safetensors::Tensor*> pointers;
  for (const auto& matrix : matrices) pointers.push_back(&matrix);
  return list_of(pointers);
}

Result<const gguf::Tensor*> choose(const gguf::Header& header, const std::string& name,
                                   const std::string& path) {
  if (!name.empty()) {
    if (const auto* tensor = header.find(name)) return tensor;
    return fail(ErrorCode::kNotFound, path, ": no tensor is named ", in_quotes(name), "; there are",
                list_of_matrices(header));
  }
  if (const auto* tensor = header.find(kTokenRows)) return tensor;
  const gguf::Tensor* found = nullptr;
  size_t candidates = 0;
  for (const auto& tensor : header.tensors) {
    if (!is_matrix(tensor)) continue;
    found = &tensor;
    ++candidates;
  }
  if (candidates == 1) return found;
  if (candidates == 0) {
    return fail(ErrorCode::kUnsupported, path, ": holds no table, which is a tensor of two dimensions (",
                header.tensors.size(), " tensors in all)");
  }
  return fail(ErrorCode::kInvalidArgument, path, ": there is no tensor ", kTokenRows,
              ", and several others could be the table. Name one with --tensor:", list_of_matrices(header));
}

Result<void> check(const gguf::Tensor& tensor, const std::string& path) {
  if (!is_matrix(tensor)) {
    return fail(ErrorCode::kUnsupported, path, ": tensor ", in_quotes(tensor.name), " has shape ",
                shape_text(tensor.shape), "; a table has two dimensions, rows and columns");
  }
  if (!decoder_of_blocks(tensor.type)) {
    return fail(ErrorCode::kUnsupported, path, ": tensor ", in_quotes(tensor.name), " is of type ",
                gguf::type_name(tensor.type), ", which cannot be read; those that can are ", decoded_types());
  }
  if (tensor.shape[1] > static_cast<uint64_t>(kMaxDim)) {
    return fail(ErrorCode::kUnsupported, path, ": tensor ", in_quotes(tensor.name), " has ", tensor.shape[1],
                " columns, more than dim can be");
  }
  return {};
}

// The list of tokens is that of token_embd.weight, even where one is longer than the other, and of what else has as
// many rows: output.weight.
bool has_tokens(const gguf::Header& header, const gguf::Tensor& tensor) {
  if (!header.tokens || header.tokens->count == 0) return false;
  return tensor.name == kTokenRows || tensor.name == kTokenRowsPerLayer ||
         header.tokens->count == tensor.shape[0];
}

std::vector<std::string> remarks_on(const gguf::Header& header, const gguf::Tensor& tensor) {
  std::vector<std::string> remarks;
  const uint64_t rows = tensor.shape[0], tokens = header.tokens ? header.tokens->count : 0;
  if (has_tokens(header, tensor) && tokens > rows) {
    remarks.push_back(concat("the file has ", tokens, " tokens, but ", rows, " rows: the last ",
                             tokens - rows, " tokens were left out"));
  }
  if (has_tokens(header, tensor) && tokens < rows) {
    remarks.push_back(concat("the file has ", tokens, " tokens, but ", rows, " rows: the last ",
                             rows - tokens, " rows have none"));
  }
  const auto architecture = header.metadata.find("general.architecture");
  if (tensor.name == kTokenRows && architecture != header.metadata.end()) {
    const auto length = header.metadata.find(architecture->second + ".embedding_length");
    if (length != header.metadata.end() && length->second != std::to_string(tensor.shape[1])) {
      remarks.push_back(
          concat(length->first, " is ", length->second, ", but rows have ", tensor.shape[1], " values"));
    }
  }
  return remarks;
}

class GgufReader : public RowReader {
 public:
  GgufReader(const std::shared_ptr<const ByteSource>& file, const gguf::Header& header,
             const gguf::Tensor& tensor)
      : rows_(read_section(file, tensor.begin, tensor.end)),
        rows_begin_(tensor.begin),
        decode_(decoder_of_blocks(tensor.type)),
        remarks_(remarks_on(header, tensor)) {
    const gguf::TypeInfo& type = *gguf::find_type(tensor.type);
    blocks_in_row_ = static_cast<size_t>(tensor.shape[1] / type.values_in_block);
    row_bytes_ = blocks_in_row_ * type.block_bytes;
    if (has_tokens(header, tensor)) {
      tokens_ = read_section(file, header.tokens->begin, header.tokens->end);
      tokens_left_ = header.tokens->count;
    }
    header_ = {.dim = static_cast<size_t>(tensor.shape[1]),
               .rows = tensor.shape[0],
               .has_tokens = tokens_.has_value(),
               .row_format = row_format_of(tensor),
               .stored_as = lower(std::string(type.name))};
  }

  const SourceHeader& header() const override { return header_; }
  ReaderFindings findings() const override {
    ReaderFindings findings;
    findings.remarks = remarks_;
    return findings;
  }

  Result<void> next(RowBlock& block) override {
    block.clear(header_.dim);
    uint64_t count = std::min<uint64_t>(rows_per_block(header_.dim), *header_.rows - row_);
    if (tokens_left_ > 0)
      count = std::min(count, tokens_left_);  // none has a row without a token among others
    if (count == 0) return {};
    const auto stored = rows_.peek(static_cast<size_t>(count) * row_bytes_);
    if (!stored) return tl::make_unexpected(stored.error());
    block.rows = static_cast<size_t>(count);
    block.values.resize(block.rows * header_.dim);
    decode_(bytes_of(*stored).data(), block.rows * blocks_in_row_, block.values.data());
    for (size_t i = 0; i < block.rows; ++i) block.begins.push_back(rows_begin_ + (row_ + i) * row_bytes_);
    rows_.skip(stored->size());
    for (size_t i = 0; tokens_left_ > 0 && i < block.rows; ++i) {
      if (auto token = read_token(block, row_ + i); !token) return token;
    }
    row_ += count;
    return {};
  }

 private:
  // When the header was read, the list was found to end where it should.
  Result<void> read_token(RowBlock& block, uint64_t row) {
    const auto stored = tokens_->peek(sizeof(uint64_t));
    if (!stored) return tl::make_unexpected(stored.error());
    const uint64_t length =
        stored->size() < sizeof(uint64_t) ? UINT64_MAX : load<uint64_t>(bytes_of(*stored).data());
    if (length > kMaxTokenBytes || length > tokens_->left() - sizeof(uint64_t)) {
      return fail(ErrorCode::kFormat, tokens_->name(), ": the token of row ", row, " has ", length,
                  " bytes; there can be up to ", kMaxTokenBytes);
    }
    tokens_->skip(sizeof(uint64_t));
    const auto token = tokens_->peek(static_cast<size_t>(length));
    if (!token) return tl::make_unexpected(token.error());
    block.add_token(*token);
    tokens_->skip(token->size());
    --tokens_left_;
    return {};
  }

  ByteReader rows_;
  uint64_t rows_begin_;
  std::optional<ByteReader> tokens_;
  uint64_t tokens_left_ = 0;
  DecodeBlocks decode_;
  size_t blocks_in_row_ = 0;
  size_t row_bytes_ = 0;
  std::vector<std::string> remarks_;
  SourceHeader header_;
  uint64_t row_ = 0;
};

bool recognises(const FileStart& start) {
  return start.bytes.starts_with("GGUF");
}

// What a file says itself, and is not to be told.
bool tells_rows(const OpenOptions& options) {
  return options.row_format || options.dim != 0 || !options.scale_tensor.empty() ||
         options.scale_columns != 0 || options.unscaled;
}

Result<std::unique_ptr<RowReader>> open(const Source& source) {
  const TableSource& table = source.table;
  if (!table.more.empty() || NumberPattern::is_one(table.open.tensor)) return open_table_reader(source);
  // Whoever opens a table knows whether such options go together with the tensor.
  if (tells_rows(table.open)) {
    if (auto opened = open_table(table); !opened) return pass(opened);
  }
  auto file = open_bytes(source.path());
  if (!file) return pass(file);
  return read_gguf(std::move(*file), source);
}

}  // namespace

Result<std::unique_ptr<RowReader>> read_gguf(std::unique_ptr<ByteSource> bytes, const Source& source) {
  const std::shared_ptr<const ByteSource> file(std::move(bytes));
  const std::string& path = file->name();
  const auto read = [&](uint64_t offset, std::span<uint8_t> room) { return file->read(offset, room); };
  const auto header = gguf::read_header(read, file->size());
  if (!header) return fail(header.error().code, path, ": ", header.error().message);
  const auto tensor = choose(*header, source.table.open.tensor, path);
  if (!tensor) return tl::make_unexpected(tensor.error());
  if (auto readable = check(**tensor, path); !readable) return pass(readable);
  return std::make_unique<GgufReader>(file, *header, **tensor);
}

const Format kGguf = {
    .name = "gguf",
    .about =
        "a tensor of a llama.cpp model, token_embd.weight or --tensor, quantized or not, with its tokens",
    .tokens = Tokens::kOptional,
    .opens_tables = true,
    .recognises = recognises,
    .open = open,
};

}  // namespace windrow::tools
