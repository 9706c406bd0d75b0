#include "formats/finalfusion.h"

#include <set>

#include "formats/finalfusion_chunks.h"
#include "formats/product_quantizer.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

template <class Number>
std::string raw(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof(number));
}

std::string floats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::string words_of(const std::vector<std::string>& words) {
  std::string bytes;
  for (const auto& word : words) bytes += raw(static_cast<uint32_t>(word.size())) + word;
  return bytes;
}

// A file as a test wants it: chunks in order, and the list at the start, which may lie.
class File {
 public:
  std::vector<uint32_t> listed;
  uint32_t version = 0;
  std::vector<size_t> pads;  // what was padded

  File& chunk(uint32_t id, const std::string& bytes, bool in_list = true) {
    if (in_list) listed.push_back(id);
    chunks_.push_back({id, bytes, "", false});
    return *this;
  }
  // A chunk whose second part is padded to where floats may begin.
  File& padded(uint32_t id, const std::string& head, const std::string& rest, bool in_list = true) {
    if (in_list) listed.push_back(id);
    chunks_.push_back({id, head, rest, true});
    return *this;
  }

  File& simple(const std::vector<std::string>& words) {
    return chunk(1, raw(uint64_t{words.size()}) + words_of(words));
  }
  File& fasttext(uint32_t min_n, uint32_t max_n, uint32_t buckets, const std::vector<std::string>& words) {
    return chunk(7, raw(uint64_t{words.size()}) + raw(min_n) + raw(max_n) + raw(buckets) + words_of(words));
  }
  File& array(uint64_t rows, uint32_t dim, const std::vector<float>& values) {
    return padded(2, raw(rows) + raw(dim) + raw(uint32_t{10}), floats(values));
  }
  File& norms(const std::vector<float>& norms, bool in_list = true) {
    return padded(6, raw(uint64_t{norms.size()}) + raw(uint32_t{10}), floats(norms), in_list);
  }

  std::string bytes() {
    std::string file = "FiFu" + raw(version) + raw(static_cast<uint32_t>(listed.size()));
    for (const uint32_t id : listed) file += raw(id);
    for (const auto& chunk : chunks_) {
      std::string body = chunk.head;
      if (chunk.pad) {
        pads.push_back(4 - (file.size() + 12 + body.size()) % 4);
        body += std::string(pads.back(), '\0') + chunk.rest;
      }
      file += raw(chunk.id) + raw(uint64_t{body.size()}) + body;
    }
    return file;
  }

 private:
  struct Part {
    uint32_t id;
    std::string head, rest;
    bool pad;
  };
  std::vector<Part> chunks_;
};

Vectors read(const std::string& bytes, bool words_only = false, bool restore_norms = false) {
  Source source;
  source.words_only = words_only;
  source.restore_norms = restore_norms;
  return read_vectors(read_finalfusion(bytes_in_memory(bytes, "f.fifu"), source));
}

void check_fails(const std::string& bytes, std::string_view message) {
  const Vectors vectors = read(bytes);
  INFO(vectors.error);
  CHECK(contains(vectors.error, message));
}

std::unique_ptr<RowReader> opened(const std::string& bytes, const Source& source = {}) {
  auto reader = read_finalfusion(bytes_in_memory(bytes, "f.fifu"), source);
  REQUIRE(reader);
  return std::move(*reader);
}

bool remarks_on(const std::string& bytes, std::string_view text) {
  for (const auto& remark : opened(bytes)->findings().remarks) {
    if (contains(remark, text)) return true;
  }
  return false;
}

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

// Two parts of two values with three centroids each.
const std::vector<float> kCentroids = {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60};

std::string quantized(uint32_t projection, uint32_t norms, uint32_t code_bytes, uint32_t dim, uint32_t centroids,
                      uint64_t rows) {
  return raw(projection) + raw(norms) + raw(code_bytes) + raw(dim) + raw(centroids) + raw(rows) + raw(uint32_t{1}) +
         raw(uint32_t{10});
}

}  // namespace

TEST_CASE("finalfusion: words and rows, whatever padding there is between", "[tools]") {
  std::set<size_t> pads;
  for (const char* last : {"c", "cc", "ccc", "cccc"}) {
    File file;
    file.simple({"a", "New York", last}).array(3, 2, kValues);
    const Vectors vectors = read(file.bytes());
    CHECK(vectors.error == "");
    CHECK(vectors.dim == 2);
    CHECK(vectors.values == kValues);
    CHECK(vectors.tokens == std::vector<std::string>{"a", "New York", last});
    pads.insert(file.pads[0]);
  }
  CHECK(pads == std::set<size_t>{1, 2, 3, 4});
}

TEST_CASE("finalfusion: metadata in front, empty words and bytes that are no text", "[tools]") {
  File file;
  file.chunk(5, "[common]\ndims = 2\n").simple({"", "\xFF\x00"}).array(2, 3, kValues);
  CHECK(read(file.bytes()).tokens == std::vector<std::string>{"", "\xFF"});
  CHECK(remarks_on(file.bytes(), "18 bytes of TOML"));
}

TEST_CASE("finalfusion: rows are as stored, and times their norms when asked", "[tools]") {
  for (const bool in_list : {true, false}) {
    File file;
    file.simple({"a", "b", "c"}).array(3, 2, kValues).norms({2, 0.5f, -1}, in_list);
    CHECK(read(file.bytes()).values == kValues);
    CHECK(remarks_on(file.bytes(), "norms of 3 rows"));
    const Vectors restored = read(file.bytes(), false, true);
    CHECK(restored.error == "");
    CHECK(restored.values == std::vector<float>{2, 4, 1.5f, 2, -5, -6});
  }
  File few;  // n-grams have no norms
  few.fasttext(3, 6, 2, {"a"}).array(3, 2, kValues).norms({10});
  CHECK(read(few.bytes(), false, true).values == std::vector<float>{10, 20, 3, 4, 5, 6});
  File none;
  none.simple({"a"}).array(1, 2, {1, 2});
  CHECK(contains(read(none.bytes(), false, true).error, "no norms to restore"));
}

TEST_CASE("finalfusion: rows of n-grams follow those of words, without tokens", "[tools]") {
  File file;
  file.fasttext(3, 5, 2, {"word"}).array(3, 2, kValues);
  const std::string bytes = file.bytes();
  const auto reader = opened(bytes);
  const auto& header = reader->header();
  CHECK(*header.rows == 3);
  REQUIRE(header.subwords);
  CHECK((header.subwords->hash == Subwords::Hash::kFasttext && header.subwords->buckets == 2));
  CHECK((header.subwords->min_n == 3 && header.subwords->max_n == 5 && header.subwords->first_row == 1));
  CHECK(header.subwords->words_are_whole);
  RowBlock block;
  REQUIRE(reader->next(block));
  CHECK((block.rows == 1 && block.token(0) == "word"));
  REQUIRE(reader->next(block));
  CHECK((block.rows == 2 && !block.has_tokens()));
  CHECK(bytes.substr(*block.begin(1), 8) == floats({5, 6}));
  REQUIRE(reader->next(block));
  CHECK(block.rows == 0);

  const Vectors words = read(bytes, true);
  CHECK(words.error == "");
  CHECK(words.values == std::vector<float>{1, 2});
  Source source;
  source.words_only = true;
  CHECK(!opened(bytes, source)->header().subwords);
}

TEST_CASE("finalfusion: n-grams of its own hash and listed ones are told of", "[tools]") {
  File hashed;
  hashed.chunk(3, raw(uint64_t{1}) + raw(uint32_t{3}) + raw(uint32_t{6}) + raw(uint32_t{1}) + words_of({"a"}));
  hashed.array(3, 2, kValues);
  CHECK(read(hashed.bytes()).values == kValues);
  CHECK(remarks_on(hashed.bytes(), "rows from 1 on are those of n-grams"));
  CHECK(!opened(hashed.bytes())->header().subwords);

  File listed;
  const std::string ngrams = words_of({"<a"}) + raw(uint64_t{0}) + words_of({"a>"}) + raw(uint64_t{1});
  listed.chunk(8, raw(uint64_t{1}) + raw(uint64_t{2}) + raw(uint32_t{2}) + raw(uint32_t{2}) + words_of({"a"}) + ngrams);
  listed.array(3, 2, kValues);
  const Vectors vectors = read(listed.bytes());
  CHECK(vectors.error == "");
  CHECK((vectors.values == kValues && vectors.tokens == std::vector<std::string>{"a"}));
  CHECK(remarks_on(listed.bytes(), "lists them"));
  CHECK(read(listed.bytes(), true).values == std::vector<float>{1, 2});
}

TEST_CASE("finalfusion: floret has no words, but rows that n-grams find", "[tools]") {
  File file;
  file.chunk(9, raw(uint32_t{4}) + raw(uint32_t{5}) + raw(uint64_t{3}) + raw(uint32_t{2}) + raw(uint32_t{2166136261u}) +
                    words_of({"[", "]]"}));
  file.array(3, 2, kValues);
  const auto reader = opened(file.bytes());
  REQUIRE(reader->header().subwords);
  const Subwords& subwords = *reader->header().subwords;
  CHECK((subwords.hash == Subwords::Hash::kFloret && subwords.hash_count == 2 && subwords.hash_seed == 2166136261u));
  CHECK((subwords.begin == "[" && subwords.end == "]]" && subwords.buckets == 3 && subwords.first_row == 0));
  CHECK(!reader->header().has_tokens);
  CHECK(read(file.bytes()).values == kValues);
  CHECK(contains(read(file.bytes(), true).error, "has no words"));
}

TEST_CASE("finalfusion: quantized rows, with norms and a projection and without", "[tools]") {
  const std::string codes = "\x02\x01" + std::string(2, '\0');
  const std::vector<float> plain = {5, 6, 30, 40, 1, 2, 10, 20};
  File file;
  file.simple({"a", "b"}).padded(4, quantized(0, 0, 2, 4, 3, 2), floats(kCentroids) + codes);
  CHECK(read(file.bytes()).values == plain);
  CHECK(opened(file.bytes())->header().stored_as == "pq");
  CHECK(read(file.bytes()).tokens == std::vector<std::string>{"a", "b"});

  File scaled;
  scaled.simple({"a", "b"}).padded(4, quantized(0, 1, 2, 4, 3, 2), floats(kCentroids) + floats({2, -1}) + codes);
  CHECK(read(scaled.bytes()).values == std::vector<float>{10, 12, 60, 80, -1, -2, -10, -20});
  scaled.norms({10, 10});  // which the quantizer's own come before
  CHECK(read(scaled.bytes(), false, true).values == std::vector<float>{100, 120, 600, 800, -10, -20, -100, -200});

  // row[j] = sum of turned[i] * projection[j][i]: swaps the halves, and adds the first value to the last.
  const std::vector<float> projection = {0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0};
  File turned;
  turned.simple({"a", "b"}).padded(4, quantized(1, 1, 2, 4, 3, 2),
                                   floats(projection) + floats(kCentroids) + floats({1, 2}) + codes);
  const Vectors vectors = read(turned.bytes());
  CHECK(vectors.error == "");
  CHECK(vectors.values == std::vector<float>{30, 40, 5, 11, 20, 40, 2, 6});

  const std::string bytes = turned.bytes();
  RowBlock block;
  const auto reader = opened(bytes);
  REQUIRE(reader->next(block));
  CHECK(bytes.substr(*block.begin(0), 4) == codes);

  check_fails(
      File().simple({"a", "b"}).padded(4, quantized(0, 0, 2, 4, 3, 2), floats(kCentroids) + "\x01\x02\x03\x01").bytes(),
      "row 1 has the code 3, but there are 3 centroids");
}

TEST_CASE("finalfusion: a quantizer whose numbers do not go together is refused", "[tools]") {
  const auto refused = [](const std::string& head, std::string_view message) {
    check_fails(File().simple({}).padded(4, head, std::string(4096, '\0')).bytes(), message);
  };
  refused(quantized(0, 0, 3, 4, 3, 1), "do not go together");
  refused(quantized(0, 0, 0, 4, 3, 1), "do not go together");
  refused(quantized(0, 0, 2, 4, 0, 1), "do not go together");
  refused(quantized(0, 0, 2, 4, 257, 1), "do not go together");
  refused(quantized(2, 0, 2, 4, 3, 1), "do not go together");
  refused(quantized(0, 0, 2, 0, 3, 1), "rows of 0 values");
  refused(quantized(0, 0, 2, 4, 3, UINT64_MAX), "do not fit");
  refused(quantized(0, 1, 1, 1, 1, uint64_t{1} << 62), "do not fit");
  refused(quantized(1, 0, 1, 1u << 30, 1, 1), "a projection of");
  refused(quantized(0, 0, 2, 4, 3, 1), "should end at byte");
}

TEST_CASE("finalfusion: versions, types and chunks that are not known are refused", "[tools]") {
  check_fails("", "cut off");
  check_fails("FuFi" + std::string(20, '\0'), "does not start with");
  File newer;
  newer.version = 1;
  check_fails(newer.simple({"a"}).array(1, 1, {1}).bytes(), "version 1");
  check_fails(File().simple({"a"}).array(1, 1, {1}).chunk(10, "").bytes(), "unknown kind 10");
  check_fails(File().simple({"a"}).array(1, 1, {1}).chunk(0, "", false).bytes(), "unknown kind 0");
  check_fails(File().simple({"a"}).padded(2, raw(uint64_t{1}) + raw(1u) + raw(11u), floats({1, 1})).bytes(),
              "values of type 11");
  check_fails(File().simple({"a"}).array(1, 1, {1}).padded(6, raw(uint64_t{1}) + raw(5u), floats({1})).bytes(),
              "values of type 5");
}

TEST_CASE("finalfusion: lengths and counts that lie are refused", "[tools]") {
  check_fails(File().simple({"a"}).array(2, 1, {1}).bytes(), "do not fit");
  check_fails(File().simple({"a"}).array(1, 1, {1, 2}).bytes(), "should end at byte");
  check_fails(File().simple({"a"}).array(UINT64_MAX, 1u << 30, {1}).bytes(), "do not fit");
  check_fails(File().simple({"a"}).array(1, 0, {}).bytes(), "rows of 0 values");
  check_fails(File().simple({"a", "b"}).array(1, 1, {1}).bytes(), "2 words and 0 norms, but 1 rows");
  check_fails(File().simple({"a"}).array(1, 1, {1}).norms({1, 2}).bytes(), "1 words and 2 norms, but 1 rows");
  check_fails(File().fasttext(3, 6, 5, {"a"}).array(3, 2, kValues).bytes(), "1 words and 5 buckets, but 3 rows");
  check_fails(File().fasttext(6, 3, 2, {"a"}).array(3, 2, kValues).bytes(), "n-grams of 6 to 3");
  check_fails(File().fasttext(3, 0xffffffffu, 2, {"a"}).array(3, 2, kValues).bytes(), "n-grams of 3 to 4294967295");
  check_fails(File().chunk(1, raw(uint64_t{1000}) + words_of({"a"})).array(1, 1, {1}).bytes(), "promises 1000 words");
  check_fails(File().chunk(1, raw(UINT64_MAX) + words_of({"a"})).array(1, 1, {1}).bytes(), "promises");
  check_fails(File().chunk(8, raw(uint64_t{0}) + raw(UINT64_MAX) + raw(uint64_t{0})).array(1, 1, {1}).bytes(),
              "n-grams");
  check_fails(File().chunk(1, raw(uint64_t{1}) + raw(100u) + "abc").array(1, 1, {1}).bytes(), "a word of 100 bytes");
  check_fails(File().chunk(1, raw(uint64_t{2}) + words_of({"abcd"})).array(2, 1, {1, 2}).bytes(),
              "ends before its last word");
  check_fails(File().chunk(1, raw(uint64_t{1}) + words_of({"a"}) + "xyz").array(1, 1, {1}).bytes(), "3 bytes follow");
  check_fails(File().chunk(1, raw(uint64_t{1}) + words_of({std::string(65'537, 'x')})).array(1, 1, {1}).bytes(),
              "65537 bytes");
  check_fails(File().simple({"a"}).array(1, 1, {1}).bytes() + raw(6u) + raw(uint64_t{1} << 60),
              "1152921504606846976 bytes");
}

TEST_CASE("finalfusion: chunks that are missing, twice or elsewhere are refused", "[tools]") {
  check_fails(File().simple({"a"}).bytes(), "no chunk with values");
  check_fails(File().array(1, 1, {1}).bytes(), "no chunk with a vocabulary");
  check_fails(File().bytes(), "no chunk with a vocabulary");
  check_fails(File().simple({"a"}).simple({"a"}).array(1, 1, {1}).bytes(), "there can be one");
  check_fails(File().simple({"a"}).array(1, 1, {1}).array(1, 1, {1}).bytes(), "there can be one");
  check_fails(File().simple({"a"}).array(1, 1, {1}).norms({1}).norms({1}, false).bytes(), "there can be one");
  check_fails(File().simple({"a"}).array(1, 1, {1}).chunk(5, "x", false).bytes(), "not where the list");
  File other;
  other.simple({"a"}).array(1, 1, {1});
  other.listed = {2, 1};
  check_fails(other.bytes(), "not where the list");
  other.listed = {1, 2, 6};
  check_fails(other.bytes(), "ends before the chunk NdNorms");
  other.listed = std::vector<uint32_t>(10, 1);
  check_fails(other.bytes(), "promises 10 chunks");
}

TEST_CASE("finalfusion: a file cut anywhere is an error", "[tools]") {
  File plain;
  plain.chunk(5, "a = 1").fasttext(3, 6, 1, {"a", "bc"}).array(3, 2, kValues).norms({1, 2});
  File pq;
  pq.simple({"a", "b"})
      .padded(4, quantized(1, 1, 2, 4, 3, 2),
              floats(std::vector<float>(16, 1)) + floats(kCentroids) + floats({1, 2}) + std::string(4, '\1'));
  for (const std::string& bytes : {plain.bytes(), pq.bytes()}) {
    CHECK(read(bytes).error == "");
    for (size_t length = 0; length < bytes.size(); ++length) {
      CAPTURE(length);
      CHECK(!read(bytes.substr(0, length)).error.empty());
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(value);
        const Vectors vectors = read(changed);
        CHECK(vectors.values.size() <= 12);
      }
    }
    for (const char* behind : {"x", "xxxxxxxxxxxxxxxx"}) CHECK(!read(bytes + behind).error.empty());
  }
}

TEST_CASE("finalfusion: many blocks of rows, with the seam of words inside", "[tools]") {
  const uint32_t dim = 600, words = 1000, rows = 1500;
  std::vector<std::string> names;
  std::vector<float> values, norms, expected;
  for (uint32_t r = 0; r < rows; ++r) {
    if (r < words) names.push_back("w" + std::to_string(r));
    if (r < words) norms.push_back(static_cast<float>(r % 7));
    for (uint32_t c = 0; c < dim; ++c) {
      values.push_back(static_cast<float>((r * 31 + c) % 97));
      expected.push_back(r < words ? values.back() * norms.back() : values.back());
    }
  }
  File file;
  file.fasttext(3, 6, rows - words, names).array(rows, dim, values).norms(norms, false);
  const Vectors vectors = read(file.bytes(), false, true);
  CHECK(vectors.error == "");
  CHECK(vectors.tokens == names);
  CHECK(vectors.values == expected);
}

TEST_CASE("the command reads finalfusion", "[tools]") {
  const TemporaryFolder folder;
  File file;
  file.simple({"a", "New York"}).array(2, 2, {1, 2, 3, 4}).norms({2, 2}, false);
  write_text(folder / "v.fifu", file.bytes());
  const auto made = windrow_command(folder, {"convert", "v.fifu", "t.safetensors", "--restore-norms"});
  INFO(made.err);
  CHECK(made.status == 0);
  CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "New York"}).says("6 8"));
}
