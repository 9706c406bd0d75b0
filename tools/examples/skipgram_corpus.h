#pragma once

#include <windrow/error.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "example_numbering.h"

namespace examples::skipgram {

using windrow::Result;

// A text, its words replaced by numbers.
struct Corpus {
  Numbering words;                            // every different word
  std::vector<int32_t> tokens;                // the running text, as numbers of `words`
  std::vector<size_t> sentence_ends;          // ascending; a sentence begins where the one before it ends
  std::vector<std::vector<int32_t>> synsets;  // WordNet only: the lemmas that share a meaning
};

// Reads text files, one sentence a line, and files of WordNet's database (data.adj, data.adv, data.noun, data.verb:
// wndb(5WN)), which are known by their content. A line of those is a sentence made of the synset's lemmas and the words
// of its gloss.
//
// A word is a run of letters, digits, underscores and bytes above 127 (so that UTF-8 stays whole), with apostrophes
// inside; A to Z are lower-cased. A lemma is one word, with underscores where it has spaces.
//
// Errors: kNotFound, kIo    a file cannot be read
//         kFormat           a line amid a database file is no synset
Result<Corpus> read_corpus(std::span<const std::string> paths);

}  // namespace examples::skipgram
