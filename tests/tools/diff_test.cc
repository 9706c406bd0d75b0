#include <windrow/table_writer.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "support/catch.h"
#include "tools/command.h"

namespace {

using Json = nlohmann::json;

void make(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  write_bytes(folder / "source.txt", text);
  const auto made = windrow_command(folder, {"convert", "source.txt", name});
  INFO(made.err);
  REQUIRE(made.status == 0);
}

Json json_of(const TemporaryFolder& folder, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "diff");
  arguments.push_back("--json");
  const auto outcome = windrow_command(folder, arguments);
  INFO(outcome.err);
  REQUIRE(outcome.err.empty());
  const Json json = Json::parse(outcome.out);
  CHECK(outcome.status == (json["same"] == true ? 0 : 1));
  return json;
}

}  // namespace

TEST_CASE("diff: equal tables are status 0", "[tools]") {
  const TemporaryFolder folder;
  make(folder, "a.safetensors", "2 2\nthe 1 2\nof 3 4\n");
  make(folder, "b.safetensors", "2 2\nthe 1 2\nof 3 4\n");
  const auto outcome = windrow_command(folder, {"diff", "a.safetensors", "b.safetensors"});
  CHECK(outcome.status == 0);
  CHECK(outcome.out ==
        "A a.safetensors: 2 x 2, f32\n"
        "B b.safetensors: 2 x 2, f32\n"
        "  rows that differ    0 of 2 compared by row\n"
        "  the same\n");
  CHECK(windrow_command(folder, {"diff", "a.safetensors", "a.safetensors", "--by-token"}).status == 0);
}

TEST_CASE("diff: what differs is counted, and the first and the largest are named", "[tools]") {
  const TemporaryFolder folder;
  make(folder, "a.safetensors", "3 2\nthe 1 2\nof 3 4\nto 5 6\n");
  make(folder, "b.safetensors", "3 2\nthe 1 2\nof 3 4.5\nto 4.75 4\n");
  const auto text = windrow_command(folder, {"diff", "a.safetensors", "b.safetensors"});
  CHECK(text.status == 1);
  CHECK(text.err.empty());
  CHECK(text.out ==
        "A a.safetensors: 3 x 2, f32\n"
        "B b.safetensors: 3 x 2, f32\n"
        "  rows that differ    2 of 3 compared by row\n"
        "    row 1 'of': by up to 0.5\n"
        "    row 2 'to': by up to 2\n"
        "  largest difference  2 in row 2, column 1\n"
        "  RMS difference      0.8478\n");  // sqrt((0.25 + 0.0625 + 4) / 6)
  const Json json = json_of(folder, {"a.safetensors", "b.safetensors", "--tolerance", "0.5"});
  CHECK(json["same"] == false);
  const Json& values = json["values"];
  CHECK(values["changed_rows"] == 1);
  CHECK(values["max_abs_difference"] == 2);
  CHECK(values["max_row_a"] == 2);
  CHECK(values["max_column"] == 1);
  CHECK(std::abs(values["rms_difference"].get<double>() - std::sqrt(4.3125 / 6)) < 1e-12);
  CHECK(json_of(folder, {"a.safetensors", "b.safetensors", "--tolerance", "2"})["same"] == true);
}

TEST_CASE("diff: only the first ten rows are named", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "a.npy", "<f4", {30, 2}, std::vector<float>(60, 1));
  write_array<float>(folder / "b.npy", "<f4", {30, 2}, std::vector<float>(60, 2));
  const Json json = json_of(folder, {"a.npy", "b.npy"});
  CHECK(json["values"]["changed_rows"] == 30);
  CHECK(json["values"]["first_changed_rows"].size() == 10);
  CHECK(windrow_command(folder, {"diff", "a.npy", "b.npy"}).says("    ...\n"));
}

TEST_CASE("diff: a NaN equals a NaN of the same bits, and nothing else", "[tools]") {
  const TemporaryFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  write_array<float>(folder / "a.npy", "<f4", {3, 2}, {nan, 1, infinity, 2, 0.0f, 3});
  write_array<float>(folder / "b.npy", "<f4", {3, 2}, {nan, 1, 1, 2.5, -0.0f, 3});
  write_array<float>(folder / "c.npy", "<f4", {3, 2}, {-nan, 1, infinity, 2, 0.0f, 3});
  CHECK(json_of(folder, {"a.npy", "a.npy"})["same"] == true);
  const Json json = json_of(folder, {"a.npy", "b.npy", "--tolerance", "1"});
  CHECK(json["same"] == false);
  CHECK(json["values"]["changed_rows"] == 1);  // zeros of both signs are equal
  CHECK(json["values"]["not_finite_values"] == 1);
  CHECK(json["values"]["max_abs_difference"] == 0.5);
  CHECK(json["values"]["first_changed_rows"][0]["not_finite"] == true);
  const auto text = windrow_command(folder, {"diff", "a.npy", "c.npy"});
  CHECK(text.status == 1);
  CHECK(text.says("    row 0: NaN or infinity, not the same in both\n"));
  CHECK(text.says("  NaN or infinity     1 values"));
}

TEST_CASE("diff: tables of different shapes are compared as far as both go", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "a.npy", "<f4", {3, 2}, {1, 2, 3, 4, 5, 6});
  write_array<float>(folder / "b.npy", "<f4", {2, 3}, {1, 2, 9, 3, 4, 9});
  write_array<float>(folder / "none.npy", "<f4", {0, 2}, {});
  const Json json = json_of(folder, {"a.npy", "b.npy"});
  CHECK(json["same"] == false);
  CHECK(json["same_shape"] == false);
  CHECK(json["values"]["compared_rows"] == 2);
  CHECK(json["values"]["compared_columns"] == 2);
  CHECK(json["values"]["changed_rows"] == 0);
  CHECK(windrow_command(folder, {"diff", "a.npy", "b.npy"}).says("shapes differ       2 rows and 2 columns"));
  CHECK(json_of(folder, {"a.npy", "none.npy"})["values"]["compared_rows"] == 0);
  CHECK(json_of(folder, {"none.npy", "none.npy"})["same"] == true);
}

TEST_CASE("diff: tokens that are gone, new or elsewhere, and rows by their tokens", "[tools]") {
  const TemporaryFolder folder;
  make(folder, "a.safetensors", "4 1\nthe 1\nof 2\nto 3\nred 4\n");
  make(folder, "b.safetensors", "4 1\nthe 1\nto 3\nof 2.5\nblue 4\n");
  const Json json = json_of(folder, {"a.safetensors", "b.safetensors", "--by-token"});
  CHECK(json["compared_by"] == "token");
  CHECK(json["values"]["compared_rows"] == 3);
  CHECK(json["values"]["changed_rows"] == 1);
  const Json& row = json["values"]["first_changed_rows"][0];
  CHECK(row["token"] == "of");
  CHECK(row["row_a"] == 1);
  CHECK(row["row_b"] == 2);
  const Json& tokens = json["tokens"];
  CHECK(tokens["first_only_a"] == Json({"red"}));
  CHECK(tokens["first_only_b"] == Json({"blue"}));
  CHECK(tokens["moved"] == 2);
  CHECK(tokens["first_moved"][0] == Json({{"token", "of"}, {"row_a", 1}, {"row_b", 2}}));
  const auto text = windrow_command(folder, {"diff", "a.safetensors", "b.safetensors", "--by-token"});
  CHECK(text.says("    rows 1 and 2 'of': by up to 0.5\n"));
  CHECK(text.says("    only in A         1: 'red'\n"));
  CHECK(text.says("    only in B         1: 'blue'\n"));
  CHECK(text.says("    in another row    2: 'of' 1 to 2, 'to' 2 to 1\n"));
  // The same rows under other tokens: a difference, unless only rows are asked for.
  make(folder, "c.safetensors", "4 1\nthe 1\nof 2\nto 3\npink 4\n");
  CHECK(json_of(folder, {"a.safetensors", "c.safetensors"})["same"] == false);
  CHECK(json_of(folder, {"a.safetensors", "c.safetensors", "--rows-only"})["same"] == true);
}

TEST_CASE("diff: by token, tables with other tokens are not the same, whatever their common rows are", "[tools]") {
  const TemporaryFolder folder;
  make(folder, "a.safetensors", "2 1\nthe 1\nof 2\n");
  make(folder, "b.safetensors", "2 1\nthe 1\nto 9\n");
  make(folder, "c.safetensors", "2 1\nred 1\nblue 2\n");
  CHECK(json_of(folder, {"a.safetensors", "b.safetensors", "--by-token", "--rows-only"})["same"] == false);
  CHECK(json_of(folder, {"a.safetensors", "c.safetensors", "--by-token", "--rows-only"})["same"] == false);
  make(folder, "d.safetensors", "2 1\nof 2\nthe 1\n");
  CHECK(json_of(folder, {"a.safetensors", "d.safetensors", "--by-token", "--rows-only"})["same"] == true);
}

TEST_CASE("diff: a token that occurs twice is no difference to itself", "[tools]") {
  const TemporaryFolder folder;
  for (const char* name : {"a.safetensors", "b.safetensors"}) {
    write_bytes(folder / "source.txt", "3 1\nthe 1\nof 2\nthe 3\n");
    REQUIRE(windrow_command(folder, {"convert", "source.txt", name, "--drop-duplicates", "keep-all"}).status == 0);
  }
  CHECK(json_of(folder, {"a.safetensors", "b.safetensors"})["same"] == true);
  make(folder, "c.safetensors", "3 1\nthe 1\nof 2\nto 3\n");
  const Json json = json_of(folder, {"a.safetensors", "c.safetensors"});
  CHECK(json["tokens"]["moved"] == 1);
  CHECK(json["tokens"]["only_b"] == 1);
}

TEST_CASE("diff: pruned n-grams of other buckets are different", "[tools]") {
  const TemporaryFolder folder;
  for (const int64_t bucket : {3, 4}) {
    windrow::TableWriterSpec spec{.format = windrow::RowFormat::f32(1)};
    spec.subwords = windrow::Subwords{.min_n = 2, .max_n = 3, .buckets = 9, .kept = 2};
    spec.kept_buckets = {1, bucket};
    auto writer = windrow::TableWriter::create(folder / (std::to_string(bucket) + ".safetensors"), spec);
    REQUIRE(writer);
    const std::vector<float> rows = {1, 2};
    REQUIRE(writer->append(windrow::RowsIn(rows, 1)));
    REQUIRE(writer->finish());
  }
  CHECK(json_of(folder, {"3.safetensors", "3.safetensors"})["same_subwords"] == true);
  CHECK(json_of(folder, {"3.safetensors", "4.safetensors"})["same_subwords"] == false);
}

TEST_CASE("diff: many rows, many tokens, in blocks", "[tools]") {
  const TemporaryFolder folder;
  std::string a = "20000 64\n", b = a;
  for (int r = 0; r < 20000; ++r) {
    const std::string line = "w" + std::to_string(r) + " " + std::to_string(r);
    const std::string rest = [] {
      std::string zeros;
      for (int c = 0; c < 63; ++c) zeros += " 0";
      return zeros + "\n";
    }();
    a += line + rest;
    b += (r == 19999 ? "w" + std::to_string(r) + " 19998.5" : line) + rest;
  }
  make(folder, "a.safetensors", a);
  make(folder, "b.safetensors", b);
  for (const bool by_token : {false, true}) {
    std::vector<std::string> arguments = {"a.safetensors", "b.safetensors"};
    if (by_token) arguments.push_back("--by-token");
    const Json json = json_of(folder, arguments);
    CHECK(json["values"]["compared_rows"] == 20000);
    CHECK(json["values"]["changed_rows"] == 1);
    CHECK(json["values"]["max_row_a"] == 19999);
    CHECK(json["values"]["max_abs_difference"] == 0.5);
    CHECK(json["tokens"]["same"] == true);
  }
}

TEST_CASE("diff: optimiser, steps and state of two Windrow tables", "[tools]") {
  const TemporaryFolder folder;
  for (const char* name : {"a.safetensors", "b.safetensors"}) {
    REQUIRE(windrow_command(folder, {"create", name, "--rows", "6", "--dim", "2", "--init", "zeros", "--optimizer",
                                     "adagrad"})
                .status == 0);
  }
  CHECK(json_of(folder, {"a.safetensors", "b.safetensors"})["state"]["same"] == true);
  write_array<int64_t>(folder / "ids.npy", "<i8", {2, 1}, {1, 4});
  write_array<float>(folder / "grad.npy", "<f4", {2, 2}, {1, 2, 3, 4});
  const auto step = windrow_command(folder, {"step", "b.safetensors", "--ids", "ids.npy", "--grad", "grad.npy",
                                             "--optimizer", "adagrad", "--lr", "0.1"});
  INFO(step.err);
  REQUIRE(step.status == 0);
  const Json json = json_of(folder, {"a.safetensors", "b.safetensors"});
  CHECK(json["values"]["changed_rows"] == 2);
  CHECK(json["state"]["step_count_a"] == 0);
  CHECK(json["state"]["step_count_b"] == 1);
  REQUIRE(json["state"]["tensors"].size() == 1);
  CHECK(json["state"]["tensors"][0]["changed_rows"] == 2);
  const auto text = windrow_command(folder, {"diff", "a.safetensors", "b.safetensors"});
  CHECK(text.says("  steps               0 in A, 1 in B\n"));
  CHECK(text.says(": 2 of 6 rows differ\n"));
  REQUIRE(windrow_command(folder, {"strip", "b.safetensors", "s.safetensors"}).status == 0);
  CHECK(windrow_command(folder, {"diff", "b.safetensors", "s.safetensors"}).says("only in A"));
  CHECK(json_of(folder, {"b.safetensors", "s.safetensors"})["same"] == false);
  CHECK(json_of(folder, {"b.safetensors", "s.safetensors", "--rows-only"})["same"] == true);
}

TEST_CASE("diff: row formats are reported, values decide; options of reading are for the file that needs them",
          "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"create", "a.safetensors", "--rows", "50", "--dim", "8"}).status == 0);
  REQUIRE(windrow_command(folder, {"convert", "a.safetensors", "b.safetensors", "--row-format", "int8"}).status == 0);
  const Json json = json_of(folder, {"a.safetensors", "b.safetensors", "--tolerance", "0.01"});
  CHECK(json["same"] == true);
  CHECK(json["a"]["row_format"] == "f32");
  CHECK(json["b"]["row_format"] == "int8");
  CHECK(json["values"]["max_abs_difference"].get<double>() > 0);
  write_array<uint8_t>(folder / "bytes.npy", "|u1", {4, 16}, std::vector<uint8_t>(64, 0));
  REQUIRE(windrow_command(folder, {"convert", "bytes.npy", "c.safetensors", "--stored-as", "int8"}).status == 0);
  CHECK(json_of(folder, {"bytes.npy", "c.safetensors", "--stored-as", "int8"})["values"]["changed_rows"] == 0);
}

TEST_CASE("diff: trouble is status 1 with a message, wrong usage status 2", "[tools]") {
  const TemporaryFolder folder;
  make(folder, "a.safetensors", "1 1\nthe 1\n");
  write_array<float>(folder / "b.npy", "<f4", {1, 1}, {1});
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"diff", "a.safetensors", "missing"}, {"diff", "missing", "a.safetensors"},
        {"diff", "a.safetensors", "b.npy", "--by-token"}}) {
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  }
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"diff", "a.safetensors"}, {"diff", "a.safetensors", "b.npy", "--tolerance", "-1"},
        {"diff", "a.safetensors", "b.npy", "--tolerance", "nan"}}) {
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
  }
  const auto one_sided = windrow_command(folder, {"diff", "a.safetensors", "b.npy"});
  CHECK(one_sided.status == 1);
  CHECK(one_sided.says("  tokens              1 in A, 0 in B\n"));
}
