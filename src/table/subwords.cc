#include "table/subwords.h"

#include <algorithm>

#include "base/bytes.h"
#include "table/subwords_hash.h"

namespace windrow {

namespace {

constexpr std::string_view kEndOfSentence = "</s>";

bool starts_character(char byte) {
  return (static_cast<uint8_t>(byte) & 0xC0) != 0x80;
}

// Where the next character starts, at `at` or behind it.
size_t next_character(std::string_view text, size_t at) {
  while (at < text.size() && !starts_character(text[at])) ++at;
  return at;
}

size_t characters_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

// N-grams of `characters` characters: at each length there are as many as places to start.
size_t ngrams_of(size_t characters, const Subwords& subwords) {
  const auto longest = std::min(static_cast<size_t>(subwords.max_n), characters);
  size_t count = 0;
  for (auto n = static_cast<size_t>(std::max(subwords.min_n, 1)); n <= longest; ++n)
    count += characters - n + 1;
  if (subwords.min_n <= 1 && longest >= 1) count -= std::min<size_t>(characters, 2);  // those at either end
  return count;
}

// Calls visit(begin, middle, end, counts) for the runs of characters that start at each character, growing: their last
// character is [middle, end), and `counts` says whether they are n-grams.
template <class Visit>
void for_each_ngram(std::string_view text, const Subwords& subwords, Visit visit) {
  const size_t first = next_character(text, 0);
  for (size_t begin = first; begin < text.size(); begin = next_character(text, begin + 1)) {
    size_t middle = begin;
    for (int32_t n = 1; middle < text.size() && n <= subwords.max_n; ++n) {
      const size_t end = next_character(text, middle + 1);
      const bool at_an_end = n == 1 && (begin == first || end == text.size());
      visit(begin, middle, end, n >= subwords.min_n && !at_an_end);
      middle = end;
    }
  }
}

}  // namespace

bool SubwordRows::has_subwords(std::string_view word) const {
  if (subwords_->buckets <= 0) return false;
  return subwords_->hash == Subwords::Hash::kFloret || (subwords_->max_n > 0 && word != kEndOfSentence);
}

size_t SubwordRows::count(std::string_view word) const {
  if (!has_subwords(word)) return 0;
  const size_t characters =
      characters_of(subwords_->begin) + characters_of(word) + characters_of(subwords_->end);
  const size_t ngrams = ngrams_of(characters, *subwords_);
  if (subwords_->hash == Subwords::Hash::kFasttext) return ngrams;
  return (1 + ngrams) * static_cast<size_t>(subwords_->hash_count);
}

int64_t SubwordRows::row_of(uint32_t hash) const {
  const auto bucket = static_cast<int64_t>(hash) % subwords_->buckets;
  if (!kept_buckets_) return subwords_->first_row + bucket;
  int64_t begin = 0, end = *subwords_->kept;
  while (begin < end) {
    const int64_t middle = begin + (end - begin) / 2;
    if (load<int64_t>(kept_buckets_ + 8 * middle) < bucket) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  const bool found = begin < *subwords_->kept && load<int64_t>(kept_buckets_ + 8 * begin) == bucket;
  return found ? subwords_->first_row + begin : kNoRow;
}

void SubwordRows::write(std::string_view word, std::string& marked, int64_t* rows) const {
  if (!has_subwords(word)) return;
  marked.assign(subwords_->begin);
  marked.append(word);
  marked.append(subwords_->end);
  if (subwords_->hash == Subwords::Hash::kFasttext) {
    write_fasttext(marked, rows);
  } else {
    write_floret(marked, rows);
  }
}

// The hash of an n-gram goes on from that of the one before, which is shorter by a character.
int64_t* SubwordRows::write_fasttext(std::string_view marked, int64_t* rows) const {
  uint32_t hash = 0;
  for_each_ngram(marked, *subwords_, [&](size_t begin, size_t middle, size_t end, bool counts) {
    const std::string_view last = marked.substr(middle, end - middle);
    hash = begin == middle ? fasttext_hash(last) : fasttext_hash(last, hash);
    if (counts) *rows++ = row_of(hash);
  });
  return rows;
}

int64_t* SubwordRows::write_floret(std::string_view marked, int64_t* rows) const {
  rows = write_hashes(marked, rows);
  for_each_ngram(marked, *subwords_, [&](size_t begin, size_t, size_t end, bool counts) {
    if (counts) rows = write_hashes(marked.substr(begin, end - begin), rows);
  });
  return rows;
}

int64_t* SubwordRows::write_hashes(std::string_view entry, int64_t* rows) const {
  const auto hashes = murmur3_x64_128(entry, subwords_->hash_seed);
  for (int32_t h = 0; h < subwords_->hash_count; ++h) *rows++ = row_of(hashes[static_cast<size_t>(h)]);
  return rows;
}

void append_subword_rows(const SubwordRows& subwords, std::string_view word, std::vector<int64_t>& rows) {
  const size_t before = rows.size();
  rows.resize(before + subwords.count(word));
  std::string marked;
  subwords.write(word, marked, rows.data() + before);
}

}  // namespace windrow
