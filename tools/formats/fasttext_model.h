#pragma once

#include <windrow/error.h>
#include <windrow/subwords.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/byte_reader.h"
#include "formats/fasttext_matrix.h"

namespace windrow::tools {

constexpr int32_t kFasttextMagic = 793712314;

// Where the parts of a fastText model are, all checked: every byte of the file is accounted for.
struct FasttextModel {
  int32_t version = 0;  // 0: from before there was a number
  int32_t dim = 0;
  bool supervised = false;
  int32_t min_n = 0, max_n = 0;
  int64_t buckets = 0;  // as the file declares them
  uint64_t words = 0, labels = 0;
  uint64_t dictionary_begin = 0, dictionary_end = 0;  // words first, then labels
  FasttextMatrix input;                               // the rows of words, then those of buckets

  // Of a pruned model: the buckets that were kept, ascending, and the row of each behind those of the words.
  bool pruned = false;
  std::vector<int64_t> kept_buckets;
  std::vector<uint64_t> kept_rows;

  std::vector<std::string> remarks;

  // How n-grams of words find their rows; nothing in a model that has none.
  std::optional<Subwords> subwords() const;
};

// kUnsupported for a model of floret, or of a newer version. With `lenient`, whatever stands behind the input matrix
// may be cut off or followed by other bytes.
Result<FasttextModel> read_fasttext_model(const std::shared_ptr<const ByteSource>& source, bool lenient);

// Takes the words of a dictionary, or its labels, one after another.
class FasttextDictionary {
 public:
  FasttextDictionary(const std::shared_ptr<const ByteSource>& source, uint64_t begin, uint64_t end);

  struct Entry {
    std::string_view word;  // until the next call
    bool is_label = false;
  };
  // kFormat at the end of the bytes, too.
  Result<Entry> next();
  uint64_t position() const { return begin_ + bytes_.position(); }  // in the file

 private:
  ByteReader bytes_;
  uint64_t begin_;
};

}  // namespace windrow::tools
