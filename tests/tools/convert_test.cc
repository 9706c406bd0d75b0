#include <windrow/table.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "format/test_data.h"
#include "formats/word2vec_text.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/text_row.h"
#include "tools/command.h"

namespace {

const std::string kData = WINDROW_TEST_DATA;

Outcome convert(const TemporaryFolder& folder, const std::string& source, const std::string& target,
                std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"convert", source, target});
  return windrow_command(folder, more);
}

std::string all_rows(const TemporaryFolder& folder, const std::string& table,
                     const std::vector<std::string>& tokens) {
  std::vector<std::string> arguments = {"lookup", table, "--token"};
  arguments.insert(arguments.end(), tokens.begin(), tokens.end());
  return windrow_command(folder, arguments).out;
}

}  // namespace

TEST_CASE("convert: files that gensim and word2vec.c wrote", "[tools]") {
  const TemporaryFolder folder;
  const std::vector<std::string> tokens = {"</s>", "the", "caf\u00e9", "10",
                                           "a\u00a0"
                                           "b"};
  for (const std::string name : {"gensim.txt", "gensim.bin", "word2vec_c.bin", "word2vec_c.txt"}) {
    CAPTURE(name);
    const auto outcome = convert(folder, kData + "/" + name, "t.safetensors");
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto table = windrow::Table::open(folder / "t.safetensors");
    REQUIRE(table);
    REQUIRE(table->rows() == 5);
    REQUIRE(table->dim() == 4);
    for (int64_t r = 0; r < 5; ++r) {
      CHECK(table->vocabulary().token(r) == tokens[static_cast<size_t>(r)]);
      for (int64_t c = 0; c < 4; ++c) {
        float value;
        std::memcpy(&value, table->row(r) + c * 4, 4);
        const float exact = static_cast<float>(r * 4 + c - 7) / 3.0f;
        if (name == "word2vec_c.txt") {
          CHECK(std::abs(value - exact) < 1e-6f);  // six decimals
        } else {
          CHECK(value == exact);
        }
      }
    }
  }
}

TEST_CASE("convert: word2vec binary and text come back as they were", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(convert(folder, kData + "/word2vec_c.bin", "a.safetensors").status == 0);
  REQUIRE(convert(folder, "a.safetensors", "a.bin").status == 0);
  CHECK(read_text(folder / "a.bin") == read_text(kData + "/word2vec_c.bin"));
  REQUIRE(convert(folder, "a.bin", "a.txt").status == 0);
  REQUIRE(convert(folder, "a.txt", "b.safetensors").status == 0);
  REQUIRE(convert(folder, "b.safetensors", "b.vec").status == 0);
  CHECK(read_text(folder / "a.txt") == read_text(folder / "b.vec"));
  REQUIRE(convert(folder, "b.vec", "b.bin").status == 0);
  CHECK(read_text(folder / "b.bin") == read_text(folder / "a.bin"));
}

TEST_CASE("convert: odd tokens and odd values survive text, table and back", "[tools]") {
  const TemporaryFolder folder;
  std::mt19937_64 random(5);
  const std::vector<std::string> tokens = {"",         " ",        "two words", " lead", "trail ", "1", "2 3",
                                           "\xFF\xC3", "\xE3\x83", "tab\t!",    "cr\r",  "\u2028", "x"};
  std::string text = std::to_string(tokens.size()) + " 5\n";
  for (const std::string& token : tokens) {
    std::vector<float> row(5);
    for (float& value : row) value = any_value(random, true);
    append_text_row(text, token, row.data(), row.size());
  }
  write_bytes(folder / "a.txt", text);
  const auto outcome = convert(folder, "a.txt", "t.safetensors", {"--json"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["rows_written"] == tokens.size());
  CHECK(json["bad_utf8"] == 2);
  CHECK(json["empty_tokens"] == 1);
  REQUIRE(convert(folder, "t.safetensors", "b.txt").status == 0);
  CHECK(read_text(folder / "b.txt") == text);
}

TEST_CASE("convert: the first of equal tokens stays, and all is counted", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt",
              "12 2\r\nx 1 2\r\ny 3 nan\r\nx 5 6\r\nz 0 -0\r\nx 7 8\r\ny 9 9\r\na 1 inf\r\n"
              "b 1 1\r\nc 1 1\r\nd 1 1\r\ne 1 1\r\nf 1 1\r\n");
  const auto outcome = convert(folder, "a.txt", "b.txt", {"--json"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  CHECK(json["from"] == "word2vec-text");
  CHECK(json["rows_read"] == 12);
  CHECK(json["rows_written"] == 9);
  CHECK(json["duplicates"] == 3);
  CHECK(json["first_duplicate"] == "x");
  CHECK(json["nan_rows"] == 1);
  CHECK(json["infinite_rows"] == 1);
  CHECK(json["zero_rows"] == 1);
  CHECK(json["crlf_lines"] == 13);
  const std::string text = read_text(folder / "b.txt");
  CHECK(text.rfind("09 2\nx 1 2\ny 3 nan\nz 0 -0\n", 0) == 0);  // two digits were promised
  REQUIRE(convert(folder, "b.txt", "c.txt").status == 0);
  CHECK(read_text(folder / "c.txt") == "9" + text.substr(2));
  const auto plain = convert(folder, "a.txt", "b.npy");
  CHECK(plain.says("duplicate tokens  3, first 'x'"));
  CHECK(plain.says("tokens were left behind"));
  CHECK(read_matrix(folder / "b.npy").shape == std::vector<uint64_t>{9, 2});
}

TEST_CASE("convert: npy to a table, and rows named by their numbers", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(convert(folder, kData + "/f4_3x4.npy", "t.safetensors").status == 0);
  REQUIRE(convert(folder, "t.safetensors", "b.npy").status == 0);
  CHECK(read_text(folder / "b.npy") == read_text(kData + "/f4_3x4.npy"));
  REQUIRE(convert(folder, kData + "/f4_3x4_big_endian.npy", "c.npy").status == 0);
  CHECK(read_text(folder / "c.npy") == read_text(kData + "/f4_3x4.npy"));
  const auto text = convert(folder, "t.safetensors", "b.txt");
  CHECK(text.says("named by their numbers"));
  CHECK(read_text(folder / "b.txt").rfind("3 4\n0 -0.5 -0.375 -0.25 -0.125\n1 0 ", 0) == 0);
  write_array<double>(folder / "d.npy", "<f8", {1, 2}, {0.1, 1e-60});
  const auto rounded = convert(folder, "d.npy", "e.npy");
  CHECK(rounded.says("rounded from float64"));
  CHECK(read_matrix(folder / "e.npy").values == std::vector<float>{0.1f, 0.0f});
  REQUIRE(convert(folder, kData + "/f4_0x4.npy", "none.txt").status == 0);
  CHECK(read_text(folder / "none.txt") == "0 4\n");
  REQUIRE(convert(folder, "none.txt", "none.safetensors").status == 0);
  REQUIRE(convert(folder, "none.safetensors", "none.npy").status == 0);
  CHECK(read_text(folder / "none.npy") == read_text(kData + "/f4_0x4.npy"));
}

TEST_CASE("convert: arrays that are no tables", "[tools]") {
  const TemporaryFolder folder;
  for (const char* name :
       {"f4_12.npy", "f8_scalar.npy", "i8_5.npy", "objects.npy", "records.npy"}) {
    CAPTURE(name);
    const auto outcome = convert(folder, kData + "/" + name, "t.safetensors");
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("convert: --limit, --from, --to and --optimizer", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(convert(folder, kData + "/gensim.bin", "t.safetensors", {"--limit", "2", "--optimizer", "adagrad"})
              .status == 0);
  const auto info = nlohmann::json::parse(windrow_command(folder, {"info", "t.safetensors", "--json"}).out);
  CHECK(info["rows"] == 2);
  CHECK(info["vocabulary"] == 2);
  CHECK(info["optimizer"] == "adagrad");
  REQUIRE(
      convert(folder, kData + "/gensim.txt", "odd.name", {"--to", "word2vec-bin", "--limit", "3"}).status ==
      0);
  REQUIRE(convert(folder, "odd.name", "back.txt").status == 0);
  CHECK(read_text(folder / "back.txt").rfind("3 4\n</s> ", 0) == 0);
  const auto forced = convert(folder, kData + "/gensim.txt", "x.npy", {"--from", "word2vec-bin"});
  CHECK(forced.status == 1);
  CHECK(convert(folder, kData + "/gensim.txt", "zero.npy", {"--limit", "0"}).status == 0);
  CHECK(read_matrix(folder / "zero.npy").shape == std::vector<uint64_t>{0, 4});
}

TEST_CASE("convert: rows of every format on the way in, f32 on the way out", "[tools]") {
  const TemporaryFolder folder;
  const uint64_t rows = 300, dim = 50;
  std::mt19937_64 random(9);
  std::vector<float> values(rows * dim);
  for (float& value : values) value = any_value(random, false);
  write_array<float>(folder / "a.npy", "<f4", {rows, dim}, values);
  const std::vector<std::vector<std::string>> formats = {
      {"f16"},
      {"bf16", "--align-rows"},
      {"fp8_e4m3"},
      {"fp8_e5m2", "--scale", "none"},
      {"fp8_e4m3", "--scale", "block:32", "--scale-type", "ue8m0"},
      {"int8"},
      {"int4"},
      {"int2", "--align-rows"}};
  for (const auto& format : formats) {
    std::vector<std::string> more = {"--json", "--row-format"};
    more.insert(more.end(), format.begin(), format.end());
    const auto outcome = convert(folder, "a.npy", "t.safetensors", more);
    CAPTURE(format, outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["row_format"] == format[0]);
    const auto largest = json["max_abs_error"].get<double>(), rms = json["rms_error"].get<double>();
    CHECK(largest > 0);
    CHECK(largest <= json["max_abs_error_bound"].get<double>());
    CHECK(json["lost_values"] == 0);

    REQUIRE(convert(folder, "t.safetensors", "b.npy").status == 0);
    const auto back = read_matrix(folder / "b.npy").values;
    REQUIRE(back.size() == values.size());
    double seen = 0, squares = 0;
    for (size_t i = 0; i < back.size(); ++i) {
      const double error = static_cast<double>(values[i]) - static_cast<double>(back[i]);
      seen = std::max(seen, std::abs(error));
      squares += error * error;
    }
    CHECK(seen == largest);
    CHECK(std::abs(std::sqrt(squares / static_cast<double>(back.size())) - rms) < 1e-9);
  }
}

TEST_CASE("convert: the report says what a row format cost, and a row that it cannot hold is an error",
          "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "3 2\na 1 2\nb 500 3\nc nan 4\n");
  const auto lost =
      convert(folder, "a.txt", "t.safetensors", {"--row-format", "fp8_e4m3", "--scale", "none"});
  CHECK(lost.status == 0);
  CHECK(lost.says("values lost       1"));
  CHECK(lost.says("RMS error"));
  const auto refused = convert(folder, "a.txt", "u.safetensors", {"--row-format", "int8"});
  CHECK(refused.status == 1);
  CHECK(refused.says("row 2 cannot be stored as int8"));
  CHECK(folder.entries() == 2);
  CHECK(
      convert(folder, "a.txt", "u.safetensors", {"--row-format", "fp8_e4m3", "--scale", "block:3"}).status ==
      1);
}

TEST_CASE("convert: float16 arrays of either byte order", "[tools]") {
  const TemporaryFolder folder;
  write_array<uint16_t>(folder / "a.npy", "<f2", {2, 3}, {0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00});
  write_array<uint16_t>(folder / "b.npy", ">f2", {2, 3}, {0x003c, 0x00c0, 0x0100, 0xff7b, 0x0080, 0x007c});
  write_array<uint16_t>(folder / "none.npy", ">f2", {0, 3}, {});
  const std::vector<float> expected = {1,     -2,    5.9604644775390625e-8f,
                                       65504, -0.0f, std::numeric_limits<float>::infinity()};
  for (const std::string name : {"a.npy", "b.npy"}) {
    REQUIRE(convert(folder, name, "c.npy").status == 0);
    CHECK(same_bits(read_matrix(folder / "c.npy").values, expected));
  }
  CHECK(convert(folder, "none.npy", "c.npy").status == 0);
}

TEST_CASE("convert: tokens that a format cannot hold are refused", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "2 1\nfine 1\nNew York 2\n");
  const auto space = convert(folder, "a.txt", "a.bin");
  CHECK(space.status == 1);
  CHECK(space.says("row 1"));
  const std::vector<std::string_view> tokens = {"fine", "line\nfeed"};
  windrow::TableSpec spec;
  spec.rows = 2;
  spec.format = windrow::RowFormat::f32(1);
  spec.tokens = tokens;
  REQUIRE(windrow::Table::create(folder / "t.safetensors", spec));
  const auto feed = convert(folder, "t.safetensors", "b.txt");
  CHECK(feed.status == 1);
  CHECK(feed.says("line feed"));
  REQUIRE(convert(folder, "t.safetensors", "u.safetensors").status == 0);
  CHECK(all_rows(folder, "u.safetensors", {"line\nfeed"}) ==
        all_rows(folder, "t.safetensors", {"line\nfeed"}));
  CHECK(folder.entries() == 3);
}

TEST_CASE("convert: sources that lie and targets that cannot be leave nothing behind", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "short.vec", "3 5\ndummy 0.069324 0.18155 0.080453 -0.1799 0.032043 \n");
  write_bytes(folder / "good.txt", "1 1\na 1\n");
  std::filesystem::create_directory(folder / "sub");
  const auto fails = [&](const std::string& source, const std::string& target, const std::string& message) {
    const auto outcome = convert(folder, source, target);
    CAPTURE(source, target, outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.says(message));
    CHECK(folder.entries() == 3);
  };
  fails("short.vec", "t.safetensors", "promises 3 rows, the file holds 1");
  fails("missing.txt", "t.safetensors", "missing.txt");
  fails("sub", "t.safetensors", "sub");
  fails("good.txt", "good.txt", "same file");
  fails("good.txt", "./sub/../good.txt", "same file");
  fails("good.txt", "nowhere/t.npy", "nowhere");
  CHECK(convert(folder, "good.txt", "sub", {"--to", "npy"}).status == 1);
  CHECK(convert(folder, "good.txt", "/dev/null", {"--to", "npy"}).status == 1);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(folder.entries() == 3);
}

TEST_CASE("convert: a target that was there is replaced whole, also behind a link", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "good.txt", "1 1\na 1\n");
  write_bytes(folder / "real.bin", "old");
  std::filesystem::create_symlink("real.bin", folder / "link.bin");
  CHECK(convert(folder, "good.txt", "link.bin").status == 0);
  CHECK(std::filesystem::is_symlink(folder / "link.bin"));
  CHECK(read_text(folder / "real.bin").rfind("1 1\na ", 0) == 0);
  CHECK(folder.entries() == 3);
}
