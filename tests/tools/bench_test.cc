#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bench_ids.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/xml_check.h"

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
                            "sequential_gb_per_s", "sequential_ns_per_id", "share_of_limit", "mode"}) {
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
  CHECK(one.says("sequential read"));
  CHECK(windrow_command(folder, {"bench", "none.npy"}).status == 1);
}

TEST_CASE("bench: a table made in memory, in a row format, by a mode", "[tools]") {
  const TemporaryFolder folder;
  for (const std::string mode : {"sum", "mean", "max", "weighted"}) {
    for (const std::string format : {"f32", "int8", "fp8_e4m3"}) {
      CAPTURE(mode, format);
      const auto outcome =
          windrow_command(folder, {"bench", "--rows", "3000", "--dim", "20", "--row-format", format, "--mode",
                                   mode, "--batch", "64", "--repeat", "1", "--threads", "1", "--json"});
      INFO(outcome.err);
      REQUIRE(outcome.status == 0);
      const auto json = nlohmann::json::parse(outcome.out);
      CHECK(json["row_format"] == format);
      CHECK(json["mode"] == mode);
      CHECK(json["rows"] == 3000);
      CHECK(json["row_bytes"] == (format == "f32" ? 80 : format == "int8" ? 28 : 24));
      CHECK(json["sequential_ns_per_id"].get<double>() > 0);
    }
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("bench: sweeps as a table, as JSON and as a picture", "[tools]") {
  const TemporaryFolder folder;
  struct Case {
    std::string over;
    std::vector<double> x;
  };
  for (const Case& sweep :
       {Case{"table", {65536, 131072, 160000}},
        Case{"dim", {8, 16, 32, 50, 64, 100, 128, 160, 256, 300, 512, 768, 1024}}, Case{"threads", {1, 2, 3}},
        Case{"batch", {1, 4, 16, 64, 256, 1024, 4096, 16384, 65536}}}) {
    CAPTURE(sweep.over);
    const std::vector<std::string> arguments = {"bench", "--sweep",   sweep.over,  "--rows",   "2500",
                                                "--dim", "16",        "--pooling", "2",        "--batch",
                                                "512",   "--threads", "3",         "--repeat", "1"};
    auto with = arguments;
    with.insert(with.end(), {"--svg", "sweep.svg", "--json"});
    const auto outcome = windrow_command(folder, with);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["sweep"] == sweep.over);
    std::vector<double> x;
    for (const auto& point : json["points"]) {
      x.push_back(point["x"]);
      CHECK(point["ns_per_id_median"].get<double>() > 0);
      CHECK(point["sequential_ns_per_id"].get<double>() > 0);
    }
    CHECK(x == sweep.x);
    const std::string svg = read_text(folder / "sweep.svg");
    INFO(svg);
    CHECK(xml_problem(svg) == "");
    size_t markers = 0;
    for (size_t at = svg.find("<circle"); at != std::string::npos; at = svg.find("<circle", at + 1))
      ++markers;
    CHECK(markers == sweep.x.size());
    CHECK(folder.entries() == 1);
  }
  const auto text = windrow_command(folder, {"bench", "--sweep", "threads", "--threads", "1", "--rows", "100",
                                             "--op", "gather", "--repeat", "1"});
  INFO(text.err);
  CHECK(text.status == 0);
  CHECK(text.says("of limit"));
  CHECK(text.says("100 rows"));
}

TEST_CASE("bench: a sweep over batches or threads of a table that is there", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "t.npy", "<f4", {3, 4}, std::vector<float>(12, 1.5f));
  const auto outcome = windrow_command(
      folder, {"bench", "t.npy", "--sweep", "threads", "--threads", "2", "--repeat", "1", "--json"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  const auto json = nlohmann::json::parse(outcome.out);
  REQUIRE(json["points"].size() == 2);
  CHECK(json["points"][1]["rows"] == 3);
  CHECK(json["points"][1]["threads"] == 2);
}

TEST_CASE("bench: what does not go together", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "t.npy", "<f4", {3, 4}, std::vector<float>(12, 1.5f));
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"t.npy", "--align-rows"},
                                             {"t.npy", "--row-format", "fp8_e4m3", "--scale", "none"},
                                             {"--tensor", "weight"},
                                             {"--more", "t.npy"},
                                             {"t.npy", "--row-format", "int8"},
                                             {"--row-format", "fp8_e4m3", "--scale", "block:65"},
                                             {"--row-format", "i8", "--scale", "block:9", "--sweep", "dim"},
                                             {"t.npy", "--rows", "5"},
                                             {"t.npy", "--sweep", "table"},
                                             {"t.npy", "--sweep", "dim"},
                                             {"t.npy", "--svg", "x.svg"},
                                             {"--svg", "x.svg"},
                                             {"--op", "step"},
                                             {"--op", "gather", "--mode", "max"},
                                             {"--residency", "huge"},
                                             {"t.npy", "--op", "step", "--residency", "lazy"},
                                             {"--sweep", "rows"},
                                             {"--mode", "median"},
                                             {"--rows", "0"}}) {
    std::string line;
    for (const auto& word : more) line += word + " ";
    CAPTURE(line);
    std::vector<std::string> arguments = {"bench"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
  }
  const auto full = windrow_command(folder, {"bench", "--rows", "1099511627776", "--dim", "1048576"});
  CHECK(full.status == 1);
  CHECK(folder.entries() == 1);
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
