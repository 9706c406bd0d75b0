#include <algorithm>
#include <limits>

#include "support/targets.h"
#include "train/train_fixture.h"

using namespace windrow;

namespace {

struct Kind {
  const char* name;
  bool bags;
  Pooling pooling;
  bool weighted;
};
constexpr Kind kKinds[] = {
    {"per id", false, Pooling::kSum, false},     {"sum", true, Pooling::kSum, false},
    {"mean", true, Pooling::kMean, false},       {"max", true, Pooling::kMax, false},
    {"weighted sum", true, Pooling::kSum, true}, {"weighted mean", true, Pooling::kMean, true},
};

// Bags of 0, 1, 2 and 37 ids with many repeats, the first and the last row among them.
ReferenceRequest small_request(const Kind& kind, int64_t rows, size_t dim, bool padded, uint32_t seed) {
  std::mt19937 random(seed);
  ReferenceRequest request;
  request.pooling = kind.pooling;
  if (padded) request.padding_id = 3;
  std::vector<int64_t> offsets{0};
  for (const int64_t length : {0, 1, 2, 37, 0, 5, 1}) offsets.push_back(offsets.back() + length);
  for (int64_t i = 0; i < offsets.back(); ++i) {
    request.ids.push_back(random() % 3 ? static_cast<int64_t>(random()) % rows : random() % 2 ? 0 : rows - 1);
  }
  if (padded) request.ids[0] = 3;  // a bag of padding alone
  if (kind.bags) request.offsets = offsets;
  if (kind.weighted) request.weights = random_values(request.ids.size(), seed + 1);
  const size_t grads = kind.bags ? offsets.size() - 1 : request.ids.size();
  request.grads = random_values(grads * dim, seed + 2);
  return request;
}

const Optimizer kOptimizers[] = {Sgd{.lr = 0.1}, Adagrad{.lr = 0.1, .lr_decay = 0.5},
                                 Adagrad{.initial_accumulator = 0.1, .eps = 1e-7, .eps_inside = true}};

void check_equal(const ReferenceTable& expected, const Trainer& trainer, const std::string& path) {
  CHECK(first_difference(rows_of(trainer.table()), expected.weights) == -1);
  // The mapping is shared: what the file says is what the trainer has written, before any sync.
  CHECK(first_difference(tensor_of(path, "optimizer.sum"), expected.states) == -1);
  CHECK(trainer.step_count() == expected.steps);
}

}  // namespace

TEST_CASE("step: equals the reference for every dim, pooling and optimiser, on every target", "[train]") {
  constexpr int64_t kRows = 40;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    for (const size_t dim : {1, 3, 8, 15, 16, 17, 31, 64, 85, 129}) {
      for (const auto& optimizer : kOptimizers) {
        const auto weights = random_values(kRows * dim, 11);
        make_table(path, dim, weights, optimizer, dim % 2 == 0);
        auto expected = reference_of(dim, weights, optimizer);
        auto trainer = Trainer::open(path, optimizer);
        REQUIRE(trainer);
        for (const auto& kind : kKinds) {
          for (const bool padded : {false, true}) {
            CAPTURE(dim, optimizer.index(), kind.name, padded);
            const auto request = small_request(kind, kRows, dim, padded, static_cast<uint32_t>(dim));
            const auto touched = reference_step(expected, request, optimizer);
            const auto report = step(*trainer, request, dim);
            REQUIRE(report);
            CHECK(report->ids == 46);
            CHECK(report->used_ids ==
                  46 - std::count(request.ids.begin(), request.ids.end(), padded ? 3 : -1));
            CHECK(report->rows_touched == static_cast<int64_t>(touched));
            CHECK(report->step_count == expected.steps);
            check_equal(expected, *trainer, path);
          }
        }
        REQUIRE(trainer->close());
      }
    }
  }
}

TEST_CASE("step: a batch whose half is one id gives the same bits for every number of threads", "[train]") {
  constexpr int64_t kRows = 5000;
  constexpr size_t kIds = 100'000, kDim = 20;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const Optimizer optimizer = Adagrad{.lr = 0.1};
  const auto weights = random_values(kRows * kDim, 3);
  for (const auto& kind : kKinds) {
    DYNAMIC_SECTION(kind.name) {
      std::mt19937 random(5);
      ReferenceRequest request;
      request.pooling = kind.pooling;
      request.padding_id = 17;
      for (size_t i = 0; i < kIds; ++i)
        request.ids.push_back(random() % 2 ? 4321 : static_cast<int64_t>(random()) % kRows);
      if (kind.bags) {
        // One huge bag between small ones.
        for (int64_t at = 0; at < 30'000; at += 7) request.offsets.push_back(at);
        for (int64_t at = 90'000; at <= 100'000; at += 50) request.offsets.push_back(at);
      }
      if (kind.weighted) request.weights = random_values(kIds, 6);
      request.grads = random_values((kind.bags ? request.offsets.size() - 1 : kIds) * kDim, 7);
      auto expected = reference_of(kDim, weights, optimizer);
      reference_step(expected, request, optimizer);

      for (const auto target : every_target()) {
        for (const int threads : {1, 2, 3, 8}) {
          // Every thread count on the best target, which is the first; one on the others.
          if (target != every_target().front() && threads != 3) continue;
          const ScopedTarget scope(target);
          CAPTURE(hwy::TargetName(target), threads);
          make_table(path, kDim, weights, optimizer);
          auto trainer = Trainer::open(path, optimizer);
          REQUIRE(trainer);
          REQUIRE(step(*trainer, request, kDim, threads));
          check_equal(expected, *trainer, path);
        }
      }
    }
  }
}

TEST_CASE("step: threads share steps of many distinct rows without changing a bit", "[train]") {
  constexpr int64_t kRows = 70'000;  // 17 row bits: two passes of the sort
  constexpr size_t kIds = 40'000, kDim = 8;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const auto weights = random_values(kRows * kDim, 3);
  std::mt19937 random(5);
  ReferenceRequest request;
  for (size_t i = 0; i < kIds; ++i) request.ids.push_back(static_cast<int64_t>(random()) % kRows);
  for (size_t at = 0; at <= kIds; at += 32) request.offsets.push_back(static_cast<int64_t>(at));
  request.grads = random_values((request.offsets.size() - 1) * kDim, 7);
  auto expected = reference_of(kDim, weights, Sgd{});
  reference_step(expected, request, Sgd{});
  for (const int threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    make_table(path, kDim, weights, Sgd{});
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    REQUIRE(step(*trainer, request, kDim, threads));
    check_equal(expected, *trainer, path);
  }
}

TEST_CASE("step: 32-bit ids, lengths and wider gradient rows mean the same", "[train]") {
  constexpr size_t kDim = 5;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const auto weights = random_values(10 * kDim, 3);
  make_table(path, kDim, weights, Sgd{});
  auto expected = reference_of(kDim, weights, Sgd{});
  ReferenceRequest request;
  request.ids = {1, 2, 1, 9};
  request.offsets = {0, 3, 3, 4};
  request.grads = random_values(3 * kDim, 4);
  reference_step(expected, request, Sgd{});

  std::vector<float> wide(3 * 8, 99.0f);
  for (size_t b = 0; b < 3; ++b)
    std::copy_n(request.grads.begin() + static_cast<std::ptrdiff_t>(b * kDim), kDim,
                wide.begin() + static_cast<std::ptrdiff_t>(b * 8));
  const std::vector<int32_t> ids = {1, 2, 1, 9}, lengths = {3, 0, 1};
  Bags bags;
  bags.ids = std::span<const int32_t>(ids);
  bags.lengths = std::span<const int32_t>(lengths);
  auto trainer = Trainer::open(path, Sgd{});
  REQUIRE(trainer);
  REQUIRE(trainer->step(bags, Pooling::kSum, RowsIn(wide, 8)));
  check_equal(expected, *trainer, path);
}

TEST_CASE("step: NaN and infinity in gradients stay in their columns", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 1, 1}, Sgd{});
  auto trainer = Trainer::open(path, Sgd{.lr = 1});
  REQUIRE(trainer);
  const std::vector<int64_t> ids = {0};
  const std::vector<float> grads = {std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity(), 1};
  REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, 3)));
  const auto values = rows_of(trainer->table());
  CHECK(std::isnan(values[0]));
  CHECK(values[1] == -std::numeric_limits<float>::infinity());
  CHECK(values[2] == 0);
}

TEST_CASE("step: an empty request is a step that touches nothing", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 2, 3}, Sgd{});
  auto trainer = Trainer::open(path, Sgd{});
  REQUIRE(trainer);
  for (const Pooling pooling : {Pooling::kSum, Pooling::kMean, Pooling::kMax}) {
    REQUIRE(trainer->step(Bags{}, pooling, RowsIn{}));
  }
  const auto report = trainer->step(Ids{}, RowsIn{});
  REQUIRE(report);
  CHECK(report->step_count == 4);
  CHECK(report->rows_touched == 0);
  CHECK(rows_of(trainer->table()) == std::vector<float>{1, 2, 3});
}
