#include "formats/static_embedding.h"

#include <windrow/embed.h>
#include <windrow/lookup.h>
#include <windrow/table.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "formats/tokenizer_json.h"
#include "support/catch.h"
#include "tools/command.h"

using namespace windrow;
using namespace windrow::tools;

namespace {

using Json = nlohmann::ordered_json;

template <class Number>
std::string raw(const std::vector<Number>& numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
}

struct Tensor {
  std::string name, dtype;
  std::vector<uint64_t> shape;
  std::string bytes;
};

// A folder as model2vec writes it, with three rows of two values unless others are given.
void make_model(const std::string& folder, const std::string& tokenizer, std::vector<Tensor> more = {},
                const Tensor& rows = {"embeddings", "F32", {3, 2}, raw<float>({1, 2, 3, 4, 5, 6})}) {
  std::filesystem::create_directories(folder);
  more.insert(more.begin(), rows);
  Json header;
  std::string data;
  for (const Tensor& tensor : more) {
    header[tensor.name] = {{"dtype", tensor.dtype},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  const std::string text = header.dump();
  write_bytes(folder + "/model.safetensors", raw<uint64_t>({text.size()}) + text + data);
  write_bytes(folder + "/tokenizer.json", tokenizer);
}

const std::string kTokenizer = R"({"model":{"type":"WordPiece","vocab":{"a":0,"b":1,"c":2}}})";

Outcome convert(const TemporaryFolder& folder) {
  return windrow_command(folder, {"convert", "m", "t.safetensors"});
}

}  // namespace

TEST_CASE("static embedding: a folder becomes a table with its tokens", "[tools]") {
  for (const std::string name : {"embeddings", "embedding.weight", "0"}) {
    const TemporaryFolder folder;
    const std::string place = name == "embedding.weight" ? "m/0_StaticEmbedding" : "m";
    make_model(folder / place, kTokenizer, {}, {name, "F16", {3, 2}, raw<uint16_t>({0x3C00, 0, 0, 0, 0x4000, 0})});
    const auto outcome = convert(folder);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.says("static-embedding"));
    CHECK(outcome.says("does not say whether vectors of texts are normalised"));
    const auto table = Table::open(folder / "t.safetensors");
    REQUIRE(table);
    CHECK(table->vocabulary().find("c") == 2);
    CHECK(table->vocabulary().tokens_are_rows());
  }
}

TEST_CASE("static embedding: weights and mapping, pooled as model2vec does", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", kTokenizer,
             {{"weights", "F64", {3}, raw<double>({0.5, 2, 3})}, {"mapping", "I64", {3}, raw<int64_t>({2, 0, 0})}});
  write_bytes(folder / "m/config.json", R"({"normalize": true})");
  const auto outcome = convert(folder);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.says("wants vectors of texts normalised"));
  const auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table);
  CHECK(table->vocabulary().find("a") == 2);
  CHECK(table->vocabulary().find("c") == 0);
  // a: 0.5 x (5, 6); b: 2 x (1, 2); c: 3 x (1, 2)
  CHECK(run_shell(folder, "echo a b what c c | $W embed t.safetensors --recipe model2vec").out == "2.625 4.75\n");
  CHECK(windrow_command(folder, {"verify", "t.safetensors"}).status == 0);
  // A copy keeps them.
  REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "u.safetensors"}).status == 0);
  CHECK(run_shell(folder, "echo a b what c c | $W embed u.safetensors --recipe model2vec").out == "2.625 4.75\n");
}

TEST_CASE("static embedding: rows of each type, pooled beside a sum in double", "[tools]") {
  constexpr size_t kRows = 3, kTokens = 3;
  const std::vector<float> values = {0.5f, -1, 2.25f, 3, -4, 0.125f};  // 16 bits hold them
  const auto halves = raw<uint16_t>({0x3800, 0xBC00, 0x4080, 0x4200, 0xC400, 0x3000});
  const std::vector<float> whole = {1, -2, 3, -128, 5, 127};
  const std::vector<double> weights = {0.1, -2, 1e-3};
  const std::vector<size_t> mapping = {2, 0, 2};
  struct Case {
    Tensor rows;
    std::vector<float> values;
    Tensor mapping;
  };
  const Case cases[] = {
      {{"embeddings", "F32", {kRows, 2}, raw(values)}, values, {"mapping", "I64", {kTokens}, raw<int64_t>({2, 0, 2})}},
      {{"embedding.weight", "F16", {kRows, 2}, halves}, values, {"mapping", "I32", {kTokens}, raw<int32_t>({2, 0, 2})}},
      {{"0", "I8", {kRows, 2}, raw<int8_t>({1, -2, 3, -128, 5, 127})}, whole,
       {"mapping", "I32", {kTokens}, raw<int32_t>({2, 0, 2})}},
  };
  for (const Case& test : cases) {
    const TemporaryFolder folder;
    make_model(folder / "m", kTokenizer, {test.mapping, {"weights", "F64", {kTokens}, raw(weights)}}, test.rows);
    const auto outcome = convert(folder);
    CAPTURE(test.rows.dtype, outcome.err);
    REQUIRE(outcome.status == 0);
    std::string text;
    std::vector<double> sum(2);
    constexpr size_t kLength = 41;
    for (size_t i = 0; i < kLength; ++i) {
      const size_t token = i * i % 7 % kTokens;
      text += (i > 0 ? " " : "") + std::string(1, static_cast<char>('a' + token));
      for (size_t c = 0; c < 2; ++c) sum[c] += weights[token] * double{test.values[2 * mapping[token] + c]} / kLength;
    }
    write_bytes(folder / "lines", text + "\n");
    const auto embedded =
        windrow_command(folder, {"embed", "t.safetensors", "lines", "--recipe", "model2vec", "-o", "v.npy"});
    REQUIRE(embedded.status == 0);
    const Matrix matrix = read_matrix(folder / "v.npy");
    REQUIRE(matrix.values.size() == 2);
    for (size_t c = 0; c < 2; ++c) CHECK(std::abs(double{matrix.values[c]} - sum[c]) <= 1e-5 * (1 + std::abs(sum[c])));
  }
}

TEST_CASE("static embedding: weights of each type", "[tools]") {
  const Tensor list[] = {{"weights", "F64", {3}, raw<double>({0.5, 2, 3})},
                         {"weights", "F32", {3}, raw<float>({0.5, 2, 3})},
                         {"weights", "F16", {3}, raw<uint16_t>({0x3800, 0x4000, 0x4200})},
                         {"weights", "BF16", {3}, raw<uint16_t>({0x3F00, 0x4000, 0x4040})}};
  for (const Tensor& weights : list) {
    const TemporaryFolder folder;
    make_model(folder / "m", kTokenizer, {weights});
    const auto outcome = convert(folder);
    CAPTURE(weights.dtype, outcome.err);
    REQUIRE(outcome.status == 0);
    const auto table = Table::open(folder / "t.safetensors");
    REQUIRE(table);
    const Vocabulary& vocabulary = table->vocabulary();
    REQUIRE(vocabulary.has_weights());
    CHECK(std::vector<float>{vocabulary.weight_of(0), vocabulary.weight_of(1), vocabulary.weight_of(2)} ==
          std::vector<float>{0.5f, 2, 3});
  }
}

TEST_CASE("static embedding: of several tensors with rows model2vec's is taken, unless one is named", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", kTokenizer, {{"embedding.weight", "F32", {3, 1}, raw<float>({7, 8, 9})}});
  REQUIRE(convert(folder).status == 0);
  CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "a"}).says("a 1 2"));
  REQUIRE(windrow_command(folder, {"convert", "m", "t.safetensors", "--tensor", "embedding.weight"}).status == 0);
  CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "c"}).says("c 9"));
}

TEST_CASE("static embedding: what does not belong to such a folder is no error of its own", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", kTokenizer);
  for (const std::string config : {"", "{", "[]", "{\"normalize\": 1}", "\xFF"}) {
    CAPTURE(config);
    write_bytes(folder / "m/config.json", config);
    const auto outcome = convert(folder);
    CHECK(outcome.status == 0);
    CHECK(outcome.says("does not say whether"));
  }
  for (const std::string part : {"model.safetensors", "tokenizer.json"}) {
    const std::string path = folder / "m/" + part, whole = read_text(path);
    for (size_t size = 0; size < whole.size(); size += 7) {
      std::filesystem::remove(folder / "t.safetensors");
      write_bytes(path, whole.substr(0, size));
      CAPTURE(part, size);
      CHECK(convert(folder).status == 1);
      CHECK(!std::filesystem::exists(folder / "t.safetensors"));
    }
    write_bytes(path, whole);
  }
}

TEST_CASE("static embedding: int8 rows come without a scale, and a remark", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", kTokenizer, {}, {"embeddings", "I8", {3, 2}, raw<int8_t>({1, 2, 3, 4, -5, 127})});
  const auto outcome = convert(folder);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.says("int8 rows without their scale"));
  CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "c"}).says("-5 127"));
}

TEST_CASE("static embedding: rows of doubles", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", kTokenizer, {}, {"embeddings", "F64", {3, 2}, raw<double>({1, 2, 3, 4, 5, 0.1})});
  const auto outcome = convert(folder);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.says("rounded from float64"));
  const auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table);
  CHECK(table->vocabulary().find("c") == 2);
  std::vector<float> values(6);
  const std::vector<int64_t> ids = {0, 1, 2};
  REQUIRE(gather(*table, std::span<const int64_t>(ids), RowsOut(values, 2)));
  CHECK(values == std::vector<float>{1, 2, 3, 4, 5, 0.1f});
}

TEST_CASE("safetensors: matrices of numbers that no table has", "[tools]") {
  const TemporaryFolder folder;
  const auto convert_of = [&](const std::string& dtype, const std::string& bytes, std::vector<uint64_t> shape = {2, 2}) {
    make_model(folder / "m", "", {}, {"rows", dtype, std::move(shape), bytes});
    return windrow_command(folder, {"convert", "m/model.safetensors", "t.glove", "--vocabulary", "words"});
  };
  write_bytes(folder / "words", "a\nb\n");
  const auto check = [&](const std::string& dtype, const std::string& bytes, const std::string& text) {
    CAPTURE(dtype);
    CHECK(convert_of(dtype, bytes).status == 0);
    CHECK(read_text(folder / "t.glove") == text);
  };
  check("F64", raw<double>({0.5, -2, 1e300, 0.1}), "a 0.5 -2\nb inf 0.1\n");
  check("I64", raw<int64_t>({1, -2, 3, 4}), "a 1 -2\nb 3 4\n");
  check("U64", raw<uint64_t>({1, 2, 3, 4}), "a 1 2\nb 3 4\n");
  check("I32", raw<int32_t>({1, -2, 3, 4}), "a 1 -2\nb 3 4\n");
  check("U32", raw<uint32_t>({1, 2, 3, 4}), "a 1 2\nb 3 4\n");
  check("I16", raw<int16_t>({1, -2, 3, 4}), "a 1 -2\nb 3 4\n");
  check("U16", raw<uint16_t>({1, 2, 3, 65535}), "a 1 2\nb 3 65535\n");
  check("BOOL", raw<uint8_t>({0, 1, 1, 0}), "a 0 1\nb 1 0\n");
  CHECK(convert_of("F64", raw<double>({1, 2}), {2}).status == 1);
  CHECK(convert_of("F64", raw<double>({1, 2}), {1, 1, 2}).status == 1);
  CHECK(convert_of("I32", raw<int32_t>({1, 2}), {1, 1, 2}).status == 1);
  const auto about = windrow_command(folder, {"inspect", "m/model.safetensors"});
  CHECK(about.status == 1);
  CHECK(convert_of("F64", raw<double>({0.5, -2, 1, 0.1})).status == 0);
  CHECK(windrow_command(folder, {"inspect", "m/model.safetensors", "--tensor", "rows"}).says("values as F64"));
}

TEST_CASE("static embedding: more tokens than rows, and fewer", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", R"({"model":{"vocab":{"a":0,"b":1,"c":2,"d":3}}})");
  const auto more = convert(folder);
  CHECK(more.says("1 tokens of tokenizer.json have no row"));
  make_model(folder / "m", R"({"model":{"vocab":{"a":0,"b":1}}})");
  REQUIRE(convert(folder).status == 0);
  const auto table = Table::open(folder / "t.safetensors");
  REQUIRE(table);
  CHECK(table->rows() == 3);
  CHECK(table->vocabulary().size() == 2);
}

TEST_CASE("static embedding: side tensors that do not fit are refused", "[tools]") {
  const auto refused = [](const Tensor& tensor, const std::string& message, std::vector<Tensor> more = {}) {
    const TemporaryFolder folder;
    more.push_back(tensor);
    make_model(folder / "m", kTokenizer, more);
    const auto outcome = convert(folder);
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.says(message));
    CHECK(!std::filesystem::exists(folder / "t.safetensors"));
  };
  refused({"mapping", "I64", {3}, raw<int64_t>({0, 3, 0})}, "token 1 has the row 3, of 3");
  refused({"mapping", "I32", {3}, raw<int32_t>({0, -1, 0})}, "token 1 has the row -1");
  refused({"mapping", "F32", {3}, raw<float>({0, 1, 0})}, "must be a list of I32 or I64");
  refused({"weights", "F32", {3, 1}, raw<float>({0, 1, 0})}, "must be a list of F64");
  refused({"weights", "F32", {2}, raw<float>({0, 1})}, "mapping has 3 entries and weights 2",
          {{"mapping", "I32", {3}, raw<int32_t>({0, 0, 0})}});
}

TEST_CASE("tokenizer.json: objects, lists of pairs, and added tokens", "[tools]") {
  using Tokens = std::vector<std::pair<int64_t, std::string>>;
  const auto object = parse_tokenizer_json(
      R"({"added_tokens":[{"id":1,"content":"[X]","special":true},{"content":"[Y]","id":3,"deep":{"id":9,"content":"no"}}],)"
      R"("model":{"type":"BPE","vocab":{"b":1,"a":0,"c":2},"merges":[["a","b"],["x",7]]}})");
  REQUIRE(object);
  CHECK(object->tokens == Tokens{{0, "a"}, {1, "b"}, {2, "c"}, {3, "[Y]"}});
  const auto pairs = parse_tokenizer_json(
      R"({"model":{"vocab":[["<s>",0.0],["\u2581the",-2.5],["",1]]},"added_tokens":[{"id":0,"content":"<S>"}]})");
  REQUIRE(pairs);
  CHECK(object->replaced == 1);
  CHECK(pairs->replaced == 1);
  CHECK(pairs->tokens == Tokens{{0, "<S>"}, {1, "\u2581the"}, {2, ""}});
  for (const char* text : {"", "[]", "{}", R"({"model":{}})", R"({"model":{"vocab":{"a":0})",
                           R"({"model":{"vocab":{"a":-1}}})", R"({"model":{"vocab":{"a":99999}}})"}) {
    CAPTURE(text);
    CHECK(!parse_tokenizer_json(text));
  }
}

TEST_CASE("static embedding: rows keep their tokens in files that have one for each", "[tools]") {
  const TemporaryFolder folder;
  const Tensor weights = {"weights", "F32", {4}, raw<float>({1, 2, 3, 4})};
  const Tensor mapping = {"mapping", "I64", {4}, raw<int64_t>({1, 0, 1, 1})};
  make_model(folder / "m", R"({"model":{"type":"WordPiece","vocab":{"a":0,"b":1,"c":2,"\u00e9":3}}})",
             {weights, mapping});
  for (const std::string source : {"m", "t.safetensors"}) {
    CAPTURE(source);
    if (source != "m") REQUIRE(convert(folder).status == 0);
    const auto outcome = windrow_command(folder, {"convert", source, "v.txt"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(read_text(folder / "v.txt").ends_with("b 1 2\na 3 4\n2 5 6\n"));
    CHECK(outcome.says("the weights of the tokens were left behind"));
    CHECK(outcome.says("2 tokens were left behind, whose rows have another"));
  }
}

TEST_CASE("static embedding: tokens that occur twice are counted, or an error", "[tools]") {
  const TemporaryFolder folder;
  make_model(folder / "m", R"({"model":{"type":"Unigram","vocab":[["a",0],["b",0],["b",0],["",0]]}})",
             {{"weights", "F32", {4}, raw<float>({1, 2, 3, 4})}},
             {"embeddings", "F32", {4, 1}, raw<float>({1, 2, 3, 4})});
  const auto counted = windrow_command(folder, {"convert", "m", "t.safetensors", "--json"});
  INFO(counted.err);
  REQUIRE(counted.status == 0);
  const Json json = Json::parse(counted.out);
  CHECK(json["duplicates"] == 1);
  CHECK(json["first_duplicate"] == "b");
  CHECK(json["empty_tokens"] == 1);
  CHECK(json["first"]["duplicates"]["row"] == 2);
  const auto refused = windrow_command(folder, {"convert", "m", "u.safetensors", "--drop-duplicates", "error"});
  CHECK(refused.status == 1);
  CHECK(refused.says("row 2: the token 'b' was there before"));
}
