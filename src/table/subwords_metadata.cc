#include "table/subwords_metadata.h"

#include <charconv>

#include "base/fail.h"
#include "format/text.h"

namespace windrow {

namespace {

constexpr const char* kHash = "windrow.subwords";
constexpr const char* kMinN = "windrow.subwords.min_n";
constexpr const char* kMaxN = "windrow.subwords.max_n";
constexpr const char* kBuckets = "windrow.subwords.buckets";
constexpr const char* kFirstRow = "windrow.subwords.first_row";
constexpr const char* kKept = "windrow.subwords.kept";
constexpr const char* kHashCount = "windrow.subwords.hash_count";
constexpr const char* kHashSeed = "windrow.subwords.hash_seed";
constexpr const char* kBegin = "windrow.subwords.begin";
constexpr const char* kEnd = "windrow.subwords.end";
constexpr const char* kWords = "windrow.subwords.words";
constexpr const char* kWhole = "whole";

constexpr size_t kMaxMark = 64;  // bytes of `begin` and `end`

template <class Number>
bool read_number(const std::map<std::string, std::string>& metadata, const char* key, Number& number) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return false;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_text(const std::map<std::string, std::string>& metadata, const char* key, std::string& text) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return false;
  text = found->second;
  return true;
}

bool fits_mark(const std::string& mark) {
  return mark.size() <= kMaxMark && utf8_prefix(mark) == mark.size();
}

}  // namespace

Result<void> check_subwords(const Subwords& subwords, int64_t rows) {
  const Subwords& s = subwords;
  const auto wrong = [](const auto&... parts) {
    return fail(ErrorCode::kInvalidArgument, "subwords: ", parts...);
  };
  if (s.min_n < 0 || s.max_n < s.min_n || s.max_n > kMaxNgramCharacters) {
    return wrong("n-grams of ", s.min_n, " to ", s.max_n, " characters; at least 0 and at most ",
                 kMaxNgramCharacters, " in ascending order can be");
  }
  if (s.kept && (*s.kept < 0 || *s.kept > s.buckets))
    return wrong(*s.kept, " of ", s.buckets, " buckets are said to be kept");
  if (s.buckets < 0 || s.first_row < 0 || s.first_row > rows || s.rows() > rows - s.first_row) {
    return wrong(s.rows(), " rows of buckets from row ", s.first_row, " on are not all in a table of ", rows,
                 " rows");
  }
  if (s.hash == Subwords::Hash::kFloret && (s.hash_count < 1 || s.hash_count > 4))
    return wrong("hash_count is ", s.hash_count, ", and must be 1 to 4");
  if (!fits_mark(s.begin) || !fits_mark(s.end))
    return wrong("the marks of begin and end must be UTF-8 of at most ", kMaxMark, " bytes");
  return {};
}

Result<void> check_kept_buckets(std::span<const int64_t> kept_buckets, const Subwords& subwords) {
  const auto wanted = static_cast<size_t>(subwords.kept.value_or(0));
  if (kept_buckets.size() != wanted) {
    return fail(ErrorCode::kInvalidArgument, "subwords: ", kept_buckets.size(),
                " kept buckets were given, and ", wanted, " announced");
  }
  for (size_t b = 0; b < wanted; ++b) {
    const int64_t least = b == 0 ? 0 : kept_buckets[b - 1] + 1;
    if (kept_buckets[b] >= least && kept_buckets[b] < subwords.buckets) continue;
    return fail(ErrorCode::kInvalidArgument, "subwords: kept bucket ", b, " is ", kept_buckets[b],
                ", and must be at least ", least, " and below ", subwords.buckets);
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> subwords_metadata(const Subwords& subwords) {
  const bool floret = subwords.hash == Subwords::Hash::kFloret;
  std::vector<std::pair<std::string, std::string>> list = {
      {kHash, floret ? "floret" : "fasttext"},         {kMinN, std::to_string(subwords.min_n)},
      {kMaxN, std::to_string(subwords.max_n)},         {kBuckets, std::to_string(subwords.buckets)},
      {kFirstRow, std::to_string(subwords.first_row)},
  };
  if (subwords.kept) list.emplace_back(kKept, std::to_string(*subwords.kept));
  if (floret) {
    list.emplace_back(kHashCount, std::to_string(subwords.hash_count));
    list.emplace_back(kHashSeed, std::to_string(subwords.hash_seed));
  }
  list.emplace_back(kBegin, subwords.begin);
  list.emplace_back(kEnd, subwords.end);
  if (subwords.words_are_whole) list.emplace_back(kWords, kWhole);
  return list;
}

Result<std::optional<Subwords>> read_subwords(const std::map<std::string, std::string>& metadata,
                                              int64_t rows) {
  std::string hash;
  if (!read_text(metadata, kHash, hash)) return std::nullopt;
  Subwords s;
  bool read = read_number(metadata, kMinN, s.min_n) && read_number(metadata, kMaxN, s.max_n) &&
              read_number(metadata, kBuckets, s.buckets) && read_number(metadata, kFirstRow, s.first_row) &&
              read_text(metadata, kBegin, s.begin) && read_text(metadata, kEnd, s.end);
  if (metadata.contains(kKept)) read = read && read_number(metadata, kKept, s.kept.emplace());
  if (hash == "floret") {
    s.hash = Subwords::Hash::kFloret;
    read = read && read_number(metadata, kHashCount, s.hash_count) &&
           read_number(metadata, kHashSeed, s.hash_seed);
  } else if (hash != "fasttext") {
    return fail(ErrorCode::kUnsupported, "the metadata ", kHash, " is ", in_quotes(hash),
                ", which this version does not know (fasttext, floret)");
  }
  if (std::string words; read_text(metadata, kWords, words)) {
    if (words != kWhole) {
      return fail(ErrorCode::kUnsupported, "the metadata ", kWords, " is ", in_quotes(words),
                  ", which this version does not know (", kWhole, ")");
    }
    s.words_are_whole = true;
  }
  if (!read) {
    return fail(ErrorCode::kFormat, "the metadata ", kHash, ".* is damaged: a number is missing or is none");
  }
  if (auto checked = check_subwords(s, rows); !checked)
    return fail(ErrorCode::kFormat, "the metadata is damaged: ", checked.error().message);
  return s;
}

Result<const safetensors::Tensor*> find_kept_buckets(const safetensors::Header& header,
                                                     const std::optional<Subwords>& subwords) {
  if (!subwords || !subwords->kept) return nullptr;
  const safetensors::Tensor* tensor = header.find(kKeptBuckets);
  if (!tensor || tensor->dtype != "I64" ||
      (tensor->end - tensor->begin) / 8 != static_cast<uint64_t>(*subwords->kept)) {
    return fail(ErrorCode::kFormat, "the tensor ", kKeptBuckets, " is missing, or is none of ",
                *subwords->kept, " 64-bit integers");
  }
  return tensor;
}

}  // namespace windrow
