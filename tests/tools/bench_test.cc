#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bench_ids.h"
#include "support/catch.h"
#include "tools/command.h"

using namespace windrow::tools;

TEST_CASE("bench: the keys of its JSON, and a table that is not changed", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(
              folder, {"create", "t.safetensors", "--rows", "5000", "--dim", "8", "--optimizer", "adagrad"})
              .status == 0);
  const std::string before = read_text(folder / "t.safetensors");
  for (const std::string op : {"pool", "gather", "step"}) {
    CAPTURE(op);
    const auto outcome =
        windrow_command(folder, {"bench", "t.safetensors", "--op", op, "--batch", "1024", "--repeat", "2",
                                 "--threads", "1", "--ids", "zipf:1.05", "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    for (const char* key : {"op", "optimizer", "row_format", "rows", "dim", "batch", "pooling", "threads",
                            "ids", "simd", "residency", "ns_per_id_median", "ns_per_id_min", "gb_per_s",
                            "sequential_gb_per_s", "share_of_limit"}) {
      CAPTURE(key);
      CHECK(json.contains(key));
    }
    CHECK(json["op"] == op);
    CHECK(json["optimizer"].is_null() == (op != "step"));
    CHECK(json["pooling"] == (op == "gather" ? 1 : 32));
    CHECK(json["ns_per_id_min"].get<double>() > 0);
    CHECK(json["ns_per_id_min"].get<double>() <= json["ns_per_id_median"].get<double>());
    CHECK(json["sequential_gb_per_s"].get<double>() > 0);
    CHECK(folder.entries() == 1);
  }
  CHECK(read_text(folder / "t.safetensors") == before);
}

TEST_CASE("bench: a table of one row, and one without", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "one.npy", "<f4", {1, 1}, {1});
  write_array<float>(folder / "none.npy", "<f4", {0, 4}, {});
  const auto one = windrow_command(
      folder, {"bench", "one.npy", "--repeat", "1", "--residency", "huge", "--ids", "zipf:1"});
  INFO(one.err);
  CHECK(one.status == 0);
  CHECK(one.says("share of limit"));
  CHECK(windrow_command(folder, {"bench", "none.npy"}).status == 1);
}

TEST_CASE("bench ids: Zipf's law, by count against the exact probabilities", "[tools]") {
  for (const double exponent : {0.5, 1.0, 1.05, 2.0}) {
    CAPTURE(exponent);
    constexpr uint64_t kNumbers = 50;
    constexpr int kDraws = 400'000;
    const ZipfSampler sampler(kNumbers, exponent);
    SplitMix64 random(11);
    std::vector<double> counts(kNumbers + 1);
    for (int i = 0; i < kDraws; ++i) {
      const uint64_t k = sampler(random);
      REQUIRE(k >= 1);
      REQUIRE(k <= kNumbers);
      counts[k] += 1;
    }
    double norm = 0;
    for (uint64_t k = 1; k <= kNumbers; ++k) norm += std::pow(static_cast<double>(k), -exponent);
    for (uint64_t k = 1; k <= kNumbers; ++k) {
      const double expected = kDraws * std::pow(static_cast<double>(k), -exponent) / norm;
      CAPTURE(k, expected, counts[k]);
      CHECK(std::abs(counts[k] - expected) < 5 * std::sqrt(expected));  // five standard deviations
    }
  }
}

TEST_CASE("bench ids: frequent rows are spread, every row can occur, the seed is fixed", "[tools]") {
  const auto ids = draw_ids({1.05}, 1000, 200'000);
  CHECK(ids == draw_ids({1.05}, 1000, 200'000));
  std::map<int64_t, int> counts;
  for (const int64_t id : ids) {
    REQUIRE(id >= 0);
    REQUIRE(id < 1000);
    ++counts[id];
  }
  CHECK(counts.size() == 1000);
  std::vector<std::pair<int, int64_t>> hottest;
  for (const auto& [id, count] : counts) hottest.emplace_back(count, id);
  std::sort(hottest.rbegin(), hottest.rend());
  for (size_t i = 1; i < 8; ++i) CHECK(std::abs(hottest[i].second - hottest[i - 1].second) > 1);
  for (const int64_t rows : {1, 2, 3, 7, 100}) {
    const auto few = draw_ids({1.5}, rows, 50'000);
    CHECK(std::set<int64_t>(few.begin(), few.end()).size() == static_cast<size_t>(rows));
  }
  const auto uniform = draw_ids({}, 10, 100'000);
  std::map<int64_t, int> even;
  for (const int64_t id : uniform) ++even[id];
  CHECK(even.size() == 10);
  for (const auto& [id, count] : even) CHECK(std::abs(count - 10'000) < 500);
}

TEST_CASE("bench ids: how distributions are named", "[tools]") {
  CHECK(parse_distribution("uniform")->zipf_exponent == 0);
  CHECK(std::abs(parse_distribution("zipf:1.05")->zipf_exponent - 1.05) < 1e-6);
  for (const char* text :
       {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:nan", "zipf:inf", "zipf:x", "normal"}) {
    CAPTURE(text);
    CHECK(!parse_distribution(text));
  }
}
