#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

using Json = nlohmann::json;

TEST_CASE("inspect: what a file of word vectors holds, and nothing is written", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.vec", "2 3\nx 1 2 3\n\xff 0 0 0\n");
  const auto outcome = windrow_command(folder, {"inspect", "a.vec"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.says("word2vec-text, values as text"));
  CHECK(outcome.says("2 x 3"));
  CHECK(outcome.says("2 tokens"));
  CHECK(outcome.says("bad UTF-8 tokens  1, first at row 1, byte 12"));
  CHECK(outcome.says("rows of zeros     1, first at row 1, byte 12"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("inspect: the tensors of a safetensors file, also where it is open which is the table", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"create", "t.safetensors", "--rows", "3", "--dim", "2"}).status == 0);
  const auto outcome = windrow_command(folder, {"inspect", "t.safetensors", "--json"});
  REQUIRE(outcome.status == 0);
  const Json json = Json::parse(outcome.out);
  CHECK(json["format"] == "safetensors");
  CHECK(json["rows_read"] == 3);
  CHECK(json["stored_as"] == "f32");
  bool found = false;
  for (const Json& tensor : json["tensors"]) found |= tensor["name"] == "weight" && tensor["shape"] == Json({3, 2});
  CHECK(found);

  const std::string header = R"({"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  write_bytes(folder / "two.safetensors", bytes + header + std::string(8, '\0'));
  const auto two = windrow_command(folder, {"inspect", "two.safetensors"});
  CHECK(two.status == 1);
  CHECK(two.says("tensor            b F32 [1, 1], 4 bytes"));
}

TEST_CASE("inspect: the same errors as a conversion", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.vec", "3 3\nx 1 2 3\n");
  const auto outcome = windrow_command(folder, {"inspect", "a.vec"});
  CHECK(outcome.status == 1);
  CHECK(outcome.says("promises 3 rows of 3 values, but the 8 bytes behind it"));
  CHECK(windrow_command(folder, {"inspect", "a.vec", "--lenient"}).status == 0);
}
