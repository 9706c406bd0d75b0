#include "table/subwords.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/catch.h"
#include "table/subwords_hash.h"
#include "table/subwords_metadata.h"

using namespace windrow;

namespace {

std::vector<int64_t> rows_of(const Subwords& subwords, std::string_view word, const uint8_t* kept_buckets = nullptr) {
  const SubwordRows rows(subwords, kept_buckets);
  std::vector<int64_t> list;
  append_subword_rows(rows, word, list);
  CHECK(list.size() == rows.count(word));
  return list;
}

// The n-grams as texts, from the definition: all runs of whole characters, by start, then length.
std::vector<std::string> ngrams(const std::string& marked, int min_n, int max_n) {
  std::vector<std::string> characters;
  for (const char c : marked) {
    if ((c & 0xC0) == 0x80) {
      if (!characters.empty()) characters.back() += c;
    } else {
      characters.emplace_back(1, c);
    }
  }
  std::vector<std::string> list;
  const int size = static_cast<int>(characters.size());
  for (int start = 0; start < size; ++start) {
    std::string ngram;
    for (int n = 1; n <= max_n && start + n <= size; ++n) {
      ngram += characters[static_cast<size_t>(start + n - 1)];
      if (n < min_n || (n == 1 && (start == 0 || start == size - 1))) continue;
      list.push_back(ngram);
    }
  }
  return list;
}

std::vector<int64_t> expected_rows(const Subwords& subwords, const std::string& word) {
  const std::string marked = subwords.begin + word + subwords.end;
  std::vector<std::string> entries = ngrams(marked, subwords.min_n, subwords.max_n);
  const bool floret = subwords.hash == Subwords::Hash::kFloret;
  if (floret) entries.insert(entries.begin(), marked);
  std::vector<int64_t> rows;
  for (const std::string& entry : entries) {
    if (!floret) {
      rows.push_back(subwords.first_row + fasttext_hash(entry) % subwords.buckets);
      continue;
    }
    const auto hashes = murmur3_x64_128(entry, subwords.hash_seed);
    for (int h = 0; h < subwords.hash_count; ++h) {
      rows.push_back(subwords.first_row + hashes[static_cast<size_t>(h)] % subwords.buckets);
    }
  }
  return rows;
}

using Metadata = std::map<std::string, std::string>;

Metadata metadata_of(const Subwords& subwords) {
  const auto list = subwords_metadata(subwords);
  return {list.begin(), list.end()};
}

}  // namespace

TEST_CASE("subwords: fastText's hash extends bytes by their sign", "[table]") {
  CHECK(fasttext_hash("a") == 3826002220u);
  CHECK(fasttext_hash("<th") == 1619151151u);
  CHECK(fasttext_hash("mysterious") == 1903186891u);
  CHECK(fasttext_hash("\xC3\xA9") == 1023043777u);
  CHECK(fasttext_hash("\xD0\xBA\xD0\xBE\xD0\xBC\xD0\xB0\xD0\xBD\xD0\xB4\xD0\xB0") == 1725507386u);
  CHECK(fasttext_hash("") == 2166136261u);
  CHECK(fasttext_hash("th", fasttext_hash("<")) == fasttext_hash("<th"));
}

TEST_CASE("subwords: MurmurHash3 as floret takes it", "[table]") {
  using Hashes = std::array<uint32_t, 4>;
  constexpr uint32_t kSeed = 2166136261u;
  CHECK(murmur3_x64_128("<apple>", kSeed) == Hashes{2944390534u, 3823770033u, 2625612939u, 4129847746u});
  CHECK(murmur3_x64_128("<app", kSeed) == Hashes{1898822888u, 3235476128u, 2862636640u, 662244173u});
  CHECK(murmur3_x64_128("<\xC3\xA9>", kSeed) == Hashes{3220458766u, 3388589014u, 796050855u, 3931172709u});
  CHECK(murmur3_x64_128("", 0) == Hashes{0, 0, 0, 0});
  // Lengths on either side of a block, by Debian's libmurmurhash: lmmh_x64_128().
  const std::string text = "The quick brown fox jumps over the lazy dog";
  CHECK(murmur3_x64_128(text.substr(0, 1), kSeed) == Hashes{2645737766u, 176610500u, 3812936075u, 3983446544u});
  CHECK(murmur3_x64_128(text.substr(0, 8), kSeed) == Hashes{3105827524u, 3982114850u, 1839668389u, 1373205976u});
  CHECK(murmur3_x64_128(text.substr(0, 9), kSeed) == Hashes{4104376533u, 4290321904u, 2607487734u, 1816759095u});
  CHECK(murmur3_x64_128(text.substr(0, 15), kSeed) == Hashes{1639868914u, 2511404800u, 2532681718u, 77380594u});
  CHECK(murmur3_x64_128(text.substr(0, 16), kSeed) == Hashes{2318286315u, 1320169192u, 1143307088u, 2519511915u});
  CHECK(murmur3_x64_128(text.substr(0, 17), kSeed) == Hashes{3686117963u, 1961066470u, 1522353215u, 3923371841u});
  CHECK(murmur3_x64_128(text.substr(0, 31), kSeed) == Hashes{1278797127u, 388723383u, 2496636287u, 3064588020u});
  CHECK(murmur3_x64_128(text.substr(0, 32), kSeed) == Hashes{2707356571u, 1802986322u, 3150560574u, 1098695194u});
  CHECK(murmur3_x64_128(text.substr(0, 33), kSeed) == Hashes{2541690066u, 281076439u, 2347126126u, 1188629277u});
  CHECK(murmur3_x64_128(text.substr(0, 43), kSeed) == Hashes{2734532445u, 785013572u, 2377021752u, 4262387733u});
}

TEST_CASE("subwords: n-grams by start, then length", "[table]") {
  Subwords subwords;
  subwords.buckets = 1000;
  subwords.first_row = 50;
  CHECK(ngrams("<th>", 3, 6) == std::vector<std::string>{"<th", "<th>", "th>"});
  for (const auto hash : {Subwords::Hash::kFasttext, Subwords::Hash::kFloret}) {
    subwords.hash = hash;
    subwords.hash_seed = 2166136261u;
    for (const auto& [min_n, max_n, hash_count] : {std::tuple(3, 6, 1), {1, 1, 2}, {1, 3, 4}, {2, 4, 1}, {0, 2, 3},
                                                   {6, 6, 1}, {5, 900, 2}}) {
      subwords.min_n = min_n;
      subwords.max_n = max_n;
      subwords.hash_count = hash_count;
      for (const std::string word : {"", "a", "th", "apple", "caf\xC3\xA9", "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", "\x80\x80", "a\xFF\x80z",
                                     "two words", "a much longer word than most that there are"}) {
        CAPTURE(word, min_n, max_n, static_cast<int>(hash));
        CHECK(rows_of(subwords, word) == expected_rows(subwords, word));
      }
    }
  }
}

TEST_CASE("subwords: words without n-grams", "[table]") {
  Subwords subwords;
  subwords.buckets = 10;
  CHECK(rows_of(subwords, "").empty());  // "<>" is shorter than min_n
  CHECK(rows_of(subwords, "</s>").empty());
  CHECK(rows_of(subwords, "</s").size() == 6);
  subwords.max_n = subwords.min_n = 0;
  CHECK(rows_of(subwords, "word").empty());
  subwords.hash = Subwords::Hash::kFloret;
  CHECK(rows_of(subwords, "word").size() == 1);  // the word itself
  CHECK(rows_of(subwords, "</s>").size() == 1);
  subwords.buckets = 0;
  CHECK(rows_of(subwords, "word").empty());
}

TEST_CASE("subwords: other marks, and none", "[table]") {
  Subwords subwords;
  subwords.buckets = 7;
  subwords.min_n = 1;
  for (const std::string mark : {"", "__", "\xC2\xAB", "\xC2"}) {
    subwords.begin = subwords.end = mark;
    for (const std::string word : {"", "x", "word", "\x80", "\x80x"}) {
      CAPTURE(mark, word);
      CHECK(rows_of(subwords, word) == expected_rows(subwords, word));
    }
  }
}

TEST_CASE("subwords: in a pruned model some buckets have rows", "[table]") {
  Subwords subwords;
  subwords.first_row = 100;
  for (const std::vector<int64_t>& kept : {std::vector<int64_t>{1}, {}, {0, 4}, {0, 1, 2, 3, 4}, {2, 3}}) {
    subwords.buckets = 5;
    subwords.kept = static_cast<int64_t>(kept.size());
    CHECK(check_kept_buckets(kept, subwords));
    std::vector<uint8_t> bytes(1 + kept.size() * 8);  // at an odd address
    for (size_t b = 0; b < kept.size(); ++b) store(bytes.data() + 1 + 8 * b, kept[b]);
    const std::vector<int64_t> list = rows_of(subwords, "subwords", bytes.data() + 1);
    const auto entries = ngrams("<subwords>", 3, 6);
    REQUIRE(list.size() == entries.size());
    std::set<uint32_t> met;
    for (size_t i = 0; i < entries.size(); ++i) {
      const uint32_t bucket = fasttext_hash(entries[i]) % 5;
      met.insert(bucket);
      const auto found = std::find(kept.begin(), kept.end(), bucket);
      CHECK(list[i] == (found == kept.end() ? -1 : 100 + (found - kept.begin())));
    }
    CHECK(met.size() == 5);
  }
  CHECK(!check_kept_buckets(std::vector<int64_t>{1, 3, 4}, subwords));
  subwords.kept = 3;
  for (const std::vector<int64_t>& kept : {std::vector<int64_t>{1, 3}, {3, 1, 4}, {1, 1, 4}, {1, 3, 5}, {-1, 0, 1}}) {
    CHECK(!check_kept_buckets(kept, subwords));
  }
  CHECK(!check_subwords(subwords, 102));
  CHECK(check_subwords(subwords, 103));
  subwords.kept = 6;
  CHECK(!check_subwords(subwords, 1000));
}

TEST_CASE("subwords: the metadata give back what was written", "[table]") {
  std::vector<Subwords> list(5);
  list[0].buckets = 2'000'000;
  list[0].first_row = 1234;
  list[1].hash = Subwords::Hash::kFloret;
  list[1].buckets = 50'000;
  list[1].hash_count = 2;
  list[1].hash_seed = 2166136261u;
  list[1].begin = "\xC2\xAB";
  list[2].kept = 1000;
  list[2].buckets = 5'000'000;
  list[3].begin = list[3].end = "";
  list[4].words_are_whole = true;
  for (const Subwords& subwords : list) {
    const auto read = read_subwords(metadata_of(subwords), 3'000'000);
    REQUIRE(read);
    REQUIRE(read->has_value());
    CHECK(**read == subwords);
  }
  const auto none = read_subwords({{"format", "pt"}}, 5);
  REQUIRE(none);
  CHECK(!none->has_value());
}

TEST_CASE("subwords: words that are neither parts nor whole are not known", "[table]") {
  Metadata metadata = metadata_of({});
  CHECK(!metadata.contains("windrow.subwords.words"));
  metadata["windrow.subwords.words"] = "halves";
  const auto read = read_subwords(metadata, 5);
  REQUIRE(!read);
  CHECK(read.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("subwords: damaged metadata are refused", "[table]") {
  Subwords subwords;
  subwords.hash = Subwords::Hash::kFloret;
  subwords.buckets = 90;
  subwords.first_row = 10;
  const Metadata good = metadata_of(subwords);
  REQUIRE(read_subwords(good, 100));
  CHECK(!read_subwords(good, 99));  // rows are missing
  for (const auto& [key, value] : good) {
    CAPTURE(key);
    Metadata bad = good;
    if (key != "windrow.subwords") {
      bad.erase(key);
      CHECK(!read_subwords(bad, 100));
    }
    const bool is_text = key == "windrow.subwords.begin" || key == "windrow.subwords.end";
    for (const std::string& other : {std::string(), std::string("-1"), std::string("5x"), std::string(" 5"),
                                     std::string("99999999999999999999"), std::string(65, 'x'), std::string("\xFF")}) {
      if (is_text && other.size() < 65 && other != "\xFF") continue;
      CAPTURE(other);
      bad = good;
      bad[key] = other;
      CHECK(!read_subwords(bad, 100));
    }
  }
  using Changes = std::vector<std::pair<std::string, std::string>>;
  for (const auto& [key, value] : Changes{{"min_n", "7"}, {"max_n", "2"}, {"max_n", "1001"}, {"buckets", "91"},
                                          {"first_row", "11"}, {"first_row", "9223372036854775807"},
                                          {"hash_count", "0"}, {"hash_count", "5"}, {"kept", "91"}, {"kept", "-1"}, {"kept", ""}}) {
    CAPTURE(key, value);
    Metadata bad = good;
    bad["windrow.subwords." + key] = value;
    CHECK(!read_subwords(bad, 100));
  }
}
