#include "formats/finalfusion_chunks.h"

#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "table/row_format_check.h"
#include "table/subwords_metadata.h"

namespace windrow::tools {

namespace {

constexpr uint32_t kTypeU8 = 1;
constexpr uint32_t kTypeF32 = 10;
constexpr uint64_t kMaxMark = 64;  // bytes of a mark before or after a word

const char* name_of(Chunk chunk) {
  switch (chunk) {
    case Chunk::kSimpleVocab:
      return "SimpleVocab";
    case Chunk::kNdArray:
      return "NdArray";
    case Chunk::kBucketVocab:
      return "BucketSubwordVocab";
    case Chunk::kQuantizedArray:
      return "QuantizedArray";
    case Chunk::kMetadata:
      return "Metadata";
    case Chunk::kNdNorms:
      return "NdNorms";
    case Chunk::kFastTextVocab:
      return "FastTextSubwordVocab";
    case Chunk::kExplicitVocab:
      return "ExplicitSubwordVocab";
    case Chunk::kFloretVocab:
      return "FloretSubwordVocab";
  }
  return nullptr;
}

// Whether a file has at most one of both.
bool same_kind(Chunk a, Chunk b) {
  const auto kind = [](Chunk chunk) {
    if (chunk == Chunk::kNdArray || chunk == Chunk::kQuantizedArray) return 1;
    return chunk == Chunk::kMetadata ? 2 : chunk == Chunk::kNdNorms ? 3 : 4;
  };
  return kind(a) == kind(b);
}

class ChunkReader {
 public:
  explicit ChunkReader(const ByteSource& file) : file_(file), end_(file.size()) {}

  Result<FinalfusionFile> read() {
    auto listed = read_list();
    if (!listed) return pass(listed);
    std::vector<Chunk> found;
    while (at_ < file_.size()) {
      end_ = file_.size();
      const uint64_t begin = at_;
      const auto id = number<uint32_t>();
      if (!id) return tl::make_unexpected(id.error());
      const auto bytes = number<uint64_t>();
      if (!bytes) return tl::make_unexpected(bytes.error());
      auto chunk = known(*id, begin);
      if (!chunk) return pass(chunk);
      if (*bytes > file_.size() - at_) {
        return wrong(begin, "the chunk ", name_of(*chunk), " has ", *bytes, " bytes, but only ",
                     file_.size() - at_, " are left in the file");
      }
      const bool is_listed = found.size() < listed->size() && (*listed)[found.size()] == *chunk;
      if (!is_listed && (found.size() < listed->size() || *chunk != Chunk::kNdNorms)) {
        return wrong(begin, "the chunk ", name_of(*chunk),
                     " is not where the list at the start of the file has it");
      }
      for (const Chunk other : found) {
        if (same_kind(other, *chunk)) {
          return wrong(begin, "the chunk ", name_of(*chunk), " follows a chunk ", name_of(other),
                       "; there can be one");
        }
      }
      found.push_back(*chunk);
      end_ = at_ + *bytes;
      if (auto done = read_chunk(*chunk); !done) return pass(done);
      if (at_ != end_) {
        return wrong(begin, "the chunk ", name_of(*chunk), " should end at byte ", end_,
                     ", but what it holds ends at ", at_);
      }
    }
    if (found.size() < listed->size()) {
      return wrong(at_, "the file ends before the chunk ", name_of((*listed)[found.size()]),
                   " that the list at its start has (truncated?)");
    }
    if (auto checked = check_whole(found); !checked) return pass(checked);
    return file_read_;
  }

 private:
  template <class... Parts>
  tl::unexpected<Error> wrong(uint64_t byte, const Parts&... parts) const {
    return fail(ErrorCode::kFormat, file_.name(), ": byte ", byte, ": ", parts...);
  }
  template <class... Parts>
  tl::unexpected<Error> unknown(uint64_t byte, const Parts&... parts) const {
    return fail(ErrorCode::kUnsupported, file_.name(), ": byte ", byte, ": ", parts...);
  }

  template <class T>
  Result<T> number() {
    if (end_ - at_ < sizeof(T))
      return wrong(at_, "a number should follow, the chunk or the file ends (truncated?)");
    uint8_t bytes[sizeof(T)];
    if (auto read = file_.read(at_, bytes); !read) return pass(read);
    at_ += sizeof(T);
    return load<T>(bytes);
  }
  // Reads several numbers in the order in which they are named.
  template <class... T>
  Result<void> numbers(T&... values) {
    Result<void> all;
    const auto one = [&]<class Number>(Number& value) {
      if (!all) return;
      const auto read = number<Number>();
      if (read) {
        value = *read;
      } else {
        all = tl::make_unexpected(read.error());
      }
    };
    (one(values), ...);
    return all;
  }

  Result<Chunk> known(uint32_t id, uint64_t byte) const {
    if (id >= 1 && id <= 9) return static_cast<Chunk>(id);
    return unknown(byte, "a chunk of the unknown kind ", id, "; known are 1 to 9");
  }

  Result<std::vector<Chunk>> read_list() {
    uint32_t magic = 0, version = 0, count = 0;
    if (file_.size() < 12)
      return wrong(file_.size(), "not a finalfusion file, or cut off in its first 12 bytes");
    if (auto read = numbers(magic, version, count); !read) return pass(read);
    if (magic != 0x75466946) return wrong(0, "not a finalfusion file: it does not start with \"FiFu\"");
    if (version != 0) return unknown(4, "finalfusion version ", version, "; 0 is known");
    if (count > 9 || uint64_t{count} * sizeof(uint32_t) > file_.size() - at_) {
      return wrong(8, "the file promises ", count,
                   " chunks; there can be a vocabulary, values, norms and metadata");
    }
    std::vector<Chunk> list;
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t byte = at_;
      const auto id = number<uint32_t>();
      if (!id) return tl::make_unexpected(id.error());
      const auto chunk = known(*id, byte);
      if (!chunk) return tl::make_unexpected(chunk.error());
      list.push_back(*chunk);
    }
    return list;
  }

  Result<void> read_chunk(Chunk chunk) {
    switch (chunk) {
      case Chunk::kNdArray:
        return read_array();
      case Chunk::kQuantizedArray:
        return read_quantized();
      case Chunk::kNdNorms:
        return read_norms();
      case Chunk::kMetadata:
        file_read_.metadata_bytes = end_ - at_;
        at_ = end_;
        return {};
      default:
        file_read_.vocabulary = chunk;
        return chunk == Chunk::kFloretVocab ? read_floret() : read_words(chunk);
    }
  }

  Result<void> read_words(Chunk chunk) {
    const uint64_t begin = at_;
    FinalfusionFile& file = file_read_;
    uint32_t min_n = 0, max_n = 0, buckets = 0;
    auto read = numbers(file.word_count);
    if (read && chunk == Chunk::kExplicitVocab) read = numbers(file.ngram_count);
    if (read && chunk != Chunk::kSimpleVocab) read = numbers(min_n, max_n);
    if (read && (chunk == Chunk::kBucketVocab || chunk == Chunk::kFastTextVocab)) read = numbers(buckets);
    if (!read) return read;
    // The least that a word and an n-gram take.
    const auto least = checked_mul(file.word_count, sizeof(uint32_t));
    const auto least_ngrams = checked_mul(file.ngram_count, sizeof(uint32_t) + sizeof(uint64_t));
    const auto all = least && least_ngrams ? checked_add(*least, *least_ngrams) : std::nullopt;
    if (!all || *all > end_ - at_) {
      return wrong(begin, "the chunk promises ", file.word_count, " words and ", file.ngram_count,
                   " n-grams, which cannot be in ", end_ - at_, " bytes");
    }
    file.words = {at_, end_};
    at_ = end_;
    if (chunk != Chunk::kFastTextVocab || buckets == 0 || max_n == 0) return {};
    Subwords subwords;
    subwords.buckets = buckets;
    subwords.first_row = static_cast<int64_t>(file.word_count);  // below 2^62: there are as many bytes
    subwords.words_are_whole = true;  // made so when a model becomes a finalfusion file
    return set_subwords(begin, min_n, max_n, std::move(subwords));
  }

  Result<void> read_floret() {
    const uint64_t begin = at_;
    uint32_t min_n = 0, max_n = 0, hashes = 0, seed = 0;
    uint64_t buckets = 0;
    if (auto read = numbers(min_n, max_n, buckets, hashes, seed); !read) return read;
    if (buckets < 1 || buckets > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) || hashes > 4) {
      return wrong(begin, "floret with ", buckets, " buckets and ", hashes, " hashes");
    }
    Subwords subwords;
    subwords.hash = Subwords::Hash::kFloret;
    subwords.buckets = static_cast<int64_t>(buckets);
    subwords.hash_count = static_cast<int32_t>(hashes);
    subwords.hash_seed = seed;
    for (std::string* mark : {&subwords.begin, &subwords.end}) {
      const auto length = number<uint32_t>();
      if (!length) return tl::make_unexpected(length.error());
      if (*length > kMaxMark || *length > end_ - at_) {
        return wrong(at_, "a mark of words of ", *length, " bytes; at most ", kMaxMark, " are read");
      }
      mark->resize(*length);
      const std::span<uint8_t> room(reinterpret_cast<uint8_t*>(mark->data()), mark->size());
      if (auto read = file_.read(at_, room); !read) return read;
      at_ += *length;
    }
    file_read_.words = {end_, end_};
    return set_subwords(begin, min_n, max_n, std::move(subwords));
  }

  Result<void> set_subwords(uint64_t byte, uint32_t min_n, uint32_t max_n, Subwords subwords) {
    constexpr uint32_t kMaxN = std::numeric_limits<int32_t>::max();
    if (min_n > kMaxN || max_n > kMaxN)
      return wrong(byte, "n-grams of ", min_n, " to ", max_n, " characters");
    subwords.min_n = static_cast<int32_t>(min_n);
    subwords.max_n = static_cast<int32_t>(max_n);
    if (auto valid = check_subwords(subwords, std::numeric_limits<int64_t>::max()); !valid) {
      return wrong(byte, std::string_view(valid.error().message));
    }
    file_read_.subwords = std::move(subwords);
    return {};
  }

  Result<void> type_is(uint32_t type, uint32_t expected) const {
    if (type == expected) return {};
    return unknown(at_, "values of type ", type, "; ", expected, " (", expected == kTypeF32 ? "f32" : "u8",
                   ") is expected here");
  }

  Result<void> pad() {
    const uint64_t bytes = sizeof(float) - at_ % sizeof(float);
    if (bytes > end_ - at_) return wrong(at_, "the chunk ends before its values");
    at_ += bytes;
    return {};
  }

  // The next a x b x c x bytes of the chunk, of which the file may lie.
  Result<ByteRange> take(const char* what, uint64_t a, uint64_t b, uint64_t bytes) {
    const auto values = checked_mul(a, b);
    const auto size = values ? checked_mul(*values, bytes) : std::nullopt;
    if (!size || *size > end_ - at_) {
      return wrong(at_, what, " of ", a, " x ", b, " values do not fit into the ", end_ - at_,
                   " bytes that are left of their chunk");
    }
    at_ += *size;
    return ByteRange{at_ - *size, at_};
  }

  Result<void> check_dim(uint64_t byte) const {
    if (file_read_.dim >= 1 && file_read_.dim <= static_cast<uint64_t>(kMaxDim)) return {};
    return wrong(byte, "rows of ", file_read_.dim, " values");
  }

  Result<void> read_array() {
    const uint64_t begin = at_;
    FinalfusionFile& file = file_read_;
    uint32_t dim = 0, type = 0;
    if (auto read = numbers(file.rows, dim, type); !read) return read;
    file.dim = dim;
    if (auto valid = type_is(type, kTypeF32); !valid) return valid;
    if (auto valid = check_dim(begin); !valid) return valid;
    if (auto padded = pad(); !padded) return padded;
    const auto values = take("values", file.rows, file.dim, sizeof(float));
    if (!values) return tl::make_unexpected(values.error());
    file.values = *values;
    return {};
  }

  Result<void> read_quantized() {
    const uint64_t begin = at_;
    FinalfusionFile& file = file_read_;
    FinalfusionFile::Quantizer quantizer;
    uint32_t projection = 0, norms = 0, code_bytes = 0, dim = 0, centroids = 0, code_type = 0, type = 0;
    auto read = numbers(projection, norms, code_bytes, dim, centroids, file.rows, code_type, type);
    if (!read) return read;
    file.dim = dim;
    quantizer.code_bytes = code_bytes;
    quantizer.centroids = centroids;
    if (auto valid = type_is(code_type, kTypeU8); !valid) return valid;
    if (auto valid = type_is(type, kTypeF32); !valid) return valid;
    if (auto valid = check_dim(begin); !valid) return valid;
    if (projection > 1 || norms > 1 || code_bytes == 0 || dim % code_bytes != 0 || centroids == 0 ||
        centroids > 256) {
      return wrong(begin, "a quantizer of ", code_bytes, " bytes for rows of ", dim, " values, with ",
                   centroids, " centroids (projection ", projection, ", norms ", norms,
                   "): these do not go together");
    }
    if (auto padded = pad(); !padded) return padded;
    const auto place = [&](const char* what, uint64_t a, uint64_t b, uint64_t bytes, ByteRange& range) {
      auto taken = take(what, a, b, bytes);
      if (taken) range = *taken;
      return taken ? Result<void>() : Result<void>(pass(taken));
    };
    if (projection) read = place("a projection", file.dim, file.dim, sizeof(float), quantizer.projection);
    if (read) read = place("centroids", quantizer.centroids, file.dim, sizeof(float), quantizer.parts);
    if (read && norms) read = place("norms", file.rows, 1, sizeof(float), quantizer.norms);
    if (read) read = place("codes", file.rows, quantizer.code_bytes, 1, file.values);
    file.quantizer = quantizer;
    return read;
  }

  Result<void> read_norms() {
    uint32_t type = 0;
    if (auto read = numbers(file_read_.norm_count, type); !read) return read;
    if (auto valid = type_is(type, kTypeF32); !valid) return valid;
    if (auto padded = pad(); !padded) return padded;
    const auto norms = take("norms", file_read_.norm_count, 1, sizeof(float));
    if (!norms) return tl::make_unexpected(norms.error());
    file_read_.norms = *norms;
    return {};
  }

  Result<void> check_whole(const std::vector<Chunk>& found) const {
    const FinalfusionFile& file = file_read_;
    bool has_words = false, has_values = false;
    for (const Chunk chunk : found) {
      has_values = has_values || same_kind(chunk, Chunk::kNdArray);
      has_words = has_words || same_kind(chunk, Chunk::kSimpleVocab);
    }
    if (!has_values || !has_words) {
      return wrong(file_.size(), "the file has no chunk with ", has_words ? "values" : "a vocabulary",
                   " (truncated?)");
    }
    if (file.word_count > file.rows || file.norm_count > file.rows) {
      return wrong(0, "the file has ", file.word_count, " words and ", file.norm_count, " norms, but ",
                   file.rows, " rows");
    }
    if (file.subwords && static_cast<uint64_t>(file.subwords->buckets) != file.rows - file.word_count) {
      return wrong(0, "the file has ", file.word_count, " words and ", file.subwords->buckets,
                   " buckets, but ", file.rows, " rows");
    }
    return {};
  }

  const ByteSource& file_;
  uint64_t at_ = 0;   // of the next byte
  uint64_t end_ = 0;  // of the present chunk
  FinalfusionFile file_read_;
};

}  // namespace

Result<FinalfusionFile> read_finalfusion_chunks(const ByteSource& file) {
  return ChunkReader(file).read();
}

}  // namespace windrow::tools
