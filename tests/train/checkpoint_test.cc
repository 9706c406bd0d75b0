#include <filesystem>
#include <fstream>

#include "train/journal.h"
#include "train/train_fixture.h"
#include "train/trainer_state.h"

using namespace windrow;

namespace {

const Optimizer kAdagrad = Adagrad{.lr = 0.1};
constexpr size_t kDim = 4;
constexpr int64_t kRows = 500;

class Training {
 public:
  Training() { make_table(path, kDim, random_values(kRows * kDim, 1), kAdagrad); }

  Trainer open(Durability durability) const { return opened(path, kAdagrad, {.durability = durability}); }
  std::vector<float> weights() const { return tensor_of(path, "weight"); }
  std::vector<float> state() const { return tensor_of(path, "optimizer.sum"); }
  bool has_journals() const {
    return std::filesystem::exists(journal_path(path, 0)) || std::filesystem::exists(journal_path(path, 1));
  }

  const TemporaryFolder folder;
  const std::string path = folder / "t.safetensors";
};

void step(Trainer& trainer, uint32_t seed) {
  std::vector<int64_t> ids;
  for (uint32_t i = 0; i < 40; ++i) ids.push_back(static_cast<int64_t>((seed * 7919 + i * i * 31) % kRows));
  const auto grads = random_values(ids.size() * kDim, seed);
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
}

struct State {
  std::vector<float> weights, state;
  int64_t steps;
  bool operator==(const State&) const = default;
};

State state_of(const Training& training, const Trainer& trainer) {
  return {training.weights(), training.state(), trainer.step_count()};
}

}  // namespace

TEST_CASE("checkpoint: what a trainer that dies leaves is the last one, weights and state together", "[train]") {
  for (const Durability durability : {Durability::kProcess, Durability::kPower}) {
    const Training training;
    State kept;
    {
      Trainer trainer = training.open(durability);
      CHECK(!trainer.was_restored());
      step(trainer, 1);
      step(trainer, 2);
      REQUIRE(trainer.checkpoint("two"));
      CHECK(trainer.last_checkpoint().tag == "two");
      CHECK(trainer.last_checkpoint().step_count == 2);
      kept = state_of(training, trainer);
      step(trainer, 3);
      step(trainer, 1);
      CHECK(state_of(training, trainer) != kept);
    }  // without close()
    CHECK(training.has_journals());
    CHECK(Table::open(training.path).error().code == ErrorCode::kUnclean);
    Trainer trainer = training.open(durability);
    CHECK(trainer.was_restored());
    CHECK(trainer.last_checkpoint().tag == "two");
    CHECK(state_of(training, trainer) == kept);
    REQUIRE(trainer.close("three"));
    CHECK(!training.has_journals());
    CHECK(verify(training.path)->bad_blocks.empty());
  }
}

TEST_CASE("checkpoint: without any, a trainer that dies leaves what it opened", "[train]") {
  const Training training;
  const auto before = training.weights();
  {
    Trainer trainer = training.open(Durability::kProcess);
    step(trainer, 1);
    CHECK(training.weights() != before);
  }
  const auto report = recover(training.path);
  REQUIRE(report);
  CHECK((!report->was_clean && !report->mixed && report->rows_restored > 0));
  CHECK(training.weights() == before);
  CHECK(!training.has_journals());
  CHECK(verify(training.path)->bad_blocks.empty());
  CHECK(recover(training.path)->was_clean);
}

TEST_CASE("checkpoint: in the background, while steps go on", "[train]") {
  const Training training;
  State kept;
  {
    Trainer trainer = training.open(Durability::kPower);
    for (uint32_t i = 0; i < 20; ++i) {
      step(trainer, i);
      kept = state_of(training, trainer);
      REQUIRE(trainer.checkpoint(std::to_string(i), {.in_background = true}));
      step(trainer, 100 + i);
    }
    REQUIRE(trainer.end_checkpoint());
    CHECK(trainer.last_checkpoint().tag == "19");
    CHECK(trainer.last_checkpoint().step_count == 39);
  }
  Trainer trainer = training.open(Durability::kPower);
  CHECK(state_of(training, trainer) == kept);
  REQUIRE(trainer.close());
  CHECK(verify(training.path)->bad_blocks.empty());
}

TEST_CASE("checkpoint: one in the background that is done is noticed by the next step", "[train]") {
  const Training training;
  Trainer trainer = training.open(Durability::kProcess);
  step(trainer, 1);
  REQUIRE(trainer.checkpoint("done", {.in_background = true}));
  trainer.internals().ending.wait();
  CHECK(trainer.last_checkpoint().tag.empty());
  step(trainer, 2);
  CHECK(trainer.last_checkpoint().tag == "done");
}

TEST_CASE("checkpoint: a trainer without a journal keeps nothing ahead", "[train]") {
  const Training training;
  const auto before = read_all(training.path);
  Trainer trainer = training.open(Durability::kNone);
  const std::vector<int64_t> ids = {1, 2};
  REQUIRE(trainer.prepare(std::span<const int64_t>(ids)));
  CHECK(read_all(training.path) == before);
}

TEST_CASE("checkpoint: rows that are kept ahead are kept once, and steps are the same", "[train]") {
  const Training plain, ahead;
  Trainer one = plain.open(Durability::kPower), other = ahead.open(Durability::kPower);
  std::vector<std::vector<int64_t>> batches(30);
  for (size_t b = 0; b < batches.size(); ++b) {
    for (int64_t i = 0; i < 50; ++i) batches[b].push_back(static_cast<int64_t>((b * 37 + i * i * 3) % kRows));
  }
  const auto grads = random_values(50 * kDim, 3);
  const std::vector<int64_t> bad = {-1, kRows, 3};
  REQUIRE(other.prepare(std::span<const int64_t>(bad)));
  for (size_t b = 0; b < batches.size(); ++b) {
    if (b + 1 < batches.size()) REQUIRE(other.prepare(std::span<const int64_t>(batches[b + 1])));
    for (Trainer* trainer : {&one, &other})
      REQUIRE(trainer->step(std::span<const int64_t>(batches[b]), RowsIn(grads, kDim)));
    if (b == 12) {
      REQUIRE(one.checkpoint("twelve"));
      REQUIRE(other.checkpoint("twelve"));
    }
  }
  CHECK(state_of(plain, one) == state_of(ahead, other));
  REQUIRE(one.rollback());
  REQUIRE(other.rollback());
  CHECK(one.step_count() == 13);
  CHECK(state_of(plain, one) == state_of(ahead, other));
  REQUIRE(one.close());
  REQUIRE(other.prepare(std::span<const int64_t>(batches[0])));
  REQUIRE(other.close());
  CHECK(other.prepare(std::span<const int64_t>(batches[0])).error().code == ErrorCode::kPoisoned);
}

TEST_CASE("checkpoint: rollback goes back, as often as one likes", "[train]") {
  const Training training;
  Trainer trainer = training.open(Durability::kProcess);
  const State at_open = state_of(training, trainer);
  REQUIRE(trainer.rollback());  // nothing has changed
  step(trainer, 1);
  REQUIRE(trainer.rollback());
  CHECK(state_of(training, trainer) == at_open);
  step(trainer, 2);
  REQUIRE(trainer.checkpoint("two"));
  const State two = state_of(training, trainer);
  for (uint32_t i = 0; i < 3; ++i) {
    step(trainer, 3 + i);
    step(trainer, 2);
    const std::vector<int64_t> ids = {1, 2};
    REQUIRE(trainer.write_rows(std::span<const int64_t>(ids), RowsIn(random_values(2 * kDim, i), kDim)));
    REQUIRE(trainer.rollback());
    CHECK(state_of(training, trainer) == two);
  }
  // What follows is what would have followed.
  step(trainer, 9);
  const State after = state_of(training, trainer);
  REQUIRE(trainer.rollback());
  step(trainer, 9);
  CHECK(state_of(training, trainer) == after);
  REQUIRE(trainer.close());
}

TEST_CASE("checkpoint: a trainer without a journal has checkpoints, but no way back", "[train]") {
  const Training training;
  {
    Trainer trainer = training.open(Durability::kNone);
    step(trainer, 1);
    REQUIRE(trainer.checkpoint("one"));
    CHECK(!training.has_journals());
    const auto back = trainer.rollback();
    REQUIRE(!back);
    CHECK(back.error().code == ErrorCode::kUnsupported);
    step(trainer, 2);
  }
  CHECK(Trainer::open(training.path, kAdagrad, {.durability = Durability::kPower}).error().code == ErrorCode::kUnclean);
}

TEST_CASE("checkpoint: a trainer that changes nothing leaves the file as it was", "[train]") {
  const Training training;
  const auto before = read_all(training.path);
  {
    Trainer trainer = training.open(Durability::kPower);
    REQUIRE(trainer.rollback());
  }
  CHECK(read_all(training.path) == before);
  CHECK(!training.has_journals());
  Trainer trainer = training.open(Durability::kPower);
  REQUIRE(trainer.checkpoint("as it was"));
  CHECK(trainer.last_checkpoint().tag == "as it was");
  CHECK(Table::open(training.path));  // clean
  CHECK(trainer.checkpoint(std::string(257, 'x')).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("checkpoint: a full journal fails the step, and a checkpoint empties it", "[train]") {
  const Training training;
  Trainer trainer = opened(training.path, kAdagrad, {.durability = Durability::kProcess, .journal_limit_bytes = 32768});
  step(trainer, 0);
  for (uint32_t i = 1; i < 100; ++i) {
    const State before = state_of(training, trainer);
    std::vector<int64_t> ids(kRows);
    for (int64_t r = 0; r < kRows; ++r) ids[static_cast<size_t>(r)] = r;
    const auto grads = random_values(ids.size() * kDim, i);
    const auto some_ids = std::span<const int64_t>(ids).first(5 * i);
    const auto taken = trainer.step(some_ids, RowsIn(std::span(grads).first(5 * i * kDim), kDim));
    if (taken) continue;
    CHECK(taken.error().code == ErrorCode::kJournalFull);
    CHECK(state_of(training, trainer) == before);
    REQUIRE(trainer.checkpoint("emptied"));
    step(trainer, 1);
    REQUIRE(trainer.rollback());
    CHECK(state_of(training, trainer) == before);
    REQUIRE(trainer.close());
    return;
  }
  FAIL("the journal was never full");
}

TEST_CASE("checkpoint: journals that are missing, of another table or damaged are told apart", "[train]") {
  const Training training;
  {
    Trainer trainer = training.open(Durability::kPower);
    step(trainer, 1);
    step(trainer, 2);
    step(trainer, 3);
  }
  const std::string odd = journal_path(training.path, 1), even = journal_path(training.path, 0);
  const auto table = read_all(training.path), journal = read_all(odd), other = read_all(even);
  const auto check = [&](ErrorCode code) {
    const auto trainer = Trainer::open(training.path, kAdagrad, {.durability = Durability::kPower});
    REQUIRE(!trainer);
    INFO(trainer.error().message);
    CHECK(trainer.error().code == code);
    CHECK(read_all(training.path) == table);
    CHECK(recover(training.path).error().code == code);
  };
  const auto write = [](const std::string& path, const auto& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  std::filesystem::remove(odd);
  check(ErrorCode::kJournalMissing);
  write(odd, other);  // the one of even epochs
  check(ErrorCode::kJournalMismatch);
  auto bad = journal;
  bad[3] ^= 1;
  write(odd, bad);
  check(ErrorCode::kJournalCorrupt);
  bad = journal;
  bad[kJournalPage + 100] ^= 1;  // the first chunk, behind which others were synced
  write(odd, bad);
  check(ErrorCode::kJournalCorrupt);
  write(odd, std::vector<uint8_t>(journal.begin(), journal.begin() + 100));
  check(ErrorCode::kJournalCorrupt);
  // Rows are taken as they are where there is no way back, and for no other reason.
  std::filesystem::remove(odd);
  std::filesystem::create_directory(odd);
  CHECK(recover(training.path, {.accept_mixed = true}).error().code == ErrorCode::kIo);
  std::filesystem::remove(odd);

  SECTION("the journal is found again") {
    write(odd, journal);
    REQUIRE(recover(training.path));
    CHECK(training.weights() == random_values(kRows * kDim, 1));
  }
  SECTION("the rows are taken as they are") {
    const auto left = GENERATE(0, 1, 2);
    if (left == 1) write(odd, other);
    if (left == 2) write(odd, bad);
    const auto recovered = recover(training.path, {.accept_mixed = true});
    REQUIRE(recovered);
    CHECK(recovered->mixed);
    CHECK(!training.has_journals());
    CHECK(verify(training.path)->bad_blocks.empty());
  }
}

// A copy that was made while a trainer was at work is put back beside journals that go on from it.
TEST_CASE("checkpoint: an older copy of a table is not put back by later journals", "[train]") {
  const Training training;
  const std::string copy = training.folder / "copy";
  const auto put_copy_back = [&] {
    REQUIRE(std::filesystem::copy_file(copy, training.path, std::filesystem::copy_options::overwrite_existing));
    const auto recovered = recover(training.path);
    REQUIRE(!recovered);
    INFO(recovered.error().message);
    CHECK(recovered.error().code == ErrorCode::kJournalMismatch);
    CHECK(read_all(training.path) == read_all(copy));
    CHECK(training.has_journals());
  };
  {
    Trainer trainer = training.open(Durability::kPower);
    step(trainer, 1);
    std::filesystem::copy_file(training.path, copy);
    SECTION("of the same trainer, some checkpoints later") {
      for (uint32_t seed : {2, 3, 4}) {
        REQUIRE(trainer.checkpoint());
        step(trainer, seed);
      }
    }
    SECTION("of the next trainer") {
      REQUIRE(trainer.close());
      trainer = training.open(Durability::kPower);
      step(trainer, 2);
    }
  }
  put_copy_back();
}

TEST_CASE("checkpoint: journals have the permissions of the table, and do not follow links", "[train]") {
  const Training training;
  using std::filesystem::perms;
  const perms own = perms::owner_read | perms::owner_write;
  std::filesystem::permissions(training.path, own);
  std::ofstream(training.folder / "victim") << "untouched";
  std::filesystem::create_symlink(training.folder / "victim", journal_path(training.path, 0));
  std::filesystem::create_symlink(training.folder / "nowhere", journal_path(training.path, 1));
  Trainer trainer = training.open(Durability::kPower);
  step(trainer, 1);
  for (const uint64_t number : {0, 1}) {
    const auto status = std::filesystem::symlink_status(journal_path(training.path, number));
    CHECK(std::filesystem::is_regular_file(status));
    CHECK(status.permissions() == own);
  }
  CHECK(read_all(training.folder / "victim").size() == 9);
  REQUIRE(trainer.close());
}

TEST_CASE("checkpoint: a trainer whose table has lost its name makes no journals, and removes none", "[train]") {
  const Training training;
  {
    Trainer trainer = training.open(Durability::kProcess);
    std::filesystem::rename(training.path, training.folder / "moved");
    make_table(training.path, kDim, random_values(kRows * kDim, 2), kAdagrad);
    const std::vector<int64_t> ids = {1};
    const auto taken = trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(kDim, 1), kDim));
    REQUIRE(!taken);
    CHECK(taken.error().code == ErrorCode::kBusy);
    CHECK(!training.has_journals());
    REQUIRE(trainer.close());
  }
  Trainer first = training.open(Durability::kProcess);
  step(first, 1);
  std::filesystem::rename(training.path, training.folder / "elsewhere");
  make_table(training.path, kDim, random_values(kRows * kDim, 3), kAdagrad);
  REQUIRE(first.close());
  CHECK(training.has_journals());
}

TEST_CASE("checkpoint: what is left beside a clean table means nothing", "[train]") {
  const Training training;
  std::vector<uint8_t> left;
  {
    Trainer trainer = training.open(Durability::kProcess);
    step(trainer, 1);
    left = read_all(journal_path(training.path, 1));
    REQUIRE(trainer.close("closed"));
  }
  const auto closed = training.weights();
  std::ofstream(journal_path(training.path, 1), std::ios::binary)
      .write(reinterpret_cast<const char*>(left.data()), static_cast<std::streamsize>(left.size()));
  std::ofstream(journal_path(training.path, 0)) << "anything";
  CHECK(Table::open(training.path));
  CHECK(verify(training.path)->leftovers == std::vector<std::string>{"t.safetensors-undo0", "t.safetensors-undo1"});
  Trainer trainer = training.open(Durability::kProcess);
  CHECK(training.weights() == closed);
  step(trainer, 2);
  REQUIRE(trainer.rollback());
  CHECK(training.weights() == closed);
  REQUIRE(trainer.close());
  CHECK(!training.has_journals());
}
