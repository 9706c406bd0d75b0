#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/hooked_files.h"
#include "support/simulated_files.h"
#include "table/row_counters.h"
#include "train/train_fixture.h"
#include "train/trainer_state.h"
#include "train/undo.h"

using namespace windrow;

namespace {

// Of every row all values are the same, before and after each step: a row that is not so was torn.
constexpr int64_t kRows = 512;  // of 1 KiB: enough for a step to take two threads
constexpr size_t kDim = 256;
const TrainOptions kWhole{.durability = Durability::kProcess, .whole_rows = true};

void make_even_table(const std::string& path, int64_t rows = kRows, size_t dim = kDim) {
  make_table(path, dim, std::vector<float>(static_cast<size_t>(rows) * dim, 0.0f), Sgd{});
}

std::vector<int64_t> all_ids() {
  std::vector<int64_t> ids;
  for (int64_t r = 0; r < kRows; ++r) ids.push_back(r);
  return ids;
}

int64_t torn_rows(const std::vector<float>& rows) {
  int64_t torn = 0;
  for (size_t at = 0; at < rows.size(); at += kDim)
    torn += !std::all_of(rows.begin() + static_cast<ptrdiff_t>(at), rows.begin() + static_cast<ptrdiff_t>(at + kDim),
                         [&](float value) { return value == rows[at]; });
  return torn;
}

std::array<uint8_t, 16> uuid_of(const std::string& path) {
  const auto file = open_table_file(io::posix(), path, io::Access::kRead, "");
  REQUIRE(file);
  return file->slot->uuid;
}

RowCounters counters_of(const std::string& path) {
  auto counters = RowCounters::take(io::posix(), path, uuid_of(path), true);
  REQUIRE(counters);
  return **counters;
}

// Two seconds in each test run, by two threads that read and two that write; WINDROW_HUNT_SECONDS asks for more.
int hunt_seconds() {
  const char* const asked = std::getenv("WINDROW_HUNT_SECONDS");
  return asked ? std::atoi(asked) : 2;
}

struct Hunt {
  std::atomic<int64_t> torn = 0, rows = 0, failed = 0;
};

// Reads by gather and by pool, until told to stop.
void hunt(const Table& table, const std::atomic<bool>& stop, Hunt& hunt) {
  const auto ids = all_ids();
  std::vector<int64_t> offsets = ids;
  offsets.push_back(kRows);
  Bags bags;
  bags.ids = std::span<const int64_t>(ids);
  bags.offsets = std::span<const int64_t>(offsets);
  std::vector<float> rows(kRows * kDim);
  while (!stop) {
    hunt.failed += !gather(table, bags.ids, RowsOut(rows, kDim), {.threads = 1});
    hunt.torn += torn_rows(rows);
    hunt.failed += !pool(table, bags, Pooling::kSum, RowsOut(rows, kDim), {.threads = 1});
    hunt.torn += torn_rows(rows);
    hunt.rows += 2 * kRows;
  }
}

}  // namespace

TEST_CASE("whole rows: no reader finds a torn row", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  Trainer trainer = opened(path, Sgd{.lr = 1}, kWhole);
  const auto ids = all_ids();
  const std::vector<float> grads(kRows * kDim, -1.0f);
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
  // As another process would.
  const auto other = Table::open(path, {.unclean = Unclean::kLive, .whole_rows = true});
  REQUIRE(other);
  std::atomic<bool> stop = false;
  Hunt inside, outside;
  std::thread near([&] { hunt(trainer.table(), stop, inside); });
  std::thread far([&] { hunt(*other, stop, outside); });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(hunt_seconds());
  bool good = true;
  for (int n = 0; std::chrono::steady_clock::now() < end; ++n) {
    good = good && trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim), {.threads = 2});
    if (n % 50 == 20) good = good && trainer.write_rows(std::span<const int64_t>(ids), RowsIn(grads, kDim));
    if (n % 50 == 30) good = good && trainer.rollback();
    if (n % 50 == 40) good = good && trainer.checkpoint();
  }
  stop = true;
  near.join();
  far.join();
  CHECK(good);
  CHECK((inside.torn == 0 && outside.torn == 0));
  CHECK((inside.failed == 0 && outside.failed == 0));
  CHECK((inside.rows > 0 && outside.rows > 0));
}

// Bags whose columns are pooled apart where rows need not be whole: of many ids, by two threads, and wide ones into rows of
// 16 bits.
TEST_CASE("whole rows: also in bags that are shared by columns", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  constexpr size_t kWide = 4096;
  make_even_table(path, 4, kWide);
  Trainer trainer = opened(path, Sgd{.lr = 1}, kWhole);
  std::atomic<bool> stop = false;
  std::atomic<int64_t> torn = 0, looked_up = 0;
  std::thread reader([&] {
    const Table table = trainer.table();
    const std::vector<int64_t> many(200, 1), one = {1}, many_bounds = {0, 200}, one_bounds = {0, 1};
    std::vector<float> sums(kWide);
    std::vector<uint16_t> narrow(kWide);
    std::vector<int64_t> winners(kWide);
    const auto all_same = [](const auto& values) {
      return std::all_of(values.begin(), values.end(), [&](auto value) { return value == values[0]; });
    };
    while (!stop) {
      Bags bags;
      bags.ids = std::span<const int64_t>(many);
      bags.offsets = std::span<const int64_t>(many_bounds);
      torn += !pool(table, bags, Pooling::kSum, RowsOut(sums, kWide), {.threads = 2}) || !all_same(sums);
      torn += !pool_max(table, bags, RowsOut(sums, kWide), winners, {.threads = 2}) || !all_same(sums);
      bags.ids = std::span<const int64_t>(one);
      bags.offsets = std::span<const int64_t>(one_bounds);
      torn += !pool(table, bags, Pooling::kSum, RowsOut(narrow, kWide, ValueType::kBf16)) || !all_same(narrow);
      ++looked_up;
    }
  });
  const std::vector<int64_t> ids = {0, 1, 2, 3};
  const std::vector<float> grads(4 * kWide, -1.0f);
  bool good = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(hunt_seconds());
  while (std::chrono::steady_clock::now() < end || looked_up == 0)
    good = good && trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kWide), {.threads = 1});
  stop = true;
  reader.join();
  CHECK(good);
  CHECK(torn == 0);
}

TEST_CASE("whole rows: a table outlives its trainer, and the death of another", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  Trainer trainer = opened(path, Sgd{}, kWhole);
  const Table table = trainer.table();
  REQUIRE(trainer.close());
  counters_of(path).begin_change(7);  // and never ends
  const std::vector<int64_t> ids = {7};
  std::vector<float> row(kDim);
  CHECK(gather(table, std::span<const int64_t>(ids), RowsOut(row, kDim)).error().code == ErrorCode::kUnclean);
}

TEST_CASE("whole rows: a row that is being changed is waited for", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  Trainer trainer = opened(path, Sgd{}, kWhole);
  const RowCounters counters = *trainer.internals().counters;
  float* const row = reinterpret_cast<float*>(trainer.internals().weights.row(7));
  counters.begin_change(7);
  std::fill_n(row, kDim / 2, 5.0f);
  const std::vector<int64_t> ids = {7};
  std::vector<float> found(kDim);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    (void)gather(trainer.table(), std::span<const int64_t>(ids), RowsOut(found, kDim));
    done = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(!done);
  std::fill_n(row + kDim / 2, kDim / 2, 5.0f);
  counters.end_change(7);
  reader.join();
  CHECK(found == std::vector<float>(kDim, 5.0f));
}

TEST_CASE("whole rows: a row that a trainer died in is an error, until the next one opens the table", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  counters_of(path).begin_change(7);  // and never ends
  const auto table = Table::open(path, {.whole_rows = true});
  REQUIRE(table);
  const std::vector<int64_t> torn = {3, 7, 9}, others = {3, 9}, offsets = {0, 3};
  std::vector<float> rows(3 * kDim), dots(3);
  const auto refused = gather(*table, std::span<const int64_t>(torn), RowsOut(rows, kDim));
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kUnclean);
  Bags bags;
  bags.ids = std::span<const int64_t>(torn);
  bags.offsets = std::span<const int64_t>(offsets);
  const RowsOut one(std::span<float>(rows).first(kDim), kDim);
  const RowsIn vector(std::span<const float>(rows).first(kDim), kDim);
  std::vector<int64_t> winners(kDim);
  CHECK(pool(*table, bags, Pooling::kSum, one).error().code == ErrorCode::kUnclean);
  CHECK(pool_max(*table, bags, one, winners).error().code == ErrorCode::kUnclean);
  CHECK(dot_bags(*table, bags, vector, dots).error().code == ErrorCode::kUnclean);
  const PoolRequest request{&*table, bags, Pooling::kSum, one};
  CHECK(pool_many({&request, 1}).error().code == ErrorCode::kUnclean);
  CHECK(PoolPlan::make({&request, 1}, 1).error().code == ErrorCode::kUnsupported);
  const RowsOut two(std::span<float>(rows).first(2 * kDim), kDim);
  CHECK(gather(*table, std::span<const int64_t>(others), two));
  Trainer trainer = opened(path, Sgd{});
  CHECK(gather(*table, std::span<const int64_t>(torn), RowsOut(rows, kDim)));
}

// Readers must not take a row for whole before it is.
TEST_CASE("whole rows: a row that a trainer died in counts as torn until it is put back", "[train][whole]") {
  constexpr const char* kPath = "folder/t";
  SimulatedFiles files(1);
  {
    const TemporaryFolder folder;
    make_even_table(folder / "t");
    files.put(kPath, read_all(folder / "t"));
  }
  std::array<uint8_t, 16> uuid;
  {
    auto state = open_trainer(files, kPath, Sgd{.lr = 1}, kWhole);
    REQUIRE(state);
    uuid = (*state)->file.slot->uuid;
    Trainer trainer(std::move(*state));
    const std::vector<int64_t> ids = {7};
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(std::vector<float>(kDim, 1.0f), kDim)));
    trainer.internals().counters->begin_change(7);  // and never ends
  }
  const auto is_torn = [&] {
    const auto counters = RowCounters::find(files, kPath, uuid);
    REQUIRE((counters && *counters));
    return RowCounters::is_changing((*counters)->before_read(7));
  };
  int writes = 0;
  HookedFiles hooked(files, [&](const char* call, const std::string& path) -> std::optional<Error> {
    if (call == std::string("write") && path == kPath && writes++ == 0) CHECK(is_torn());
    return std::nullopt;
  });
  REQUIRE(open_clean(hooked, kPath));
  CHECK(writes > 0);
  CHECK(!is_torn());
}

TEST_CASE("whole rows: rows that are accepted as they are count as whole", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  {
    Trainer trainer = opened(path, Sgd{.lr = 1}, {.whole_rows = true});
    const std::vector<int64_t> ids = {7};
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(std::vector<float>(kDim, 1.0f), kDim)));
    trainer.internals().counters->begin_change(7);  // and never ends
  }
  REQUIRE(recover(path, {.accept_mixed = true}));
  const auto table = Table::open(path, {.whole_rows = true});
  REQUIRE(table);
  const std::vector<int64_t> ids = {7};
  std::vector<float> row(kDim);
  CHECK(gather(*table, std::span<const int64_t>(ids), RowsOut(row, kDim)));
}

TEST_CASE("whole rows: lookups have the same bits", "[train][whole]") {
  for (const auto& format : {RowFormat::f32(7), RowFormat::f16(24).padded_to_lines(), RowFormat::bf16(3000)}) {
    const TemporaryFolder folder;
    const auto path = folder / "t.safetensors";
    const auto dim = static_cast<size_t>(format.dim);
    make_table(path, format, random_values(100 * dim, 1), {});
    (void)counters_of(path);
    const auto plain = Table::open(path), whole = Table::open(path, {.whole_rows = true});
    REQUIRE((plain && whole));
    std::vector<int64_t> ids, offsets = {0, 0, 290, 300};
    for (int64_t i = 0; i < 300; ++i) ids.push_back(i * i % 101 - 1);  // -1 is padding
    Bags bags;
    bags.ids = std::span<const int64_t>(ids);
    bags.offsets = std::span<const int64_t>(offsets);
    const auto weights = random_values(ids.size(), 2);
    const auto look_up = [&](const Table& table) {
      std::vector<float> gathered(ids.size() * dim), sums(3 * dim), means(3 * dim), best(3 * dim), dots(ids.size());
      std::vector<int64_t> winners(3 * dim);
      const LookupOptions options{.padding_id = -1};
      REQUIRE(gather(table, bags.ids, RowsOut(gathered, dim), options));
      REQUIRE(pool(table, bags, Pooling::kMean, RowsOut(means, dim), options));
      REQUIRE(pool_max(table, bags, RowsOut(best, dim), winners, options));
      REQUIRE(dot_bags(table, bags, RowsIn(means, dim), dots, options));
      Bags weighted = bags;
      weighted.weights = weights;
      REQUIRE(pool(table, weighted, Pooling::kSum, RowsOut(sums, dim), options));
      for (const auto* more : {&sums, &means, &best, &dots}) gathered.insert(gathered.end(), more->begin(), more->end());
      gathered.insert(gathered.end(), winners.begin(), winners.end());
      return gathered;
    };
    CHECK(first_difference(look_up(*plain), look_up(*whole)) == -1);
  }
}

TEST_CASE("whole rows: not without counters, nor of rows that are too long", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path, 3, 10'000);
  const auto none = Table::open(path, {.whole_rows = true});
  REQUIRE(!none);
  CHECK(none.error().code == ErrorCode::kUnsupported);
  (void)counters_of(path);
  CHECK(Table::open(path, {.whole_rows = true}).error().code == ErrorCode::kUnsupported);
  CHECK(Trainer::open(path, Sgd{}, kWhole).error().code == ErrorCode::kUnsupported);
  CHECK(Table::open(path));
  const std::vector<std::string> twice = {path, path};
  CHECK(Table::open(twice, {.whole_rows = true}).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("whole rows: counters stay, are private, and are made anew when they are another's", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_even_table(path);
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  {
    Trainer trainer = opened(path, Sgd{}, kWhole);
    REQUIRE(trainer.close());
  }
  const auto counters = path + "-seq";
  CHECK(std::filesystem::file_size(counters) == 4096 + 4 * 65536);
  CHECK(std::filesystem::status(counters).permissions() == std::filesystem::perms(0600));
  CHECK(verify(path)->leftovers.empty());
  {
    // Also who does not ask for them keeps them, but its own readers are as before.
    Trainer trainer = opened(path, Sgd{});
    CHECK(trainer.internals().counters);
    CHECK(!trainer.table().internals().whole);
  }
  std::filesystem::resize_file(counters, 5000);
  CHECK(Table::open(path, {.whole_rows = true}).error().code == ErrorCode::kUnsupported);
  CHECK(!opened(path, Sgd{}).internals().counters);
  CHECK(opened(path, Sgd{}, kWhole).internals().counters);
  CHECK(Table::open(path, {.whole_rows = true}));
  std::fstream(counters, std::ios::binary | std::ios::in | std::ios::out).seekp(20).put('x');
  CHECK(!opened(path, Sgd{}).internals().counters);
}

TEST_CASE("whole rows: a delta that is applied in place changes rows whole", "[train][whole]") {
  const TemporaryFolder folder;
  const auto path = folder / "t", copy = folder / "copy";
  make_even_table(path);
  std::filesystem::copy_file(path, copy);
  {
    Trainer trainer = opened(path, Sgd{.lr = 1}, {.durability = Durability::kProcess});
    const auto ids = all_ids();
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(std::vector<float>(kRows * kDim, -1.0f), kDim)));
    REQUIRE(trainer.checkpoint("x", {.delta_path = folder / "delta"}));
    REQUIRE(trainer.close("x"));
  }
  (void)counters_of(copy);
  const auto table = Table::open(copy, {.whole_rows = true});
  REQUIRE(table);
  std::atomic<bool> stop = false;
  Hunt found;
  std::thread reader([&] { hunt(*table, stop, found); });
  while (found.rows == 0) std::this_thread::yield();
  const auto applied = apply_delta(copy, folder / "delta");
  stop = true;
  reader.join();
  REQUIRE(applied);
  CHECK((found.torn == 0 && found.failed == 0));
  CHECK(rows_of(*table) == std::vector<float>(kRows * kDim, 1.0f));
}
