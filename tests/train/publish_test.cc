#include <filesystem>

#include "train/train_fixture.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 6;
constexpr int64_t kRows = 300;
const Optimizer kSgd = Sgd{.lr = 0.5};

void step(Trainer& trainer) {
  const std::vector<int64_t> ids = {1, 2, 3};
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(3 * kDim, 1), kDim)));
}

}  // namespace

TEST_CASE("publish: readers keep the old table until they open the name again", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "training", target = folder / "serving";
  make_table(path, kDim, random_values(kRows * kDim, 1), kSgd);
  REQUIRE(publish(path, target));
  CHECK(read_all(target) == read_all(path));
  const auto old = Table::open(target);
  REQUIRE(old);
  const auto before = rows_of(*old);
  {
    Trainer trainer = opened(path, kSgd, {.durability = Durability::kProcess});
    step(trainer);
    const auto refused = publish(path, target);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kUnclean);
    REQUIRE(trainer.close("next"));
  }
  REQUIRE(publish(path, target));
  CHECK(rows_of(*old) == before);
  const auto next = Table::open(target);
  REQUIRE(next);
  CHECK(rows_of(*next) == tensor_of(path, "weight"));
  CHECK(rows_of(*next) != before);
  CHECK(folder.entries() == 2);
}

TEST_CASE("publish: not onto itself, nor over a table that is trained, nor what is no table", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "a", target = folder / "b";
  make_table(path, kDim, random_values(kRows * kDim, 1), kSgd);
  make_table(target, kDim, random_values(kRows * kDim, 2), kSgd);
  CHECK(publish(path, path).error().code == ErrorCode::kInvalidArgument);
  CHECK(publish(folder / "none", target).error().code == ErrorCode::kNotFound);
  write_text(folder / "text", "no table");
  CHECK(publish(folder / "text", target).error().code == ErrorCode::kFormat);
  Trainer trainer = opened(target, kSgd);
  CHECK(publish(path, target).error().code == ErrorCode::kBusy);
  CHECK(folder.entries() == 3);
}

TEST_CASE("publish: stopped, it leaves nothing; permissions go along", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "a", target = folder / "b";
  make_table(path, kDim, random_values(kRows * kDim, 1), kSgd);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  uint64_t done = 0, total = 0;
  const auto stopped = publish(path, target, [&](uint64_t at, uint64_t of) {
    done = at;
    total = of;
    return false;
  });
  REQUIRE(!stopped);
  CHECK(stopped.error().code == ErrorCode::kIo);
  CHECK((done == total && total == std::filesystem::file_size(path)));
  CHECK(folder.entries() == 1);
  REQUIRE(publish(path, target));
  CHECK(std::filesystem::status(target).permissions() == std::filesystem::perms(0600));
}
