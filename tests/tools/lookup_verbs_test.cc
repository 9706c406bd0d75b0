#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

namespace {

// Four rows of two values: row i is (i, 10 i), tokens a, b, "c d" and 3.
void make_table(const TemporaryFolder& folder) {
  write_bytes(folder / "t.txt", "4 2\na 0 0\nb 1 10\nc d 2 20\n3 3 30\n");
  REQUIRE(windrow_command(folder, {"convert", "t.txt", "t.safetensors"}).status == 0);
}

}  // namespace

TEST_CASE("lookup: by id and by token, as text, JSON and npy", "[tools]") {
  const TemporaryFolder folder;
  make_table(folder);
  const auto lookup = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"lookup", "t.safetensors"});
    return windrow_command(folder, more);
  };
  CHECK(lookup({"3", "0", "3"}).out == "3 3 30\n0 0 0\n3 3 30\n");
  CHECK(lookup({"--id", "1", "2"}).out == "1 1 10\n2 2 20\n");
  CHECK(lookup({"--token", "c d", "3"}).out == "c d 2 20\n3 3 30\n");
  CHECK(lookup({"1", "--token", "a"}).out == "1 1 10\na 0 0\n");
  CHECK(lookup({"1", "2", "3", "--pool", "sum"}).out == "sum 6 60\n");
  CHECK(lookup({"1", "2", "3", "--pool", "mean"}).out == "mean 2 20\n");
  CHECK(lookup({"3", "2", "--pool", "max"}).out == "max 3 30\n");
  const auto json = nlohmann::json::parse(lookup({"--token", "b", "--format", "json"}).out);
  CHECK(json[0]["id"] == 1);
  CHECK(json[0]["name"] == "b");
  CHECK(json[0]["values"] == std::vector<float>{1, 10});

  const auto piped = lookup({"1", "2", "--format", "npy"});
  write_bytes(folder / "piped.npy", piped.out);
  CHECK(lookup({"1", "2", "--format", "npy", "-o", "out.npy"}).status == 0);
  CHECK(read_text(folder / "out.npy") == piped.out);
  CHECK(read_matrix(folder / "out.npy").shape == std::vector<uint64_t>{2, 2});
  CHECK(read_matrix(folder / "out.npy").values == std::vector<float>{1, 10, 2, 20});
}

TEST_CASE("lookup: rows that are not there", "[tools]") {
  const TemporaryFolder folder;
  make_table(folder);
  const auto check = [&](std::vector<std::string> more, int status, const std::string& message) {
    more.insert(more.begin(), {"lookup", "t.safetensors"});
    const auto outcome = windrow_command(folder, more);
    INFO(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.says(message));
  };
  check({"4"}, 1, "id 4 is not in the table, whose rows are 0 to 3");
  check({"--id", "-1"}, 1, "id -1");
  check({"--token", "zebra"}, 1, "'zebra' is not in the table");
  check({"zebra"}, 2, "--token");
  check({}, 2, "no row was named");
  check({"99999999999999999999"}, 2, "no id");
}

TEST_CASE("pool: bags of every form", "[tools]") {
  const TemporaryFolder folder;
  make_table(folder);
  write_array<int32_t>(folder / "flat.npy", "<i4", {5}, {1, 2, 3, -1, 1});
  write_array<int64_t>(folder / "offsets.npy", "<i8", {4}, {0, 2, 2, 5});
  write_array<int64_t>(folder / "lengths.npy", "<i8", {3}, {2, 0, 3});
  write_array<int64_t>(folder / "square.npy", "<i8", {2, 2}, {1, 2, 3, 3});
  write_array<float>(folder / "weights.npy", "<f4", {5}, {1, 2, 3, 4, 5});
  const auto pool = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"pool", "t.safetensors", "-o", "out.npy"});
    const auto outcome = windrow_command(folder, more);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    return read_matrix(folder / "out.npy").values;
  };
  CHECK(pool({"--ids", "flat.npy", "--offsets", "offsets.npy", "--padding-id", "-1"}) ==
        std::vector<float>{3, 30, 0, 0, 4, 40});
  CHECK(pool({"--ids", "flat.npy", "--lengths", "lengths.npy", "--padding-id", "-1", "--mode", "mean"}) ==
        std::vector<float>{1.5, 15, 0, 0, 2, 20});
  CHECK(pool({"--ids", "square.npy", "--mode", "max", "--threads", "2"}) == std::vector<float>{2, 20, 3, 30});
  CHECK(pool({"--ids", "flat.npy", "--offsets", "offsets.npy", "--padding-id", "-1", "--weights",
              "weights.npy"}) == std::vector<float>{5, 50, 0, 0, 14, 140});
}

TEST_CASE("pool: requests that contradict themselves leave no file", "[tools]") {
  const TemporaryFolder folder;
  make_table(folder);
  write_array<int64_t>(folder / "flat.npy", "<i8", {3}, {1, 2, 4});
  write_array<int64_t>(folder / "good.npy", "<i8", {3}, {1, 2, 3});
  write_array<int64_t>(folder / "offsets.npy", "<i8", {2}, {0, 3});
  write_array<int64_t>(folder / "down.npy", "<i8", {3}, {0, 3, 2});
  write_array<float>(folder / "floats.npy", "<f4", {3}, {1, 2, 3});
  write_array<float>(folder / "short.npy", "<f4", {2}, {1, 2});
  write_array<double>(folder / "doubles.npy", "<f8", {3}, {1, 2, 3});
  write_array<int64_t>(folder / "cube.npy", "<i8", {1, 1, 1}, {1});
  const size_t before = folder.entries();
  const auto fails = [&](std::vector<std::string> more, int status, const std::string& message) {
    more.insert(more.begin(), {"pool", "t.safetensors", "-o", "out.npy"});
    const auto outcome = windrow_command(folder, more);
    INFO(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.says(message));
  };
  fails({"--ids", "flat.npy", "--offsets", "offsets.npy"}, 1, "4");
  fails({"--ids", "good.npy"}, 2, "--offsets or --lengths");
  fails({"--ids", "good.npy", "--offsets", "down.npy"}, 1, "offsets");
  fails({"--ids", "floats.npy", "--offsets", "offsets.npy"}, 1, "astype('int64')");
  fails({"--ids", "good.npy", "--offsets", "offsets.npy", "--weights", "doubles.npy"}, 1,
        "astype('float32')");
  fails({"--ids", "good.npy", "--offsets", "offsets.npy", "--weights", "short.npy"}, 1,
        "2 weights for 3 ids");
  fails({"--ids", "good.npy", "--offsets", "offsets.npy", "--weights", "floats.npy", "--mode", "max"}, 1,
        "weights");
  fails({"--ids", "cube.npy"}, 1, "3 dimensions");
  fails({"--ids", "missing.npy", "--offsets", "offsets.npy"}, 1, "missing.npy");
  fails({"--ids", "t.txt", "--offsets", "offsets.npy"}, 1, "t.txt");
  CHECK(folder.entries() == before);
}

TEST_CASE("gather: rows of ids of any shape", "[tools]") {
  const TemporaryFolder folder;
  make_table(folder);
  write_array<int32_t>(folder / "ids.npy", "<i4", {2, 2}, {3, 0, -1, 2});
  const auto gathered = windrow_command(
      folder, {"gather", "t.safetensors", "--ids", "ids.npy", "--padding-id", "-1", "-o", "out.npy"});
  INFO(gathered.err);
  REQUIRE(gathered.status == 0);
  CHECK(read_matrix(folder / "out.npy").shape == std::vector<uint64_t>{4, 2});
  CHECK(read_matrix(folder / "out.npy").values == std::vector<float>{3, 30, 0, 0, 0, 0, 2, 20});
  CHECK(windrow_command(folder, {"gather", "t.safetensors", "--ids", "ids.npy", "-o", "out.npy"}).status ==
        1);
  CHECK(windrow_command(
            folder, {"gather", "t.safetensors", "--ids", "ids.npy", "--padding-id", "-1", "-o", "no/out.npy"})
            .status == 1);
  CHECK(windrow_command(
            folder, {"gather", "t.safetensors", "--ids", "ids.npy", "--padding-id", "-1", "-o", "/dev/null"})
            .status == 1);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("nearest: by token and by id, without the row itself", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.txt", "4 2\nnorth 0 1\nnortheast 1 1\neast 2 0\n0 -1 -1\n");
  REQUIRE(windrow_command(folder, {"convert", "t.txt", "t.safetensors"}).status == 0);
  const auto tokens = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"nearest", "t.safetensors", "--json"});
    const auto outcome = windrow_command(folder, more);
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    std::vector<std::string> found;
    for (const auto& entry : nlohmann::json::parse(outcome.out)) found.push_back(entry["token"]);
    return found;
  };
  CHECK(tokens({"north"}) == std::vector<std::string>{"northeast", "east", "0"});
  CHECK(tokens({"0", "-k", "1"}) == std::vector<std::string>{"northeast"});
  CHECK(tokens({"--token", "0", "-k", "1"}) == std::vector<std::string>{"north"});
  CHECK(tokens({"northeast", "--metric", "dot", "-k", "1"}) == std::vector<std::string>{"east"});
  CHECK(windrow_command(folder, {"nearest", "t.safetensors", "north", "-k", "1"}).out ==
        "0.70710677  northeast\n");
  CHECK(windrow_command(folder, {"nearest", "t.safetensors", "south"}).status == 1);
  CHECK(windrow_command(folder, {"nearest", "t.safetensors", "4"}).status == 1);
}
