#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

namespace {

// Three rows of tokens that are hard to show.
void write_words(const TemporaryFolder& folder) {
  write_bytes(folder / "w.txt", "3 3\nthe 1 -0.5 0.25\n\xE6\x9D\xB1 10 0 2\nb\xFF 0 0 -3.14159\n");
  const auto made = windrow_command(folder, {"convert", "w.txt", "w.safetensors"});
  INFO(made.err);
  REQUIRE(made.status == 0);
}

}  // namespace

TEST_CASE("head: rows, tokens and values are aligned, and what is left out is marked", "[tools]") {
  const TemporaryFolder folder;
  write_words(folder);
  const auto all = windrow_command(folder, {"head", "w.safetensors"});
  CHECK(all.status == 0);
  CHECK(all.out ==
        "w.safetensors: 3 rows x 3, f32\n"
        "  0  the     1.0000 -0.5000  0.2500\n"
        "  1  \xE6\x9D\xB1     10.0000  0.0000  2.0000\n"
        "  2  b\\xFF   0.0000  0.0000 -3.1416\n");
  const auto some = windrow_command(folder, {"head", "w.safetensors", "-n", "2", "--columns", "1"});
  CHECK(some.status == 0);
  CHECK(some.out ==
        "w.safetensors: 3 rows x 3, f32\n"
        "  0  the   1.0000 \u2026\n"
        "  1  \xE6\x9D\xB1   10.0000 \u2026\n"
        "  \u2026 1 more row\n");
  const auto none = windrow_command(folder, {"head", "w.safetensors", "-n", "0"});
  CHECK(none.out == "w.safetensors: 3 rows x 3, f32\n  \u2026 3 more rows\n");
}

TEST_CASE("head: JSON holds exact values of the columns that are asked for", "[tools]") {
  const TemporaryFolder folder;
  write_words(folder);
  const auto outcome = windrow_command(folder, {"head", "w.safetensors", "-n", "1", "--columns", "2", "--json"});
  CHECK(outcome.status == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["rows"] == 3);
  CHECK(json["dim"] == 3);
  CHECK(json["row_format"] == "f32");
  REQUIRE(json["head"].size() == 1);
  CHECK(json["head"][0]["row"] == 0);
  CHECK(json["head"][0]["token"] == "the");
  CHECK(json["head"][0]["values"] == nlohmann::json({1.0, -0.5}));
}

TEST_CASE("head: any table that opens, whatever its values", "[tools]") {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  write_array<float>(folder / "odd.npy", "<f4", {2, 2}, {infinity, std::nanf(""), 1e-6f, 0});
  const auto odd = windrow_command(folder, {"head", "odd.npy"});
  CHECK(odd.out ==
        "odd.npy: 2 rows x 2, f32\n"
        "  0        inf       nan\n"
        "  1  1.000e-06 0.000e+00\n");
  const auto json = nlohmann::json::parse(windrow_command(folder, {"head", "odd.npy", "--json"}).out);
  CHECK(json["head"][0]["values"][0].is_null());
  CHECK(!json["head"][0].contains("token"));
  write_array<float>(folder / "none.npy", "<f4", {0, 2}, {});
  CHECK(windrow_command(folder, {"head", "none.npy"}).out == "none.npy: 0 rows x 2, f32\n");
  // More rows than are read at a time.
  write_array<float>(folder / "wide.npy", "<f4", {3, 1 << 18}, std::vector<float>(3 << 18, 2));
  const auto wide = windrow_command(folder, {"head", "wide.npy", "--columns", "1"});
  CHECK(wide.out == "wide.npy: 3 rows x 262144, f32\n  0  2.0000 \u2026\n  1  2.0000 \u2026\n  2  2.0000 \u2026\n");
  const auto typed = windrow_command(folder, {"create", "i.safetensors", "--rows", "40", "--dim", "70", "--init",
                                              "constant:0.5", "--row-format", "int8"});
  REQUIRE(typed.status == 0);
  CHECK(windrow_command(folder, {"head", "i.safetensors"}).says("int8\n  0  0.5000 0.5000"));
}
