#include <windrow/table_writer.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "format/test_data.h"
#include "support/catch.h"
#include "tools/command.h"

namespace {

using Json = nlohmann::json;

void make_words(const TemporaryFolder& folder) {
  write_bytes(folder / "w.txt", "7 2\nking 10 10\nman 3 0\nwoman 0 5\nqueen -1 9\nkin 1 8\n7 -1 -1\n- 1 -1\n");
  REQUIRE(windrow_command(folder, {"convert", "w.txt", "w.safetensors"}).status == 0);
}

Outcome nearest(const TemporaryFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"nearest", "w.safetensors"});
  return windrow_command(folder, arguments);
}

}  // namespace

TEST_CASE("nearest: words with signs, as the mean of vectors of length 1", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  const auto outcome = nearest(folder, {"king", "-", "man", "+", "woman", "-k", "2", "--json"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  const Json json = Json::parse(outcome.out);
  REQUIRE(json.size() == 2);
  // The terms are no answer. (1/sqrt(2) - 1, 1/sqrt(2) + 1) / 3 beside (-1, 9) and (1, 8).
  const double x = std::sqrt(0.5) - 1, y = std::sqrt(0.5) + 1, length = std::sqrt(x * x + y * y);
  CHECK(json[0]["token"] == "queen");
  CHECK(std::abs(json[0]["score"].get<double>() - (-x + 9 * y) / (length * std::sqrt(82.0))) < 1e-6);
  CHECK(json[1]["token"] == "kin");
}

TEST_CASE("nearest: the sum of vectors as they are, by dot product and distance", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  // (10, 10) - (3, 0) = (7, 10)
  const auto dot = nearest(folder, {"king", "-", "man", "-k", "1", "--metric", "dot"});
  CHECK(dot.out == "87          kin\n");
  const auto l2 = nearest(folder, {"king", "-", "man", "-k", "2", "--metric", "l2"});
  CHECK(l2.says("kin\n"));
  CHECK(l2.out.starts_with("6.324555"));  // sqrt(6^2 + 2^2)
  CHECK(nearest(folder, {"-", "king", "-k", "1", "--metric", "dot"}).out == "20          7\n");
}

TEST_CASE("nearest: tokens that look like numbers and signs", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  CHECK(nearest(folder, {"--token", "7", "--metric", "dot", "-k", "1"}).out == "0           -\n");
  CHECK(nearest(folder, {"--token", "-", "-k", "1"}).says("man"));
  CHECK(nearest(folder, {"6", "-k", "1"}).says("man"));
  CHECK(nearest(folder, {"--id", "6", "-k", "1"}).says("man"));
  CHECK(nearest(folder, {"7", "--tokens-only", "--metric", "dot", "-k", "1"}).out == "0           -\n");
  const auto queries = run_shell(
      folder, "echo 7 | $W nearest w.safetensors --queries - --tokens-only --metric dot -k 1");
  CHECK(queries.out == "7:\n0           -\n");
  CHECK(nearest(folder, {"70"}).says("--token takes a number for a token"));
  CHECK(nearest(folder, {"-king"}).says("'ing' is no whole number from 0 up"));
}

TEST_CASE("nearest: where tokens share a row, it is called by one with the prefix", "[tools]") {
  const TemporaryFolder folder;
  windrow::TableWriterSpec spec{.format = windrow::RowFormat::f32(1)};
  auto writer = windrow::TableWriter::create(folder / "w.safetensors", spec);
  REQUIRE(writer);
  const std::vector<float> values = {1, 2};
  REQUIRE(writer->append(windrow::RowsIn(values, 1)));
  const std::vector<std::string_view> tokens = {"le", "the", "de_der", "de_die"};
  const std::vector<int64_t> rows = {1, 0, 1, 1};
  REQUIRE(writer->add_tokens(tokens, rows));
  REQUIRE(writer->finish());
  CHECK(nearest(folder, {"the", "--metric", "dot"}).out == "2           le\n");
  CHECK(nearest(folder, {"the", "--metric", "dot", "--prefix", "de_"}).out == "2           de_der\n");
}

TEST_CASE("nearest: several queries, each with a heading and its own rows left out", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  write_bytes(folder / "lines", "queen\n\nking - man\n");
  const auto outcome = nearest(folder, {"--queries", "lines", "-k", "1"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.says("queen:\n"));
  CHECK(outcome.says("\n\nking - man:\n"));
  const Json json = Json::parse(nearest(folder, {"--queries", "lines", "-k", "1", "--json"}).out);
  REQUIRE(json.size() == 2);
  CHECK(json[0]["query"] == "queen");
  CHECK(json[0]["neighbors"][0]["token"] == "woman");
  CHECK(run_shell(folder, "echo queen | $W nearest w.safetensors --queries - -k 1").says("woman"));

  const auto unknown = run_shell(folder, "printf 'king\\nwhat\\n' | $W nearest w.safetensors --queries -");
  CHECK(unknown.status == 1);
  CHECK(unknown.says("line 2: the token 'what' is not in the table"));
  const auto sign = run_shell(folder, "printf 'king\\n\\nking - + man\\n' | $W nearest w.safetensors --queries -");
  CHECK(sign.status == 1);
  CHECK(sign.says("standard input, line 3: '+' follows another sign"));
  CHECK(nearest(folder, {"--queries", "nowhere"}).says("nowhere: cannot be opened"));
  write_bytes(folder / "nothing", "\n");
  CHECK(nearest(folder, {"--queries", "nothing"}).out.empty());
  CHECK(nearest(folder, {"--queries", "nothing", "--json"}).out == "[]\n");
}

TEST_CASE("nearest: words of a fastText model by their whole vectors, as the .vec file has them", "[tools]") {
  const TemporaryFolder folder;
  const std::string data = WINDROW_TEST_DATA;
  REQUIRE(windrow_command(folder, {"convert", data + "/fasttext/skipgram.bin", "m.safetensors"}).status == 0);
  REQUIRE(windrow_command(folder, {"convert", data + "/fasttext/skipgram.vec", "v.safetensors"}).status == 0);
  const auto answers = [&](const char* table, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"nearest", table, "--json", "-k", "30"});
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    return Json::parse(outcome.out);
  };
  for (const std::vector<std::string>& request : std::vector<std::vector<std::string>>{
           {"cat"}, {"mat", "-", "cat", "+", "дом"}, {"1"}, {"cat", "--metric", "l2"}, {"cat", "--prefix", "ü"}}) {
    const Json model = answers("m.safetensors", request), words = answers("v.safetensors", request);
    CAPTURE(request[0]);
    REQUIRE(model.size() == words.size());  // rows of n-grams are no answers
    std::map<std::string, double> scores;
    for (const Json& each : words) scores[each["token"].get<std::string>()] = each["score"].get<double>();
    for (const Json& each : model) {
      const auto found = scores.find(each["token"].get<std::string>());
      REQUIRE(found != scores.end());
      CHECK(std::abs(each["score"].get<double>() - found->second) < 1e-4);  // the .vec file has five digits
    }
  }
  // A word that is not in the vocabulary: 17 words are answers, the most similar first.
  const Json unknown = answers("m.safetensors", {"unknown"});
  REQUIRE(unknown.size() == 17);
  CHECK(unknown[0]["score"].get<double>() >= unknown[1]["score"].get<double>());
  const auto refused = windrow_command(folder, {"nearest", "v.safetensors", "unknown"});
  CHECK(refused.says("the token 'unknown' is not in the table"));
}

TEST_CASE("nearest: vectors of a npy file as queries", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  write_array<float>(folder / "q.npy", "<f4", {2, 2}, {1, 0, 0, 1});
  const auto outcome = nearest(folder, {"--vectors", "q.npy", "-k", "1"});
  INFO(outcome.err);
  CHECK(outcome.out == "query 0:\n1           man\n\nquery 1:\n1           woman\n");
  write_array<float>(folder / "wrong.npy", "<f4", {1, 3}, {1, 0, 0});
  CHECK(nearest(folder, {"--vectors", "wrong.npy"}).says("queries of 2 values are wanted"));
}

TEST_CASE("nearest: answers by the beginning of their tokens", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  CHECK(nearest(folder, {"queen", "--prefix", "ki", "-k", "5"}).out.find("woman") == std::string::npos);
  CHECK(nearest(folder, {"queen", "--prefix", "ki", "-k", "1"}).says("kin"));
}

TEST_CASE("nearest: wrong uses", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"king", "-"}, {"king", "+", "-", "man"}, {"king", "--vectors", "q.npy"}, {"king", "--metric", "l3"}}) {
    CHECK(nearest(folder, words).status == 2);
  }
  CHECK(nearest(folder, {"what"}).says("the token 'what' is not in the table"));
  CHECK(nearest(folder, {"--id", "7"}).says("id 7 is not in the table"));
}
