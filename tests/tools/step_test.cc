#include <windrow/trainer.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

namespace {

void create(const TemporaryFolder& folder, const std::string& optimizer) {
  std::vector<std::string> arguments = {"create", "t.safetensors", "--rows",    "5", "--dim",
                                        "2",      "--init",        "constant:1"};
  if (!optimizer.empty()) arguments.insert(arguments.end(), {"--optimizer", optimizer});
  REQUIRE(windrow_command(folder, arguments).status == 0);
}

Outcome step(const TemporaryFolder& folder, std::vector<std::string> more) {
  more.insert(more.begin(), {"step", "t.safetensors"});
  return windrow_command(folder, more);
}

std::string rows(const TemporaryFolder& folder) {
  return windrow_command(folder, {"lookup", "t.safetensors", "0", "1", "2", "3", "4"}).out;
}

}  // namespace

TEST_CASE("step: gradients of ids, merged, reach the table", "[tools]") {
  const TemporaryFolder folder;
  create(folder, "");
  write_array<int64_t>(folder / "ids.npy", "<i8", {3}, {1, 3, 1});
  write_array<float>(folder / "grad.npy", "<f4", {3, 2}, {1, 2, 4, 8, 1, 2});
  const auto outcome =
      step(folder, {"--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "0.5"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "ids           3\nused ids      3\nskipped ids   0\nunique ids    2\nrows touched  2\n"
                       "step count    1\n");
  CHECK(rows(folder) == "0 1 1\n1 0 -1\n2 1 1\n3 -1 -3\n4 1 1\n");
  CHECK(windrow_command(folder, {"verify", "t.safetensors"}).status == 0);
}

TEST_CASE("step: bags, Adagrad, and the count of steps", "[tools]") {
  const TemporaryFolder folder;
  create(folder, "adagrad");
  write_array<int64_t>(folder / "ids.npy", "<i8", {2, 2}, {1, 2, 4, -1});
  write_array<float>(folder / "grad.npy", "<f4", {2, 2}, {3, 0, -2, 5});
  const std::vector<std::string> arguments = {"--ids",        "ids.npy", "--grad",    "grad.npy",
                                              "--optimizer",  "adagrad", "--lr",      "0.5",
                                              "--padding-id", "-1",      "--threads", "2"};
  const auto first = step(folder, arguments);
  INFO(first.err);
  CHECK(first.status == 0);
  CHECK(first.says("used ids      3"));
  // g / sqrt(g * g) is the sign of g.
  CHECK(rows(folder) == "0 1 1\n1 0.5 1\n2 0.5 1\n3 1 1\n4 1.5 0.5\n");
  CHECK(step(folder, arguments).says("step count    2"));
  const auto info = nlohmann::json::parse(windrow_command(folder, {"info", "t.safetensors", "--json"}).out);
  CHECK(info["step_count"] == 2);
  CHECK(info["clean"] == true);
}

TEST_CASE("step: every optimiser, half gradients, clipping, bad ids and a report as JSON", "[tools]") {
  const TemporaryFolder folder;
  write_array<int64_t>(folder / "ids.npy", "<i8", {4}, {1, 3, 1, 9});
  write_array<uint16_t>(folder / "half.npy", "<f2", {4, 2}, {0x3c00, 0x4000, 0x4400, 0x4800, 0x3c00, 0x4000, 0, 0});
  for (const std::string optimizer : {"sgd", "adagrad", "rowwise_adagrad", "adam", "ftrl"}) {
    CAPTURE(optimizer);
    create(folder, optimizer);
    const auto outcome =
        step(folder, {"--ids", "ids.npy", "--grad", "half.npy", "--optimizer", optimizer, "--lr", "0.5",
                      "--skip-bad-ids", "--clip-value", "1", "--scale-by-frequency", "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["ids"] == 4);
    CHECK(json["used_ids"] == 3);
    CHECK(json["skipped_ids"] == 1);
    CHECK(json["unique_ids"] == 2);
    CHECK(json["rows_touched"] == 2);
    CHECK(json["step_count"] == 1);
    if (optimizer == "sgd") CHECK(rows(folder) == "0 1 1\n1 0.5 0.5\n2 1 1\n3 0.5 0.5\n4 1 1\n");
    REQUIRE(std::filesystem::remove(folder / "t.safetensors"));
  }
}

TEST_CASE("step: stochastic rounding of bf16 rows, and gradients that are no numbers", "[tools]") {
  const TemporaryFolder folder;
  const auto once = [&](const std::string& seed) {
    REQUIRE(windrow_command(folder, {"create", "t.safetensors", "--rows", "5", "--dim", "2", "--init", "constant:1",
                                     "--row-format", "bf16", "--optimizer", "sgd", "--force"})
                .status == 0);
    write_array<int64_t>(folder / "ids.npy", "<i8", {5}, {0, 1, 2, 3, 4});
    write_array<float>(folder / "grad.npy", "<f4", {5, 2}, std::vector<float>(10, 1.0f / 1024));
    const auto outcome = step(folder, {"--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "1",
                                       "--rounding", "stochastic", "--seed", seed});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    return rows(folder);
  };
  const std::string first = once("1");
  CHECK(once("1") == first);
  CHECK(once("2") != first);

  write_array<float>(folder / "nan.npy", "<f4", {5, 2}, std::vector<float>(10, NAN));
  const std::string before = rows(folder);
  const std::vector<std::string> words = {"--ids", "ids.npy", "--grad", "nan.npy", "--optimizer", "sgd", "--lr", "1"};
  CHECK(step(folder, words).status == 1);
  CHECK(rows(folder) == before);
  auto allowed = words;
  allowed.push_back("--allow-non-finite");
  CHECK(step(folder, allowed).status == 0);
  CHECK(rows(folder) != before);
}

TEST_CASE("step: what is refused leaves the table as it was", "[tools]") {
  const TemporaryFolder folder;
  create(folder, "");
  write_array<int64_t>(folder / "ids.npy", "<i8", {2}, {1, 5});
  write_array<int64_t>(folder / "good.npy", "<i8", {2}, {1, 2});
  write_array<int64_t>(folder / "offsets.npy", "<i8", {2}, {0, 2});
  write_array<float>(folder / "grad.npy", "<f4", {2, 2}, {1, 2, 3, 4});
  write_array<float>(folder / "wide.npy", "<f4", {2, 3}, {1, 2, 3, 4, 5, 6});
  const std::string before = rows(folder);
  const auto fails = [&](std::vector<std::string> more, int status, const std::string& message) {
    const auto outcome = step(folder, std::move(more));
    INFO(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.says(message));
    CHECK(rows(folder) == before);
  };
  fails({"--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "1"}, 1, "5");
  fails({"--ids", "good.npy", "--grad", "wide.npy", "--optimizer", "sgd", "--lr", "1"}, 1, "2 columns");
  fails({"--ids", "good.npy", "--offsets", "offsets.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr",
         "1"},
        1, "rows");
  fails({"--ids", "good.npy", "--grad", "grad.npy", "--optimizer", "adagrad", "--lr", "1"}, 1, "adagrad");
  fails({"--ids", "good.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "nan"}, 1, "");
  fails(
      {"--ids", "good.npy", "--grad", "grad.npy", "--weights", "grad.npy", "--optimizer", "sgd", "--lr", "1"},
      1, "weights");
}

TEST_CASE("step and convert: a table that another trainer holds is busy", "[tools]") {
  const TemporaryFolder folder;
  create(folder, "");
  write_array<int64_t>(folder / "ids.npy", "<i8", {1}, {1});
  write_array<float>(folder / "grad.npy", "<f4", {1, 2}, {1, 2});
  auto trainer = windrow::Trainer::open(folder / "t.safetensors", windrow::Sgd{});
  REQUIRE(trainer);
  CHECK(step(folder, {"--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "1"}).status ==
        1);
  const auto replaced = windrow_command(folder, {"convert", "grad.npy", "t.safetensors"});
  CHECK(replaced.status == 1);
  CHECK(replaced.says("trainer"));
  CHECK(windrow_command(folder, {"create", "t.safetensors", "--rows", "1", "--dim", "1", "--force"}).status ==
        1);
  CHECK(trainer->close());
  CHECK(windrow_command(folder, {"convert", "grad.npy", "t.safetensors"}).status == 0);
}
