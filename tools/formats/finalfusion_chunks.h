#pragma once

#include <windrow/error.h>
#include <windrow/subwords.h>
#include <cstdint>
#include <optional>

#include "formats/byte_reader.h"

namespace windrow::tools {

// What a finalfusion file consists of (https://github.com/finalfusion/finalfusion-rust: FORMAT.md and src/chunks):
//
//   'FiFu' u32 version 0, u32 n, n x u32 chunk   then chunks: u32 chunk, u64 bytes that follow, these
//   1 SimpleVocab     u64 n, words                              word = u32 length, bytes
//   2 NdArray         u64 rows, u32 dim, u32 type 10, padding, f32 values
//   3 BucketVocab     u64 n, u32 min n, u32 max n, u32 exponent of the number of buckets, words
//   4 QuantizedArray  u32 projection?, u32 norms?, u32 code bytes, u32 dim, u32 centroids, u64 rows, u32 type 1,
//                     u32 type 10, padding, f32 [dim][dim] if projection, f32 [code bytes][centroids][dim / code bytes],
//                     f32 [rows] if norms, u8 [rows][code bytes]
//   5 Metadata        TOML
//   6 NdNorms         u64 n, u32 type 10, padding, f32 [n]; may be missing in the list at the start
//   7 FastTextVocab   as 3, with the number of buckets itself
//   8 ExplicitVocab   u64 n, u64 m, u32 min n, u32 max n, words, m x (word, u64 row behind those of the words)
//   9 FloretVocab     u32 min n, u32 max n, u64 buckets, u32 hashes, u32 seed, word before, word after
//
// The padding makes what follows a multiple of four bytes from the start of the file, and is never empty: 1 to 4 bytes.
enum class Chunk : uint32_t {
  kSimpleVocab = 1,
  kNdArray = 2,
  kBucketVocab = 3,
  kQuantizedArray = 4,
  kMetadata = 5,
  kNdNorms = 6,
  kFastTextVocab = 7,
  kExplicitVocab = 8,
  kFloretVocab = 9,
};

// Bytes of the file.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end - begin; }
};

struct FinalfusionFile {
  Chunk vocabulary = Chunk::kSimpleVocab;
  uint64_t word_count = 0;
  uint64_t ngram_count = 0;  // of ExplicitVocab, behind the words
  ByteRange words;           // and n-grams
  std::optional<Subwords> subwords;

  uint64_t rows = 0;
  uint64_t dim = 0;
  ByteRange values;  // f32, or codes where there is a quantizer
  struct Quantizer {
    uint64_t code_bytes = 0;  // of a row: one for each part of it
    uint64_t centroids = 0;   // of each part
    ByteRange projection;     // empty: none
    ByteRange parts;
    ByteRange norms;  // empty: none
  };
  std::optional<Quantizer> quantizer;

  uint64_t norm_count = 0;
  std::optional<ByteRange> norms;
  uint64_t metadata_bytes = 0;
};

// Reads the heads of all chunks: neither words nor values. Each chunk ends where its length says, and no number is
// trusted that the bytes of its chunk do not bear out.
// Errors: kFormat, with the byte; kUnsupported for versions, types and chunks that are not known; kIo
Result<FinalfusionFile> read_finalfusion_chunks(const ByteSource& file);

}  // namespace windrow::tools
