#include <windrow/table.h>

#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/safetensors.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

Result<Table> table_with(const std::string& path, const std::vector<std::string>& tokens) {
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return Table::create(path, {.rows = static_cast<int64_t>(tokens.size()), .format = RowFormat::f32(1), .tokens = views});
}

}  // namespace

TEST_CASE("vocabulary: tokens are any bytes, found and given back as they were", "[table]") {
  const TemporaryFolder folder;
  const std::vector<std::string> tokens = {"the", "", "two words", std::string("nul\0inside", 10), "\xff\xfe", "日本",
                                           std::string(70'000, 'x')};
  const auto table = table_with(folder / "t", tokens);
  REQUIRE(table);
  const Vocabulary& vocabulary = table->vocabulary();
  CHECK(vocabulary.size() == 7);
  for (size_t t = 0; t < tokens.size(); ++t) {
    CHECK(vocabulary.find(tokens[t]) == static_cast<int64_t>(t));
    CHECK(vocabulary.token(static_cast<int64_t>(t)) == tokens[t]);
  }
  CHECK(!vocabulary.find("The"));
  CHECK(vocabulary.token(-1).empty());
  CHECK(vocabulary.token(7).empty());
}

TEST_CASE("vocabulary: of equal tokens the first is found, and each row keeps its own", "[table]") {
  const TemporaryFolder folder;
  const auto table = table_with(folder / "t", {"a", "b", "a", "a"});
  REQUIRE(table);
  CHECK(table->vocabulary().find("a") == 0);
  CHECK(table->vocabulary().token(3) == "a");
}

TEST_CASE("vocabulary: many tokens are all found", "[table]") {
  const TemporaryFolder folder;
  std::vector<std::string> tokens;
  for (int t = 0; t < 50'000; ++t) tokens.push_back("token " + std::to_string(t * 7919));
  const auto table = table_with(folder / "t", tokens);
  REQUIRE(table);
  bool all = true;
  for (size_t t = 0; t < tokens.size(); ++t) {
    all = all && table->vocabulary().find(tokens[t]) == static_cast<int64_t>(t);
    all = all && !table->vocabulary().find(tokens[t] + "x");
  }
  CHECK(all);
}

TEST_CASE("vocabulary: damaged bytes give nothing, and never a read out of bounds", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(table_with(folder / "t", {"one", "two", "three"}));
  const auto good = read_all(folder / "t");
  const auto header = safetensors::parse(std::span(good).first(4096), good.size());
  REQUIRE(header);
  for (const char* name : {"vocab.offsets", "vocab.index"}) {
    const auto* tensor = header->find(name);
    REQUIRE(tensor);
    for (const uint64_t value : {uint64_t{0}, uint64_t{1} << 39, ~uint64_t{0}, uint64_t{1} << 63}) {
      auto bytes = good;
      for (uint64_t at = tensor->begin; at + 8 <= tensor->end; at += 8) store(&bytes[at], value);
      write_all(folder / "bad", bytes);
      const auto table = Table::open(folder / "bad");
      REQUIRE(table);
      for (const char* token : {"one", "two", "three", "four", ""}) (void)table->vocabulary().find(token);
      for (int64_t r = 0; r < 3; ++r) CHECK(table->vocabulary().token(r).size() <= good.size());
    }
  }
}
