#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "train/train_fixture.h"

using namespace windrow;

namespace {

constexpr int64_t kRows = 300;
constexpr int kSteps = 100;

}  // namespace

// Steps of 1 on rows of whole numbers: whatever a lookup sees of a value, it is one that the row had, and none comes
// back. No assertion inside the threads.
TEST_CASE("readers: lookups beside steps see values that the rows had, and later ones later", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (size_t way = 0; way < 6; ++way) {
    const ValueType type = kValueTypes[way % 3];
    const size_t dim = way < 3 ? 3 : 29;  // narrower than a vector of any CPU, and of no whole number of vectors
    CAPTURE(static_cast<int>(type), dim);
    make_table(path, format_of(type, dim), std::vector<float>(kRows * dim, 0.0f), Sgd{});
    auto trainer = opened(path, Sgd{.lr = 1});
    std::vector<int64_t> ids, offsets{0, kRows};
    for (int64_t r = 0; r < kRows; ++r) ids.push_back(r);
    const std::vector<float> grads(kRows * dim, -1.0f);

    std::atomic<bool> stop = false;
    std::atomic<int64_t> wrong = 0, lookups = 0;
    const auto read = [&](int threads) {
      const Table table = trainer.table();
      std::vector<float> last(kRows * dim, 0.0f), now(last), sums(dim);
      Bags bags;
      bags.ids = std::span<const int64_t>(ids);
      bags.offsets = std::span<const int64_t>(offsets);
      do {
        if (!gather(table, bags.ids, RowsOut(now, dim), {.threads = threads})) ++wrong;
        for (size_t i = 0; i < now.size(); ++i) wrong += !(now[i] >= last[i] && now[i] == std::floor(now[i]));
        wrong += std::count_if(now.begin(), now.end(), [](float v) { return v > kSteps; });
        last = now;
        if (!pool(table, bags, Pooling::kSum, RowsOut(sums, dim), {.threads = threads})) ++wrong;
        for (const float sum : sums) wrong += !(sum >= 0 && sum <= kRows * kSteps && sum == std::floor(sum));
        ++lookups;
      } while (!stop);
    };
    std::vector<std::thread> readers;
    for (const int threads : {1, 1, 2}) readers.emplace_back(read, threads);
    bool stepped = true;
    for (int s = 0; s < kSteps; ++s) {
      const auto report = trainer.step(std::span<const int64_t>(ids), RowsIn(grads, dim), {.threads = 1 + s % 2});
      stepped = stepped && report;
    }
    stop = true;
    for (auto& reader : readers) reader.join();
    CHECK(stepped);
    CHECK(wrong == 0);
    CHECK(lookups >= 3);
    CHECK(rows_of(trainer.table()) == std::vector<float>(kRows * dim, static_cast<float>(kSteps)));
    REQUIRE(trainer.close());
    const auto report = verify(path);
    REQUIRE(report);
    CHECK(report->bad_blocks.empty());
  }
}
