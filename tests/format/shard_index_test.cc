#include "format/shard_index.h"

#include "support/catch.h"

using namespace windrow;

namespace {

std::string refusal(std::string_view text) {
  const auto index = parse_shard_index(text);
  if (index) return "";
  CHECK(index.error().code == ErrorCode::kFormat);
  CHECK(index.error().message.size() < 1000);
  return index.error().message;
}

bool says(const std::string& message, const std::string& part) {
  INFO(message);
  return message.find(part) != std::string::npos;
}

std::string with_file(const std::string& file) {
  return R"({"weight_map":{"a":")" + file + R"("}})";
}

}  // namespace

TEST_CASE("shard_index: tensors come by name, each with its file", "[format]") {
  const auto index = parse_shard_index(
      R"({"metadata":{"total_size":1.5e3},"weight_map":{"b":"two.safetensors","a":"one","c":"two.safetensors"}})");
  REQUIRE(index);
  CHECK(index->files == std::vector<std::string>{"two.safetensors", "one"});
  REQUIRE(index->tensors.size() == 3);
  CHECK((index->tensors[0].tensor == "a" && index->tensors[0].file == 1));
  CHECK((index->tensors[1].tensor == "b" && index->tensors[1].file == 0));
  CHECK((index->tensors[2].tensor == "c" && index->tensors[2].file == 0));
}

TEST_CASE("shard_index: all but weight_map is ignored, whatever it is", "[format]") {
  for (
      const char* text : {
          R"({"weight_map":{}})",
          R"( {"weight_map" : { } } )",
          R"({"x":[{"weight_map":[1]},null,-1,true],"weight_map":{},"metadata":"weight_map"})",
          R"({"metadata":{"weight_map":{"a":1}},"x":{"y":{"a":{"b":[[[[[[[[[[1]]]]]]]]]]}}},"weight_map":{}})",
          R"({"a":1,"a":2,"weight_map":{}})",
      }) {
    const auto index = parse_shard_index(text);
    INFO(text);
    REQUIRE(index);
    CHECK((index->tensors.empty() && index->files.empty()));
  }
  const std::string deep =
      "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + ",\"weight_map\":{}}";
  CHECK(parse_shard_index(deep));
}

TEST_CASE("shard_index: a file is a plain name in the same folder", "[format]") {
  for (const char* file : {"model-00001-of-00002.safetensors", "a b", ".hidden", "\\u00e9", "a.b.c"}) {
    CHECK(refusal(with_file(file)).empty());
  }
  for (const char* file :
       {"", ".", "..", "/etc/passwd", "a/b", "../a", "a..b", "a\\\\b", "a\\u0000b", "\\u002fa", "C:\\\\x"}) {
    INFO(file);
    CHECK(says(refusal(with_file(file)), "no plain file name"));
  }
}

TEST_CASE("shard_index: what is not as it must be is refused, with the reason", "[format]") {
  CHECK(says(refusal(""), "JSON"));
  CHECK(says(refusal("{"), "JSON"));
  CHECK(says(refusal(R"({"weight_map":{}} x)"), "JSON"));
  CHECK(says(refusal("[]"), "an array"));
  CHECK(says(refusal("3"), "a number"));
  CHECK(says(refusal("{}"), "no weight_map"));
  CHECK(says(refusal(R"({"x":{"weight_map":{}}})"), "no weight_map"));
  CHECK(says(refusal(R"({"weight_map":[]})"), "an array, not an object"));
  CHECK(says(refusal(R"({"weight_map":"a"})"), "a string, not an object"));
  CHECK(says(refusal(R"({"weight_map":{},"weight_map":{}})"), "twice"));
  CHECK(says(refusal(R"({"weight_map":{"a":"x","\u0061":"y"}})"), "'a' twice"));
  CHECK(says(refusal(R"({"weight_map":{"a":1}})"), "'a' is a number"));
  CHECK(says(refusal(R"({"weight_map":{"a":null}})"), "'a' is null"));
  CHECK(says(refusal(R"({"weight_map":{"a":{"file":"x","offset":1}}})"), "'a' is an object"));
  CHECK(says(refusal(R"({"weight_map":{"a":["x"]}})"), "'a' is an array"));
  CHECK(says(refusal(std::string("{\"weight_map\":{}}\0{}", 19)), "NUL"));
  CHECK(says(refusal("\xEF\xBB\xBF{\"weight_map\":{}}"), "byte order mark"));
  CHECK(says(refusal("{\"weight_map\":{\"\xff\":\"a\"}}"), "not UTF-8 at byte 16"));
}

TEST_CASE("shard_index: an index of more than 100 MB is refused unread", "[format]") {
  const std::string text(kMaxShardIndexBytes + 1, ' ');
  const auto index = parse_shard_index(text);
  REQUIRE(!index);
  CHECK(index.error().code == ErrorCode::kUnsupported);
}
