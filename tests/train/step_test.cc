#include <algorithm>
#include <cmath>
#include <limits>

#include "support/targets.h"
#include "train/train_fixture.h"

using namespace windrow;

namespace {

const std::vector<int64_t> kLengths = {0, 1, 2, 37, 0, 5, 1};

// A batch of 100,000 ids of which half are one.
ReferenceRequest skewed_request(const GradientKind& kind, size_t dim) {
  constexpr size_t kIds = 100'000;
  constexpr int64_t kRows = 5000;
  std::mt19937 random(5);
  ReferenceRequest request;
  request.pooling = kind.pooling;
  request.options.padding_id = 17;
  for (size_t i = 0; i < kIds; ++i)
    request.ids.push_back(random() % 2 ? 4321 : static_cast<int64_t>(random()) % kRows);
  if (kind.bags) {
    // One huge bag between small ones.
    for (int64_t at = 0; at < 30'000; at += 7) request.offsets.push_back(at);
    for (int64_t at = 90'000; at <= 100'000; at += 50) request.offsets.push_back(at);
  }
  if (kind.weighted) request.weights = random_values(kIds, 6);
  request.grads = random_values((kind.bags ? request.offsets.size() - 1 : kIds) * dim, 7);
  return request;
}

}  // namespace

TEST_CASE("step: equals the reference for every optimiser, row format and rounding, on every target", "[train]") {
  constexpr int64_t kRows = 40;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto target : every_target()) {
    const ScopedTarget scope(target);
    CAPTURE(hwy::TargetName(target));
    for (const size_t dim : {1, 7, 33}) {
      for (const auto& [name, optimizer] : kEveryOptimizer) {
        for (const auto type : kValueTypes) {
          for (const auto rounding : kRoundings) {
            if (type == ValueType::kF32 && rounding == Rounding::kStochastic) continue;
            CAPTURE(dim, name, static_cast<int>(type), static_cast<int>(rounding));
            const TrainOptions options{.rounding = rounding, .seed = 42};
            const auto weights = random_values(kRows * dim, 11);
            make_table(path, format_of(type, dim), weights, optimizer);
            auto expected = reference_of(dim, weights, optimizer, type, options);
            auto trainer = opened(path, optimizer, options);
            uint32_t seed = 0;
            for (const auto& kind : kGradientKinds) {
              CAPTURE(kind.name);
              const auto request = random_request(kind, kLengths, kRows, dim, ++seed);
              const auto touched = reference_step(expected, request, optimizer);
              const auto report = step(trainer, request, dim);
              REQUIRE(report);
              check_report(*report, reference_report(expected, request, touched));
            }
            check_equal(expected, trainer, path, optimizer);
          }
        }
      }
    }
  }
}

TEST_CASE("step: every dim and every type of gradient", "[train]") {
  constexpr int64_t kRows = 40;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const Optimizer optimizer = RowwiseAdagrad{.lr = 0.1, .weight_decay = 0.01};
  for (const int64_t columns : kDims) {
    const auto dim = static_cast<size_t>(columns);
    for (const auto type : kValueTypes) {
      const auto format = format_of(type, dim);
      const auto weights = random_values(kRows * dim, 11);
      make_table(path, dim % 2 ? format : format.padded_to_lines(), weights, optimizer);
      auto expected = reference_of(dim, weights, optimizer, type);
      auto trainer = opened(path, optimizer);
      uint32_t seed = 0;
      for (const auto& kind : kGradientKinds) {
        for (const auto gradient_type : kValueTypes) {
          CAPTURE(dim, static_cast<int>(type), kind.name, static_cast<int>(gradient_type));
          auto request = random_request(kind, kLengths, kRows, dim, ++seed);
          narrow(request.grads, gradient_type);
          reference_step(expected, request, optimizer);
          REQUIRE(step(trainer, request, dim, 1, gradient_type));
        }
      }
      check_equal(expected, trainer, path, optimizer);
    }
  }
}

TEST_CASE("step: a batch whose half is one id gives the same bits for every number of threads", "[train]") {
  constexpr int64_t kRows = 5000;
  constexpr size_t kDim = 20;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  struct Way {
    const char* name;
    Optimizer optimizer;
    ValueType rows, grads;
    Rounding rounding;
    Clip clip;
  };
  const Way ways[] = {
      {"adagrad", Adagrad{.lr = 0.1}, ValueType::kF32, ValueType::kF32, Rounding::kNearest, {}},
      {"rowwise_adagrad, f16", RowwiseAdagrad{.lr = 0.1}, ValueType::kF16, ValueType::kBf16, Rounding::kStochastic,
       Clip::row_norm(2)},
  };
  const auto weights = random_values(kRows * kDim, 3);
  for (const auto& way : ways) {
    for (const auto& kind : kGradientKinds) {
      DYNAMIC_SECTION(way.name << ", " << kind.name) {
        auto request = skewed_request(kind, kDim);
        request.options.clip = way.clip;
        narrow(request.grads, way.grads);
        const TrainOptions options{.rounding = way.rounding, .seed = 9};
        auto expected = reference_of(kDim, weights, way.optimizer, way.rows, options);
        reference_step(expected, request, way.optimizer);

        for (const auto target : every_target()) {
          for (const int threads : {1, 2, 3, 8}) {
            // Every thread count on the best target, which is the first; one on the others.
            if (target != every_target().front() && threads != 3) continue;
            const ScopedTarget scope(target);
            CAPTURE(hwy::TargetName(target), threads);
            make_table(path, format_of(way.rows, kDim), weights, way.optimizer);
            auto trainer = opened(path, way.optimizer, options);
            REQUIRE(step(trainer, request, kDim, threads, way.grads));
            check_equal(expected, trainer, path, way.optimizer);
          }
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
  const Optimizer optimizer = Adam{};
  auto expected = reference_of(kDim, weights, optimizer);
  reference_step(expected, request, optimizer);
  for (const int threads : {1, 2, 3, 8}) {
    CAPTURE(threads);
    make_table(path, kDim, weights, optimizer);
    auto trainer = opened(path, optimizer);
    REQUIRE(step(trainer, request, kDim, threads));
    check_equal(expected, trainer, path, optimizer);
  }
}

TEST_CASE("step: random programs of many steps, with every option", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const auto& [name, given] = kEveryOptimizer[seed % kEveryOptimizer.size()];
    Optimizer optimizer = given;
    const size_t dim = 1 + random() % 40;
    const int64_t rows = 1 + static_cast<int64_t>(random() % 50);
    const ValueType type = kValueTypes[random() % 3];
    const TrainOptions options{.rounding = kRoundings[random() % 2], .seed = random()};
    const auto weights = random_values(static_cast<size_t>(rows) * dim, seed);
    make_table(path, format_of(type, dim), weights, optimizer);
    auto expected = reference_of(dim, weights, optimizer, type, options);
    auto trainer = opened(path, optimizer, options);
    for (uint32_t number = 0; number < 30; ++number) {
      CAPTURE(seed, name, number);
      std::vector<int64_t> lengths;
      for (size_t b = random() % 20; b > 0; --b) lengths.push_back(random() % 4 ? random() % 6 : random() % 90);
      const auto& kind = kGradientKinds[random() % std::size(kGradientKinds)];
      auto request = random_request(kind, lengths, rows, dim, random());
      const ValueType gradient_type = kValueTypes[random() % 3];
      narrow(request.grads, gradient_type);
      StepOptions& how = request.options;
      if (random() % 2) how.padding_id = static_cast<int64_t>(random()) % (rows + 2) - 1;
      how.scale_by_frequency = random() % 3 == 0;
      if (random() % 3 == 0) how.clip = random() % 2 ? Clip::value(0.3) : Clip::row_norm(0.7);
      if (random() % 3 == 0) {
        how.bad_ids = BadIds::kSkip;
        for (auto& id : request.ids) id = random() % 5 ? id : random() % 2 ? rows + 7 : -3;
      }
      if (random() % 4 == 0) {
        const double lr = 0.01 * (1 + random() % 9);
        REQUIRE(trainer.set_learning_rate(lr));
        std::visit([lr](auto& of) { of.lr = lr; }, optimizer);
      }
      const auto touched = reference_step(expected, request, optimizer);
      const auto report = step(trainer, request, dim, 1 + static_cast<int>(random() % 3), gradient_type);
      REQUIRE(report);
      check_report(*report, reference_report(expected, request, touched));
    }
    check_equal(expected, trainer, path, optimizer);
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

  // What stands between the rows is not looked at, NaN or not.
  std::vector<float> wide(3 * 8, std::numeric_limits<float>::quiet_NaN());
  for (size_t b = 0; b < 3; ++b)
    std::copy_n(request.grads.begin() + static_cast<std::ptrdiff_t>(b * kDim), kDim,
                wide.begin() + static_cast<std::ptrdiff_t>(b * 8));
  const std::vector<int32_t> ids = {1, 2, 1, 9}, lengths = {3, 0, 1};
  Bags bags;
  bags.ids = std::span<const int32_t>(ids);
  bags.lengths = std::span<const int32_t>(lengths);
  auto trainer = opened(path, Sgd{});
  REQUIRE(trainer.step(bags, Pooling::kSum, RowsIn(wide, 8)));
  check_equal(expected, trainer, path, Sgd{});
}

TEST_CASE("step: an empty request is a step that touches nothing", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 2, 3}, Adam{});
  auto trainer = opened(path, Adam{});
  for (const Pooling pooling : {Pooling::kSum, Pooling::kMean, Pooling::kMax}) {
    REQUIRE(trainer.step(Bags{}, pooling, RowsIn{}));
  }
  const auto report = trainer.step(Ids{}, RowsIn{});
  REQUIRE(report);
  CHECK(report->step_count == 4);
  CHECK(report->unique_ids == 0);
  CHECK(report->rows_touched == 0);
  CHECK(rows_of(trainer.table()) == std::vector<float>{1, 2, 3});
}

TEST_CASE("step: with a maximum rows that win nothing are seen and not touched", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto type : kValueTypes) {
    const std::vector<float> weights = {1, 5, 0, 1, 2, 0, 0, 5, 0};
    const Optimizer optimizer = Sgd{.lr = 0.5, .momentum = 0.5};
    make_table(path, format_of(type, 3), weights, optimizer);
    auto expected = reference_of(3, weights, optimizer, type);
    auto trainer = opened(path, optimizer);
    ReferenceRequest request;
    request.ids = {1, 0, 2, 1};
    request.offsets = {0, 4};
    request.pooling = Pooling::kMax;
    request.grads = {10, 20, 30};
    reference_step(expected, request, optimizer);
    const auto report = step(trainer, request, 3);
    REQUIRE(report);
    CHECK(report->used_ids == 4);
    CHECK(report->unique_ids == 3);
    CHECK(report->rows_touched == 2);
    check_equal(expected, trainer, path, optimizer);
  }
}

TEST_CASE("step: nearest rounding loses steps of less than half a unit, stochastic rounding keeps their mean",
          "[train]") {
  constexpr size_t kDim = 64;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const std::vector<int64_t> ids = {0};
  const std::vector<float> grads(kDim, 1.0f);
  const auto mean_after = [&](Rounding rounding) {
    make_table(path, format_of(ValueType::kBf16, kDim), std::vector<float>(kDim, 1.0f), Sgd{});
    auto trainer = opened(path, Sgd{.lr = 1.0 / 4096}, {.rounding = rounding, .seed = 1});
    for (int i = 0; i < 1000; ++i) REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
    double sum = 0;
    for (const float w : rows_of(trainer.table())) sum += w;
    return sum / kDim;
  };
  CHECK(mean_after(Rounding::kNearest) == 1);
  CHECK(std::fabs(mean_after(Rounding::kStochastic) - (1 - 1000.0 / 4096)) < 0.02);
}
