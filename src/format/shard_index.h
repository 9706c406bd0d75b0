#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace windrow {

// `model.safetensors.index.json`: which file of a checkpoint holds which tensor. Text in memory, no I/O.
//
//   {"metadata": ..., "weight_map": {"tensor": "model-00001-of-00002.safetensors", ...}}
//
// Only `weight_map` is looked at: what else such files hold differs from writer to writer, and is often wrong.

constexpr uint64_t kMaxShardIndexBytes = 100'000'000;  // the largest met so far has 7.5 MB

struct ShardIndex {
  struct Entry {
    std::string tensor;
    size_t file;  // a number of `files`
  };
  std::vector<std::string> files;  // names in the folder of the index, each once
  std::vector<Entry> tensors;      // by ascending name
};

// kFormat: not a JSON object with a `weight_map` of texts; a tensor named twice; a file that is not a plain
// name in the folder of the index (empty, or with '/', '\', '..' or NUL). kUnsupported: longer than
// kMaxShardIndexBytes.
Result<ShardIndex> parse_shard_index(std::string_view text);

}  // namespace windrow
