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

std::string_view Vocabulary::bytes_of(int64_t token) const {
  const auto begin = load<uint64_t>(offsets_ + 8 * token);
  const auto end = load<uint64_t>(offsets_ + 8 * token + 8);
  if (begin > end || end > bytes_count_) return {};  // a damaged file
  return {reinterpret_cast<const char*>(bytes_) + begin, static_cast<size_t>(end - begin)};
}

std::optional<int64_t> Vocabulary::find(std::string_view token) const {
  if (tokens_ == 0) return std::nullopt;
  const uint64_t hash = hash_of(token);
  const uint64_t mask = slot_count_ - 1;
  for (uint64_t probe = 0; probe < slot_count_; ++probe) {
    const auto slot = load<uint64_t>(slots_ + 8 * ((hash + probe) & mask));
    if (slot == 0) return std::nullopt;
    const auto candidate = static_cast<int64_t>(slot & kTokenMask) - 1;
    if (slot >> 40 != tag_of(hash) || candidate < 0 || candidate >= tokens_) continue;
    if (bytes_of(candidate) != token) continue;
    const int64_t row = rows_ ? load<int64_t>(rows_ + 8 * candidate) : candidate;
    if (row < 0 || row >= table_rows_) return std::nullopt;
    return row;
  }
  return std::nullopt;
}

std::string_view Vocabulary::token(int64_t row) const {
  if (row < 0 || row >= table_rows_) return {};
  if (!rows_) return row < tokens_ ? bytes_of(row) : std::string_view();
  // Files whose tokens share rows have no index from row to token; the first token that leads here is its
  // name.
  for (int64_t t = 0; t < tokens_; ++t) {
    if (load<int64_t>(rows_ + 8 * t) == row) return bytes_of(t);
  }
  return {};
}

Result<Vocabulary> VocabularyReader::read(const safetensors::Header& header, const io::Mapping& mapping,
                                          int64_t table_rows, const std::string& path) {
  const auto* bytes = header.find("vocab.bytes");
  const auto* offsets = header.find("vocab.offsets");
  const auto* index = header.find("vocab.index");
  const auto* rows = header.find("vocab.rows");
  Vocabulary vocabulary;
  if (!bytes && !offsets && !index && !rows) return vocabulary;
  const auto entries = [](const safetensors::Tensor* tensor) { return (tensor->end - tensor->begin) / 8; };
  const auto is_i64 = [](const safetensors::Tensor* tensor) { return tensor && tensor->dtype == "I64"; };
  if (!bytes || bytes->dtype != "U8" || !is_i64(offsets) || !is_i64(index) || (rows && !is_i64(rows)) ||
      entries(offsets) == 0 || !std::has_single_bit(entries(index)) ||
      (rows && entries(rows) != entries(offsets) - 1)) {
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
  return vocabulary;
}

void VocabularyBuilder::add(std::string_view token) {
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
