#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace windrow {

// How the n-grams of a word find their rows. With them a word that no table knows still has a vector: the mean of the
// rows of its n-grams. word_vectors.h computes such vectors.
//
// A word is put between `begin` and `end`; its n-grams are all runs of min_n to max_n characters of that, in the order
// of where they start, then of their length; runs of one character at either end are none. A byte whose upper bits are
// 10 goes on with a character, any other byte starts one, in valid UTF-8 and elsewhere.
//
//   kFasttext  bucket = fnv(n-gram) mod buckets, and the word has a row of its own if it is in the vocabulary. fnv is
//              FNV-1a of 32 bits in which each byte is extended by its sign. Of the word `</s>` there are no n-grams.
//              https://github.com/facebookresearch/fastText: src/dictionary.cc, Dictionary::hash, computeSubwords
//   kFloret    `hash_count` buckets for the word between its marks, and for each n-gram: the first hash_count of the
//              four 32-bit numbers of MurmurHash3_x64_128 of its bytes with seed `hash_seed`, each mod buckets.
//              https://github.com/explosion/floret: src/dictionary.cc
//
// The row of a bucket is first_row + bucket. A pruned model kept the rows of some buckets only: a tensor of the table
// lists them in ascending order, the row of bucket number i of the list is first_row + i, and n-grams of other buckets
// do not count.
struct Subwords {
  enum class Hash : uint8_t { kFasttext, kFloret };
  Hash hash = Hash::kFasttext;
  int32_t min_n = 3;
  int32_t max_n = 6;
  int64_t buckets = 0;               // 0: no n-grams
  std::optional<int64_t> kept = {};  // of a pruned model: how many of them have a row
  int64_t first_row = 0;             // of the buckets: their rows follow those of the words
  int32_t hash_count = 1;            // kFloret: 1 to 4
  uint32_t hash_seed = 0;            // kFloret
  std::string begin = "<";
  std::string end = ">";
  // The row of a word is its vector already, as finalfusion keeps it: its n-grams are in it and are not added again.
  bool words_are_whole = false;

  int64_t rows() const { return kept.value_or(buckets); }

  bool operator==(const Subwords&) const = default;
};

}  // namespace windrow
