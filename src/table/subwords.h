#pragma once

#include <windrow/subwords.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windrow {

constexpr int64_t kNoRow = -1;

// Which rows the n-grams of words have (windrow/subwords.h), for floret with the word itself as the first.
class SubwordRows {
 public:
  // `kept_buckets`: of a pruned model, the *subwords.kept buckets that have rows, as ascending 64-bit numbers of any
  // alignment. What is given stays where it is.
  explicit SubwordRows(const Subwords& subwords, const uint8_t* kept_buckets = nullptr)
      : subwords_(&subwords), kept_buckets_(kept_buckets) {}

  // How many rows write() writes.
  size_t count(std::string_view word) const;

  // Writes count(word) rows; kNoRow for a bucket without. `marked` is room for the word between its marks: nothing is
  // allocated when it has capacity for room_for(word) bytes.
  void write(std::string_view word, std::string& marked, int64_t* rows) const;
  size_t room_for(std::string_view word) const {
    return word.size() + subwords_->begin.size() + subwords_->end.size();
  }

 private:
  bool has_subwords(std::string_view word) const;
  int64_t row_of(uint32_t hash) const;
  int64_t* write_fasttext(std::string_view marked, int64_t* rows) const;
  int64_t* write_floret(std::string_view marked, int64_t* rows) const;
  int64_t* write_hashes(std::string_view entry, int64_t* rows) const;

  const Subwords* subwords_;
  const uint8_t* kept_buckets_;
};

// Adds the rows of the word's n-grams.
void append_subword_rows(const SubwordRows& subwords, std::string_view word, std::vector<int64_t>& rows);

}  // namespace windrow
