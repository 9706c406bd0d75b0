#include "windrow/vocabulary.h"

#include <xxhash.h>
#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "base/fail.h"
#include "table/vocabulary_format.h"

namespace windrow {

namespace {

// An index slot is 0 (empty) or (tag << 40) | (token + 1); the tag saves most comparisons of bytes.
constexpr uint64_t kTokenMask = (uint64_t{1} << 40) - 1;

uint64_t hash_of(std::string_view token) {
  return XXH3_64bits(token.data(), token.size());
}
uint64_t tag_of(uint64_t hash) {
  return hash >> 41;
}

}  // namespace

std::string_view Vocabulary::token_at(int64_t number) const {
  if (number < 0 || number >= tokens_) return {};
  const auto begin = load<uint64_t>(offsets_ + 8 * number);
  const auto end = load<uint64_t>(offsets_ + 8 * number + 8);
  if (begin > end || end > bytes_count_) return {};  // a damaged file
  return {reinterpret_cast<const char*>(bytes_) + begin, static_cast<size_t>(end - begin)};
}

std::optional<int64_t> Vocabulary::row_of(int64_t number) const {
  if (number < 0 || number >= tokens_) return std::nullopt;
  const int64_t row = rows_ ? load<int64_t>(rows_ + 8 * number) : number;
  return row >= 0 && row < table_rows_ ? std::optional<int64_t>(row) : std::nullopt;
}

float Vocabulary::weight_of(int64_t number) const {
  return weights_ && number >= 0 && number < tokens_ ? load<float>(weights_ + 4 * number) : 1.0f;
}

// The number of the token, or -1: linear probing, each slot at most once.
int64_t Vocabulary::probe(std::string_view token, uint64_t hash) const {
  const uint64_t mask = slot_count_ - 1;
  for (uint64_t step = 0; step < slot_count_; ++step) {
    const auto slot = load<uint64_t>(slots_ + 8 * ((hash + step) & mask));
    if (slot == 0) return -1;
    const auto candidate = static_cast<int64_t>(slot & kTokenMask) - 1;
    if (slot >> 40 == tag_of(hash) && candidate < tokens_ && token_at(candidate) == token) return candidate;
  }
  return -1;
}

std::optional<int64_t> Vocabulary::find(std::string_view token) const {
  if (tokens_ == 0) return std::nullopt;
  return row_of(probe(token, hash_of(token)));
}

// A look-up waits three times for memory: for the slot, then for the place of its token, then for the token's bytes.
// A block of tokens waits for each of them together.
void Vocabulary::find_numbers(std::span<const std::string_view> tokens, std::span<int64_t> numbers) const {
  constexpr size_t kBlock = 32;
  const uint64_t mask = slot_count_ - 1;
  for (size_t first = 0; first < tokens.size(); first += kBlock) {
    const size_t count = std::min(kBlock, tokens.size() - first);
    const std::string_view* block = tokens.data() + first;
    if (tokens_ == 0) {
      std::fill_n(numbers.data() + first, count, -1);
      continue;
    }
    uint64_t hashes[kBlock];
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash_of(block[i]);
      __builtin_prefetch(slots_ + 8 * (hashes[i] & mask));
    }
    int64_t likely[kBlock];
    for (size_t i = 0; i < count; ++i) {
      const auto slot = load<uint64_t>(slots_ + 8 * (hashes[i] & mask));
      likely[i] = std::min(static_cast<int64_t>(slot & kTokenMask), tokens_) - 1;
      if (likely[i] >= 0) __builtin_prefetch(offsets_ + 8 * likely[i]);
    }
    for (size_t i = 0; i < count; ++i) __builtin_prefetch(token_at(likely[i]).data());
    for (size_t i = 0; i < count; ++i) numbers[first + i] = probe(block[i], hashes[i]);
  }
}

std::string_view Vocabulary::token(int64_t row) const {
  if (row < 0 || row >= table_rows_) return {};
  if (!rows_) return token_at(row);
  // Files whose tokens share rows have no index from row to token; the first token that leads here is its
  // name.
  for (int64_t t = 0; t < tokens_; ++t) {
    if (load<int64_t>(rows_ + 8 * t) == row) return token_at(t);
  }
  return {};
}

Result<Vocabulary> VocabularyReader::read(const safetensors::Header& header, const io::Mapping& mapping,
                                          int64_t table_rows, const std::string& path) {
  const auto* bytes = header.find("vocab.bytes");
  const auto* offsets = header.find("vocab.offsets");
  const auto* index = header.find("vocab.index");
  const auto* rows = header.find("vocab.rows");
  const auto* weights = header.find("vocab.weights");
  Vocabulary vocabulary;
  if (!bytes && !offsets && !index && !rows && !weights) return vocabulary;
  const auto entries = [](const safetensors::Tensor* tensor) { return (tensor->end - tensor->begin) / 8; };
  const auto is_i64 = [](const safetensors::Tensor* tensor) { return tensor && tensor->dtype == "I64"; };
  if (!bytes || bytes->dtype != "U8" || !is_i64(offsets) || !is_i64(index) || (rows && !is_i64(rows)) ||
      entries(offsets) == 0 || !std::has_single_bit(entries(index)) ||
      (rows && entries(rows) != entries(offsets) - 1) ||
      (weights && (weights->dtype != "F32" || weights->end - weights->begin != 4 * (entries(offsets) - 1)))) {
    return fail(ErrorCode::kFormat, path,
                ": the vocabulary is damaged: vocab.bytes, vocab.offsets and vocab.index "
                "are missing or do not fit each other");
  }
  vocabulary.tokens_ = static_cast<int64_t>(entries(offsets)) - 1;
  vocabulary.table_rows_ = table_rows;
  vocabulary.bytes_count_ = bytes->end - bytes->begin;
  vocabulary.slot_count_ = entries(index);
  vocabulary.bytes_ = mapping.data + bytes->begin;
  vocabulary.offsets_ = mapping.data + offsets->begin;
  vocabulary.slots_ = mapping.data + index->begin;
  vocabulary.rows_ = rows ? mapping.data + rows->begin : nullptr;
  vocabulary.weights_ = weights ? mapping.data + weights->begin : nullptr;
  return vocabulary;
}

void VocabularyBuilder::add(std::string_view token, int64_t row, float weight) {
  if (row != size() && rows_.empty()) {
    for (int64_t t = 0; t < size(); ++t) rows_.push_back(t);
  }
  if (row != size() || !rows_.empty()) rows_.push_back(row);
  if (weight != 1 && weights_.empty()) weights_.resize(static_cast<size_t>(size()), 1.0f);
  if (weight != 1 || !weights_.empty()) weights_.push_back(weight);
  bytes_.insert(bytes_.end(), token.begin(), token.end());
  offsets_.push_back(static_cast<int64_t>(bytes_.size()));
}

// At least 1.5 slots a token keep linear probing short.
uint64_t VocabularyBuilder::index_slots() const {
  return std::bit_ceil(static_cast<uint64_t>(size() + size() / 2 + 1));
}

std::vector<int64_t> VocabularyBuilder::index() const {
  const auto token = [this](int64_t t) {
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + offsets_[t],
                            static_cast<size_t>(offsets_[t + 1] - offsets_[t]));
  };
  std::vector<int64_t> slots(index_slots());
  const uint64_t mask = slots.size() - 1;
  for (int64_t t = 0; t < size(); ++t) {
    const uint64_t hash = hash_of(token(t));
    uint64_t at = hash & mask;
    bool repeated = false;
    for (; slots[at] != 0 && !repeated; at = (at + 1) & mask) {
      const auto slot = static_cast<uint64_t>(slots[at]);
      repeated = slot >> 40 == tag_of(hash) && token(static_cast<int64_t>(slot & kTokenMask) - 1) == token(t);
    }
    if (!repeated) slots[at] = static_cast<int64_t>(tag_of(hash) << 40 | static_cast<uint64_t>(t + 1));
  }
  return slots;
}

}  // namespace windrow
