#include <windrow/trainer.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/safetensors_file.h"
#include "tools/command.h"

// What readers and `convert` open beside Windrow's own tables: checkpoints, scales apart, bytes that need a name,
// several files.

namespace {

using Words = std::vector<std::string>;

Outcome run(const TemporaryFolder& folder, Words words, const Words& more = {}) {
  words.insert(words.end(), more.begin(), more.end());
  return windrow_command(folder, words);
}

Outcome succeed(const TemporaryFolder& folder, const Words& words, const Words& more = {}) {
  auto outcome = run(folder, words, more);
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return outcome;
}

// e4m3 codes 0x38 to 0x3f are 1, 1.125, ... 1.875.
std::vector<uint8_t> e4m3_rows(size_t count, uint8_t from) {
  std::vector<uint8_t> codes(count);
  for (size_t i = 0; i < count; ++i) codes[i] = static_cast<uint8_t>(0x38 + (i + from) % 8);
  return codes;
}

// A folder `ckpt` with an index and two files: shards.0 and shards.1 of 2 x 4 and 1 x 4 rows, whose scales are apart,
// 2 for each row; three rows in all.
void write_checkpoint(const TemporaryFolder& folder) {
  std::filesystem::create_directory(folder / "ckpt");
  write_safetensors_file(folder / "ckpt/a.safetensors",
                         {{"shards.0.weight", "F8_E4M3", {2, 4}, e4m3_rows(8, 0)},
                          f32_tensor("shards.0.weight_scale", {2, 2}, {1, 2, 4, 8})});
  write_safetensors_file(folder / "ckpt/b.safetensors",
                         {{"shards.1.weight", "F8_E4M3", {1, 4}, e4m3_rows(4, 3)},
                          f32_tensor("shards.1.weight_scale", {1, 2}, {0.5, 16})});
  write_bytes(folder / "ckpt/model.safetensors.index.json",
              R"({"metadata":{},"weight_map":{"shards.0.weight":"a.safetensors",)"
              R"("shards.0.weight_scale":"a.safetensors","shards.1.weight":"b.safetensors",)"
              R"("shards.1.weight_scale":"b.safetensors"}})");
}

const std::vector<float> kCheckpointRows = {1, 1.125, 2.5, 2.75, 6, 6.5, 14, 15, 0.6875, 0.75, 26, 28};

}  // namespace

TEST_CASE("convert: fp8 shards with scales apart become one file with scales in the rows", "[tools]") {
  const TemporaryFolder folder;
  write_checkpoint(folder);
  const Words pattern = {"--tensor", "shards.*.weight", "--scale-columns", "2"};
  for (const std::string source : {"ckpt", "ckpt/model.safetensors.index.json"}) {
    CAPTURE(source);
    const auto outcome = succeed(
        folder,
        {"convert", source, "fused.safetensors", "--row-format", "fp8_e4m3", "--scale", "block:2", "--json"},
        pattern);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["source_row_format"] == "fp8_e4m3");
    CHECK(json["row_format"] == "fp8_e4m3");
    CHECK(json["rows_written"] == 3);
    // The new scales are not those of the source, and keep every value to half a step of e4m3.
    succeed(folder, {"convert", "fused.safetensors", "fused.npy"});
    const auto fused = read_matrix(folder / "fused.npy").values;
    REQUIRE(fused.size() == kCheckpointRows.size());
    for (size_t i = 0; i < fused.size(); ++i) {
      CAPTURE(i);
      CHECK(std::abs(fused[i] - kCheckpointRows[i]) <= kCheckpointRows[i] / 15);
    }
  }
  succeed(folder, {"convert", "ckpt", "plain.npy"}, pattern);
  CHECK(read_matrix(folder / "plain.npy").values == kCheckpointRows);
  const auto into = run(folder, {"convert", "ckpt", "ckpt/a.safetensors"}, pattern);
  CHECK(into.status == 1);
  CHECK(into.says("same file"));
  const auto wide =
      run(folder, {"convert", "ckpt", "x.safetensors", "--row-format", "fp8_e4m3", "--scale", "block:9"},
          pattern);
  CHECK(wide.status == 1);
  CHECK(wide.says("ckpt: --scale block:9: a row has 4 columns only"));
}

TEST_CASE("convert: values that the target's rows can hold come through scales apart unchanged", "[tools]") {
  const TemporaryFolder folder;
  // The largest value of each block is 448 times a power of two, so that the same scales are found again.
  std::vector<uint8_t> codes = e4m3_rows(8, 0);
  codes[0] = codes[4] = 0x7e;
  write_safetensors_file(folder / "w.safetensors",
                         {{"w", "F8_E4M3", {2, 4}, codes}, f32_tensor("w_scale", {2, 1}, {0.25, 2})});
  succeed(folder, {"convert", "w.safetensors", "before.npy"});
  succeed(folder, {"convert", "w.safetensors", "fused.safetensors", "--row-format", "fp8_e4m3"});
  succeed(folder, {"convert", "fused.safetensors", "after.npy"});
  CHECK(read_text(folder / "after.npy") == read_text(folder / "before.npy"));
  CHECK(read_matrix(folder / "after.npy").values[4] == 896);
}

TEST_CASE("convert and lookup: bytes are what --stored-as says", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "2 4\na 0 1 2 3\nb 10 20 30 40\n");
  succeed(folder, {"convert", "t.txt", "int8.safetensors", "--row-format", "int8"});
  const std::string expected = succeed(folder, {"lookup", "int8.safetensors", "0", "1"}).out;
  const auto table = windrow::Table::open(folder / "int8.safetensors");
  REQUIRE(table);
  const auto* bytes = reinterpret_cast<const uint8_t*>(table->data());
  const std::vector<uint8_t> rows(bytes, bytes + 24);
  write_safetensors_file(folder / "u8.safetensors", {{"w", "U8", {2, 12}, rows}});
  write_npy_file(folder / "u8.npy", "|u1", {2, 12}, rows);
  for (const std::string source : {"u8.safetensors", "u8.npy"}) {
    CAPTURE(source);
    CHECK(run(folder, {"lookup", source, "0"}).status == 1);
    const auto as_numbers = run(folder, {"convert", source, "x.safetensors"});
    CHECK(as_numbers.status == (source == "u8.npy" ? 0 : 1));
    CHECK(as_numbers.says(source == "u8.npy" ? "--stored-as says of which" : "row_format"));
    CHECK(succeed(folder, {"lookup", source, "0", "1", "--stored-as", "int8"}).out == expected);
    succeed(folder, {"convert", source, "back.safetensors", "--stored-as", "int8"});
    CHECK(succeed(folder, {"lookup", "back.safetensors", "0", "1"}).out == expected);
  }
  const auto odd = succeed(folder, {"info", "u8.npy", "--stored-as", "int8", "--stored-dim", "3", "--json"});
  CHECK(nlohmann::json::parse(odd.out)["dim"] == 3);
  CHECK(run(folder, {"lookup", "u8.npy", "0", "--row-format", "int8"}).status == 2);
  CHECK(run(folder, {"convert", "t.txt", "x.npy", "--stored-as", "int8"}).status == 2);
}

TEST_CASE("convert: quantised to quantised keeps the tokens, and says what changed", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "2 4\na 0 1 2 3\nb 0 20 40 60\n");
  const auto first = succeed(folder, {"convert", "t.txt", "int8.safetensors", "--row-format", "int8"});
  CHECK(first.says("row format        int8; 12 bytes a row"));
  const auto second =
      succeed(folder, {"convert", "int8.safetensors", "int4.safetensors", "--row-format", "int4"});
  CHECK(second.says("row format        int4; 6 bytes a row; the source's is int8"));
  CHECK(succeed(folder, {"lookup", "int4.safetensors", "--token", "b"}).out.rfind("b 0 20 40 60", 0) == 0);
  const auto widened = succeed(folder, {"convert", "int4.safetensors", "f32.safetensors"});
  CHECK(widened.says("row format        f32; 16 bytes a row; the source's is int4"));
  CHECK(succeed(folder, {"lookup", "f32.safetensors", "--token", "b"}).out.rfind("b 0 20 40 60", 0) == 0);
  for (const std::string scale : {"row", "block:2", "none"}) {
    succeed(folder, {"convert", "t.txt", "i8.safetensors", "--row-format", "i8", "--scale", scale});
    succeed(folder, {"convert", "i8.safetensors", "i8.npy"});
    const auto values = read_matrix(folder / "i8.npy").values;
    CHECK(values[4] == 0);
    CHECK(std::abs(values[5] - 20) <= 60.0f / 126);
  }
}

TEST_CASE("convert: state, steps and metadata that are left behind are named", "[tools]") {
  const TemporaryFolder folder;
  succeed(folder, {"create", "t.safetensors", "--rows", "4", "--dim", "2", "--optimizer", "adagrad"});
  write_array<int64_t>(folder / "ids.npy", "<i8", {1}, {1});
  write_array<float>(folder / "grad.npy", "<f4", {1, 2}, {1, 1});
  succeed(folder, {"step", "t.safetensors", "--ids", "ids.npy", "--grad", "grad.npy", "--optimizer",
                   "adagrad", "--lr", "0.1"});
  const auto outcome = succeed(folder, {"convert", "t.safetensors", "u.safetensors"});
  CHECK(outcome.says("left behind, with its state: adagrad after 1 steps"));
  CHECK(outcome.says("metadata of the source was left behind: "));
  CHECK(outcome.says("windrow.seed"));
  CHECK(!succeed(folder, {"convert", "u.safetensors", "v.safetensors"}).says("note:"));
}

TEST_CASE("readers: files whose rows follow each other, with --more", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "a.npy", "<f4", {2, 2}, {0, 1, 2, 3});
  write_array<float>(folder / "b.npy", "<f4", {1, 2}, {4, 5});
  write_array<float>(folder / "c.npy", "<f4", {1, 2}, {6, 7});
  write_array<int64_t>(folder / "ids.npy", "<i8", {2, 2}, {3, 0, 2, 1});
  const Words more = {"--more", "b.npy", "--more", "c.npy"};
  CHECK(succeed(folder, {"lookup", "a.npy", "--more", "b.npy", "--more", "c.npy", "3", "0"}).out ==
        "3 6 7\n0 0 1\n");
  CHECK(succeed(folder, {"nearest", "a.npy", "--metric", "dot", "-k", "1", "--id", "0"}, more).says("3"));
  succeed(folder, {"gather", "a.npy", "--ids", "ids.npy", "-o", "g.npy"}, more);
  CHECK(read_matrix(folder / "g.npy").values == std::vector<float>{6, 7, 0, 1, 4, 5, 2, 3});
  succeed(folder, {"pool", "a.npy", "--ids", "ids.npy", "-o", "p.npy"}, more);
  CHECK(read_matrix(folder / "p.npy").values == std::vector<float>{6, 8, 6, 8});
  succeed(folder, {"convert", "a.npy", "all.npy"}, more);
  CHECK(read_matrix(folder / "all.npy").values == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(run(folder, {"convert", "a.npy", "c.npy"}, more).says("same file"));
  const auto json = nlohmann::json::parse(succeed(folder, {"info", "a.npy", "--json"}, more).out);
  CHECK(json["kind"] == "files");
  CHECK(json["rows"] == 4);
  CHECK(json["files"] == 3);
}

TEST_CASE("bench: a table in several pieces, held in every way", "[tools]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "ckpt");
  std::filesystem::create_directory(folder / "empty");
  write_safetensors_file(folder / "ckpt/model.safetensors",
                         {f32_tensor("s.0", {300, 4}, std::vector<float>(1200, 1)),
                          f32_tensor("s.1", {1, 4}, std::vector<float>(4, 1)),
                          f32_tensor("s.2", {500, 4}, std::vector<float>(2000, 1))});
  write_array<float>(folder / "a.npy", "<f4", {300, 4}, std::vector<float>(1200, 1));
  const Words pace = {"--repeat", "1", "--threads", "2", "--batch", "64", "--json"};
  for (const std::string residency : {"auto", "lazy", "warm", "huge"}) {
    CAPTURE(residency);
    const auto outcome =
        succeed(folder, {"bench", "ckpt", "--tensor", "s.*", "--residency", residency}, pace);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["rows"] == 801);
    CHECK(json["pieces"] == 3);
    CHECK(json["residency"] == residency);
    CHECK(json["sequential_gb_per_s"].get<double>() > 0);
  }
  const auto files = nlohmann::json::parse(
      succeed(folder, {"bench", "a.npy", "--more", "a.npy", "--op", "gather"}, pace).out);
  CHECK(files["rows"] == 600);
  const size_t before = folder.entries();
  const auto step = succeed(folder, {"bench", "ckpt", "--tensor", "s.*", "--op", "step"}, pace);
  CHECK(nlohmann::json::parse(step.out)["rows"] == 801);
  CHECK(folder.entries() == before);
}

TEST_CASE("bench: what a small table has no limit of", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "one.npy", "<f4", {3, 1}, {1, 2, 3});
  const auto text = succeed(folder, {"bench", "one.npy", "--repeat", "1"});
  CHECK(text.says("not measured: the table is too small"));
  CHECK(!text.says("inf"));
  const auto json =
      nlohmann::json::parse(succeed(folder, {"bench", "one.npy", "--repeat", "1", "--json"}).out);
  CHECK(json["share_of_limit"].is_null());
  CHECK(json["sequential_gb_per_s"].is_null());
  const auto sweep = succeed(folder, {"bench", "one.npy", "--sweep", "threads", "--threads", "1", "--repeat",
                                      "1", "--svg", "x.svg"});
  CHECK(!sweep.says("inf"));
}

TEST_CASE("readers: a table that is being trained is read with --unclean live", "[tools]") {
  const TemporaryFolder folder;
  succeed(folder, {"create", "t.safetensors", "--rows", "4", "--dim", "1", "--init", "constant:2",
                   "--optimizer", "sgd"});
  auto trainer = windrow::Trainer::open(folder / "t.safetensors", windrow::Sgd{});
  REQUIRE(trainer);
  const int64_t id = 1;
  const float gradient = 1;
  REQUIRE(trainer->step(windrow::Ids(std::span(&id, 1)), windrow::RowsIn(std::span(&gradient, 1), 1)));
  CHECK(run(folder, {"lookup", "t.safetensors", "0"}).status == 1);
  CHECK(succeed(folder, {"lookup", "t.safetensors", "0", "--unclean", "live"}).out == "0 2\n");
  REQUIRE(trainer->close());
  CHECK(succeed(folder, {"lookup", "t.safetensors", "0"}).out == "0 2\n");
}

TEST_CASE("lookup: a table without rows says so", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "none.npy", "<f4", {0, 4}, {});
  const auto outcome = run(folder, {"lookup", "none.npy", "0"});
  CHECK(outcome.status == 1);
  CHECK(outcome.says("id 0 is not in the table, which has no rows"));
}
