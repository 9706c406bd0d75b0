#pragma once

#include <windrow/error.h>
#include <windrow/subwords.h>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "format/safetensors.h"

namespace windrow {

// How a table's file says how n-grams find their rows: FORMAT.md, "Subwords".

constexpr int32_t kMaxNgramCharacters = 1000;

// kInvalidArgument for numbers that make no sense, or buckets that are not among `rows` rows.
Result<void> check_subwords(const Subwords& subwords, int64_t rows);
// The same of the buckets that a pruned model kept; in other models there must be none.
Result<void> check_kept_buckets(std::span<const int64_t> kept_buckets, const Subwords& subwords);

// Keys and values of the header's string metadata.
std::vector<std::pair<std::string, std::string>> subwords_metadata(const Subwords& subwords);

// Nothing when the metadata has none; kFormat when it is damaged.
Result<std::optional<Subwords>> read_subwords(const std::map<std::string, std::string>& metadata,
                                              int64_t rows);

// The tensor with the buckets that a pruned model kept; null for other models. kFormat when it does not fit. Wrong
// entries do no more harm than that n-grams are not found.
constexpr const char* kKeptBuckets = "subwords.buckets";
Result<const safetensors::Tensor*> find_kept_buckets(const safetensors::Header& header,
                                                     const std::optional<Subwords>& subwords);

}  // namespace windrow
