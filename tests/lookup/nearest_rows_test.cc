#include <windrow/nearest.h>
#include <windrow/table_writer.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/reference_nearest.h"
#include "support/safetensors_file.h"
#include "support/temporary_folder.h"

using namespace windrow;

// Which rows are searched, and where they come from.

TEST_CASE("nearest: only rows that pass range, mask, token and exclusions are answers", "[lookup]") {
  const TemporaryFolder folder;
  const int64_t rows = 1'500, dim = 12;
  std::vector<std::string> words;
  for (int64_t r = 0; r < rows; ++r) words.push_back((r % 3 == 0 ? "ab" : r % 3 == 1 ? "a" : "") + std::to_string(r));
  words[10] = "ab";
  words[11] = "";
  const std::vector<std::string_view> tokens(words.begin(), words.end());
  const auto created =
      Table::create(folder / "t.safetensors", {.rows = rows, .format = RowFormat::f32(dim), .tokens = tokens});
  REQUIRE(created);
  MemoryTable copy(rows, RowFormat::f32(dim));
  std::copy_n(reinterpret_cast<const uint8_t*>(created->data()), copy.bytes.size(), copy.bytes.data());

  std::vector<uint8_t> accept(static_cast<size_t>(rows), 1);
  for (size_t r = 0; r < accept.size(); ++r) accept[r] = r % 5 == 0 || (r > 900 && r < 1000) ? 0 : 7;
  std::vector<uint8_t> rare(static_cast<size_t>(rows), 0);
  rare[77] = rare[1'499] = 1;
  const std::vector<int64_t> shared = {6, 5, 5, -1, 99'999}, first = {4, 9, 12}, second = {};
  const std::array<std::span<const int64_t>, 2> each = {first, second};
  const auto queries = queries_of(copy, {9, 1'200});
  const auto is_in = [](std::span<const int64_t> list, int64_t r) {
    return std::find(list.begin(), list.end(), r) != list.end();
  };

  for (const auto& range :
       {RowRange{}, RowRange{0, 0}, RowRange{3, 1'001}, RowRange{1'499, 1'500}, RowRange{2'000, 3'000}}) {
    for (const auto& mask : {std::vector<uint8_t>{}, accept, rare}) {
      for (const std::string prefix : {"", "a", "ab", "ab1", "zzz", "1"}) {
        for (const int threads : {1, 3}) {
          const auto found = nearest(*created, RowsIn(queries, dim), 25,
                                     {.exclude = shared, .exclude_each = each, .rows = range, .accept = mask,
                                      .token_prefix = prefix, .threads = threads});
          REQUIRE(found);
          for (size_t q = 0; q < 2; ++q) {
            const auto may = [&](int64_t r) {
              return r >= range.begin && r < range.end && (mask.empty() || mask[static_cast<size_t>(r)] != 0) &&
                     words[static_cast<size_t>(r)].starts_with(prefix) && !is_in(shared, r) && !is_in(each[q], r);
            };
            CAPTURE(range.begin, range.end, mask.size(), prefix, threads, q);
            CHECK(same_answers((*found)[q], expected_among(copy, query_at(queries, q, dim), 25, Similarity::kCosine, may)));
          }
        }
      }
    }
  }
}

TEST_CASE("nearest: a table of several pieces is one table", "[lookup]") {
  const TemporaryFolder folder;
  const auto table = random_table(1'000, RowFormat::f32(9), 8);
  std::vector<std::string> paths;
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 333}, {333, 334}, {334, 1'000}}) {
    paths.push_back(folder / (std::to_string(begin) + ".safetensors"));
    write_safetensors_file(paths.back(), {{"weight", "F32", {static_cast<uint64_t>(end - begin), 9},
                                           {table.row(begin), table.row(begin) + (end - begin) * 36}}});
  }
  const auto query = row_of(table, 500);
  for (const auto residency : {Residency::kAuto, Residency::kLazy}) {
    const auto pieces = Table::open(paths, {.residency = residency});
    REQUIRE(pieces);
    for (const int threads : {1, 2, 5}) {
      const auto found = nearest(*pieces, query, 30, {.threads = threads});
      REQUIRE(found);
      CHECK(same_answers(*found, expected_nearest(table, query, 30, Similarity::kCosine)));
    }
    std::vector<uint8_t> accept(1'000, 0);
    for (const size_t r : {332, 333, 334, 999}) accept[r] = 1;
    const auto few = nearest(*pieces, query, 30, {.accept = accept});
    REQUIRE(few);
    CHECK(few->size() == 4);
  }
}

TEST_CASE("nearest: scales apart from their rows, in several files whose pages come when asked for", "[lookup]") {
  const TemporaryFolder folder;
  const int64_t rows = 3'000, dim = 24, first = 1'100;
  const auto format = RowFormat::fp8_e4m3(dim).scaled(RowFormat::ScaleType::kF32, 8, RowFormat::ScalePlace::kApart);
  const auto table = random_table(rows, format, 9);
  const std::vector<std::string> paths = {folder / "a.safetensors", folder / "b.safetensors"};
  for (const size_t piece : {0, 1}) {
    const int64_t begin = piece == 0 ? 0 : first, end = piece == 0 ? first : rows;
    const auto extent = static_cast<uint64_t>(end - begin);
    const uint8_t *codes = table.row(begin), *scales = table.scales_of(begin);
    write_safetensors_file(
        paths[piece],
        {{"weight", "F8_E4M3", {extent, dim}, {codes, codes + (end - begin) * dim}},
         {"weight_scale", "F32", {extent, dim / 8}, {scales, scales + (end - begin) * dim / 2}}});
  }
  std::vector<uint8_t> accept(static_cast<size_t>(rows));
  for (size_t r = 0; r < accept.size(); ++r) accept[r] = r % 7 == 3 || (r > 1'000 && r < 1'200);
  const auto may = [&](int64_t r) { return accept[static_cast<size_t>(r)] != 0; };
  const auto query = row_of(table, 2'000);
  for (const auto residency : {Residency::kAuto, Residency::kLazy}) {
    const auto opened = Table::open(paths, {.tensor = "weight", .residency = residency});
    REQUIRE(opened);
    REQUIRE(opened->format().scale_place == RowFormat::ScalePlace::kApart);
    for (const int threads : {1, 3}) {
      for (const auto similarity : kSimilarities) {
        const auto all = nearest(*opened, query, 12, {.similarity = similarity, .threads = threads});
        REQUIRE(all);
        CHECK(same_answers(*all, expected_nearest(table, query, 12, similarity)));
        const auto some = nearest(*opened, query, 12, {.similarity = similarity, .accept = accept, .threads = threads});
        REQUIRE(some);
        CHECK(same_answers(*some, expected_among(table, query, 12, similarity, may)));
      }
    }
  }
}

TEST_CASE("nearest: rows padded to cache lines", "[lookup]") {
  for (const auto& format : {RowFormat::f32(19).padded_to_lines(), RowFormat::int8(19).padded_to_lines()}) {
    auto table = random_table(700, format, 3);
    for (int64_t r = 0; r < table.rows; ++r)  // what is behind a row counts for nothing
      std::fill(table.row(r) + format.row_bytes(), table.row(r) + format.stride_bytes, uint8_t{0xff});
    const auto wrapped = table.wrap();
    for (const auto similarity : kSimilarities) {
      const auto found = nearest(*wrapped, row_of(table, 9), 15, {.similarity = similarity});
      REQUIRE(found);
      CHECK(same_answers(*found, expected_nearest(table, row_of(table, 9), 15, similarity)));
    }
  }
}

TEST_CASE("nearest: where tokens share rows, one of a row's that begins so is enough", "[lookup]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(1)});
  REQUIRE(writer);
  const std::vector<float> values = {1, 2, 3, 4};
  REQUIRE(writer->append(RowsIn(values, 1)));
  const std::vector<std::string_view> tokens = {"apple", "banana", "avocado", "cherry", "bilberry"};
  const std::vector<int64_t> rows = {0, 1, 1, 2, 2};  // none of row 3
  const std::vector<float> weights(5, 1.0f);
  REQUIRE(writer->add_tokens(tokens, rows, weights));
  REQUIRE(writer->finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  const std::vector<float> query = {1};
  const auto rows_of = [&](const NearestOptions& options) {
    const auto found = nearest(*table, query, 10, options);
    REQUIRE(found);
    std::vector<int64_t> answers;
    for (const Neighbor& neighbor : *found) answers.push_back(neighbor.row);
    return answers;
  };
  const std::vector<uint8_t> accept = {1, 0, 1, 1};
  CHECK(rows_of({.similarity = Similarity::kDot, .token_prefix = "a"}) == std::vector<int64_t>{1, 0});
  CHECK(rows_of({.similarity = Similarity::kDot, .token_prefix = "b"}) == std::vector<int64_t>{2, 1});
  CHECK(rows_of({.similarity = Similarity::kDot, .accept = accept, .token_prefix = "b"}) == std::vector<int64_t>{2});
  CHECK(rows_of({.similarity = Similarity::kDot, .rows = {0, 1}, .token_prefix = "a"}) == std::vector<int64_t>{0});
  CHECK(rows_of({.similarity = Similarity::kDot}) == std::vector<int64_t>{3, 2, 1, 0});
}
