#include <windrow/trainer.h>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

namespace {

void create(const TemporaryFolder& folder) {
  REQUIRE(windrow_command(folder,
                          {"create", "t.safetensors", "--rows", "10000", "--dim", "4", "--optimizer", "sgd"})
              .status == 0);
}

// A trainer that dies after a step.
void leave_unclean(const std::string& path) {
  auto trainer = windrow::Trainer::open(path, windrow::Sgd{});
  REQUIRE(trainer);
  const std::vector<int64_t> ids = {1};
  const std::vector<float> grads(4, 1.0f);
  REQUIRE(trainer->step(std::span<const int64_t>(ids), windrow::RowsIn(grads, 4)));
}

}  // namespace

TEST_CASE("verify: a good table, and one with a changed byte", "[tools]") {
  const TemporaryFolder folder;
  create(folder);
  const auto good = windrow_command(folder, {"verify", "t.safetensors"});
  CHECK(good.status == 0);
  CHECK(good.says(" 0 bad"));
  std::string bytes = read_text(folder / "t.safetensors");
  bytes[bytes.size() / 2] ^= 1;
  write_bytes(folder / "t.safetensors", bytes);
  const auto bad = windrow_command(folder, {"verify", "t.safetensors"});
  CHECK(bad.status == 1);
  CHECK(bad.says("bad block of weight: bytes "));
  CHECK(bad.says(" 1 bad"));
  const auto json = windrow_command(folder, {"verify", "t.safetensors", "--json"});
  CHECK(json.status == 1);
  CHECK(nlohmann::json::parse(json.out)["bad_blocks"].size() == 1);
}

TEST_CASE("recover: a table that a trainer died with", "[tools]") {
  const TemporaryFolder folder;
  create(folder);
  const auto clean = windrow_command(folder, {"recover", "t.safetensors"});
  CHECK(clean.status == 0);
  CHECK(clean.says("nothing was done"));

  leave_unclean(folder / "t.safetensors");
  const auto info = windrow_command(folder, {"info", "t.safetensors"});
  CHECK(info.status == 0);
  CHECK(info.says("a trainer died with it"));
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"lookup", "t.safetensors", "0"}, {"verify", "t.safetensors"}, {"recover", "t.safetensors"}}) {
    const auto refused = windrow_command(folder, arguments);
    CHECK(refused.status == 1);
    CHECK(refused.says("trainer"));
  }
  const auto recovered = windrow_command(folder, {"recover", "t.safetensors", "--accept-mixed"});
  INFO(recovered.err);
  CHECK(recovered.status == 0);
  CHECK(recovered.says("mixed"));
  CHECK(windrow_command(folder, {"verify", "t.safetensors"}).status == 0);
  CHECK(windrow_command(folder, {"info", "t.safetensors"}).says("mixed"));
  CHECK(folder.entries() == 1);
}

TEST_CASE("info and recover: while a trainer works on the table", "[tools]") {
  const TemporaryFolder folder;
  create(folder);
  auto trainer = windrow::Trainer::open(folder / "t.safetensors", windrow::Sgd{});
  REQUIRE(trainer);
  const std::vector<int64_t> ids = {1};
  const std::vector<float> grads(4, 1.0f);
  REQUIRE(trainer->step(std::span<const int64_t>(ids), windrow::RowsIn(grads, 4)));
  CHECK(windrow_command(folder, {"info", "t.safetensors"}).says("a trainer is working on it"));
  CHECK(windrow_command(folder, {"recover", "t.safetensors", "--accept-mixed"}).status == 1);
  REQUIRE(trainer->close("nightly"));
  const auto json = nlohmann::json::parse(windrow_command(folder, {"info", "t.safetensors", "--json"}).out);
  CHECK(json["tag"] == "nightly");
  CHECK(json["clean"] == true);
}
