#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

namespace {

// Tables "a" and, a step later, "b"; a delta from one to the other, with state.
void make_delta(const TemporaryFolder& folder) {
  REQUIRE(windrow_command(folder, {"create", "a", "--rows", "50", "--dim", "3", "--optimizer", "adagrad"}).status == 0);
  REQUIRE(windrow_command(folder, {"publish", "a", "b"}).status == 0);
  write_array<int64_t>(folder / "ids.npy", "<i8", {2}, {7, 11});
  write_array<float>(folder / "grad.npy", "<f4", {2, 3}, {1, 2, 3, 4, 5, 6});
  REQUIRE(windrow_command(folder, {"step", "b", "--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "adagrad",
                                   "--lr", "0.1"})
              .status == 0);
  const auto made = windrow_command(folder, {"delta", "a", "b", "--with-state", "-o", "d"});
  CHECK(made.out == "d: 2 rows, 20.0 KiB\n");
  REQUIRE(made.status == 0);
}

}  // namespace

TEST_CASE("windrow delta, apply: a copy follows", "[tools]") {
  const TemporaryFolder folder;
  make_delta(folder);
  const auto applied = windrow_command(folder, {"apply", "a", "d"});
  CHECK(applied.status == 0);
  CHECK(applied.out == "a: 2 rows written\n");
  CHECK(windrow_command(folder, {"diff", "a", "b"}).status == 0);
  const auto again = windrow_command(folder, {"apply", "a", "d"});
  CHECK(again.status == 0);
  CHECK(again.out == "a: d was applied before, no row was written\n");
  CHECK(windrow_command(folder, {"verify", "a"}).status == 0);
}

TEST_CASE("windrow apply -o leaves the table", "[tools]") {
  const TemporaryFolder folder;
  make_delta(folder);
  const std::string before = read_text(folder / "a");
  const auto applied = windrow_command(folder, {"apply", "a", "d", "-o", "served"});
  CHECK(applied.status == 0);
  CHECK(applied.out == "served: 2 rows written\n");
  CHECK(read_text(folder / "a") == before);
  CHECK(windrow_command(folder, {"diff", "served", "b"}).status == 0);
  CHECK(windrow_command(folder, {"apply", "a", "d", "-o", "d"}).status == 1);
}

TEST_CASE("windrow delta FILE says what it is", "[tools]") {
  const TemporaryFolder folder;
  make_delta(folder);
  const auto told = windrow_command(folder, {"delta", "d"});
  CHECK(told.status == 0);
  CHECK(told.out.find("2 of 50, dim 3, with their state\n") != std::string::npos);
  const auto json = nlohmann::json::parse(windrow_command(folder, {"delta", "d", "--json"}).out);
  CHECK((json["rows"] == 2 && json["with_state"] == true && json["with_tokens"] == false));
  CHECK(json["target"]["step_count"] == 1);
  const auto info = nlohmann::json::parse(windrow_command(folder, {"info", "b", "--json"}).out);
  CHECK(info["content"] == json["target"]["content"]);
}

TEST_CASE("windrow delta merge", "[tools]") {
  const TemporaryFolder folder;
  make_delta(folder);
  REQUIRE(windrow_command(folder, {"publish", "b", "c"}).status == 0);
  REQUIRE(windrow_command(folder, {"step", "c", "--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "adagrad",
                                   "--lr", "0.5"})
              .status == 0);
  REQUIRE(windrow_command(folder, {"delta", "b", "c", "--with-state", "-o", "e"}).status == 0);
  const auto merged = windrow_command(folder, {"delta", "merge", "d", "e", "-o", "m"});
  CHECK(merged.status == 0);
  CHECK(merged.out == "m: 2 rows, 20.0 KiB\n");
  CHECK(windrow_command(folder, {"apply", "a", "m"}).status == 0);
  CHECK(windrow_command(folder, {"diff", "a", "c"}).status == 0);
  const auto wrong = windrow_command(folder, {"delta", "merge", "e", "d", "-o", "n"});
  CHECK(wrong.status == 1);
  CHECK(wrong.says("give the deltas in order"));
  CHECK(!std::filesystem::exists(folder / "n"));
}
