#include <limits>

#include "train/train_fixture.h"

using namespace windrow;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity(),
                kHuge = 3e38f;

// A table of 10 rows of 2 values, and its file as it was.
struct Fixture {
  TemporaryFolder folder;
  std::string path = folder / "t.safetensors";
  Optimizer optimizer = Adagrad{};
  std::optional<Trainer> trainer;
  std::vector<uint8_t> before;

  explicit Fixture(ValueType type = ValueType::kF32) {
    make_table(path, format_of(type, 2), random_values(20, 1), optimizer);
    trainer.emplace(opened(path, optimizer));
    before = read_all(path);
  }

  // The step is refused with this in its message, and nothing has changed; kAllow lets it through.
  void check_refused(const ReferenceRequest& request, const std::vector<std::string>& named,
                     ValueType type = ValueType::kF32) {
    for (const int threads : {1, 2}) {
      const Error error = error_of(step(*trainer, request, 2, threads, type));
      INFO(error.message);
      CHECK(error.code == ErrorCode::kInvalidArgument);
      for (const auto& text : named) {
        CAPTURE(text);
        CHECK(error.message.find(text) != std::string::npos);
      }
    }
    CHECK(read_all(path) == before);
    CHECK(trainer->step_count() == 0);

    Fixture other;
    ReferenceRequest allowed = request;
    allowed.options.non_finite = NonFinite::kAllow;
    REQUIRE(step(*other.trainer, allowed, 2, 1, type));
    auto expected = reference_of(2, random_values(20, 1), optimizer);
    reference_step(expected, allowed, optimizer);
    check_equal(expected, *other.trainer, other.path, optimizer);
  }
};

ReferenceRequest per_id(std::vector<int64_t> ids, std::vector<float> grads) {
  ReferenceRequest request;
  request.ids = std::move(ids);
  request.grads = std::move(grads);
  return request;
}

ReferenceRequest per_bag(Pooling pooling, std::vector<int64_t> ids, std::vector<int64_t> offsets,
                         std::vector<float> grads, std::vector<float> weights = {}) {
  ReferenceRequest request = per_id(std::move(ids), std::move(grads));
  request.pooling = pooling;
  request.offsets = std::move(offsets);
  request.weights = std::move(weights);
  return request;
}

}  // namespace

TEST_CASE("non-finite: a NaN or infinite gradient is refused, with id and position", "[train]") {
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
    CAPTURE(bad);
    Fixture fixture;
    fixture.check_refused(per_id({4, 7, 4, 1}, {1, 2, 3, 4, 5, bad, 7, 8}), {"id 4", "position 2", "column 1"});
    for (const auto pooling : {Pooling::kSum, Pooling::kMean}) {
      fixture.check_refused(per_bag(pooling, {3, 5, 7, 8}, {0, 1, 1, 4}, {1, 1, 1, 1, bad, 2}),
                            {"id 5", "position 1", "bag 2", "column 0"});
    }
    fixture.check_refused(per_bag(Pooling::kMax, {3, 5, 5}, {0, 1, 3}, {1, 1, 1, bad}),
                          {"id 5", "position 1", "bag 1"});
  }
}

TEST_CASE("non-finite: of gradients of 16 bits too", "[train]") {
  for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
    for (const float bad : {kNan, kInfinity}) {
      Fixture fixture;
      fixture.check_refused(per_id({4, 7}, {1, 2, bad, 4}), {"id 7", "position 1", "column 0"}, type);
    }
  }
}

TEST_CASE("non-finite: a bad weight, or a product beyond the largest float, is refused", "[train]") {
  for (const float bad : {kNan, kInfinity, kHuge}) {
    CAPTURE(bad);
    Fixture fixture;
    fixture.check_refused(per_bag(Pooling::kSum, {3, 5, 7}, {0, 1, 3}, {1, 1, 2, 3}, {1, 1, bad}),
                          {"id 7", "position 2", "bag 1"});
  }
}

TEST_CASE("non-finite: finite gradients whose sum is not are refused", "[train]") {
  Fixture fixture;
  fixture.check_refused(per_id({4, 7, 4}, {kHuge, 2, 3, 4, kHuge, 0}), {"id 4", "column 0", "2 gradients"});
  fixture.check_refused(per_id({4, 7, 4}, {0, 2, 3, 4, 0, kNan}), {"id 4", "position 2"});
  fixture.check_refused(per_id({4, 4, 4}, {-kHuge, 0, -kHuge, 0, kHuge, 0}), {"id 4", "column 0"});
}

TEST_CASE("non-finite: huge gradients that cancel out are taken", "[train]") {
  Fixture fixture;
  const auto request = per_id({4, 7, 4, 4}, {kHuge, 2, 3, 4, -kHuge, 0, 1, 1});
  REQUIRE(step(*fixture.trainer, request, 2));
  auto expected = reference_of(2, random_values(20, 1), fixture.optimizer);
  reference_step(expected, request, fixture.optimizer);
  check_equal(expected, *fixture.trainer, fixture.path, fixture.optimizer);
}

TEST_CASE("non-finite: what is not used may hold anything", "[train]") {
  std::vector<ReferenceRequest> requests = {
      per_id({4, 3, 4}, {1, 2, kNan, kInfinity, 5, 6}),                              // padding
      per_bag(Pooling::kSum, {4, 3, 4}, {0, 1, 1, 2, 3}, {1, 2, kNan, kNan, kInfinity, kNan, 5, 6}),  // and empty bags
      per_bag(Pooling::kMean, {4, 3, 4}, {0, 1, 1, 2, 3}, {1, 2, kNan, kNan, kInfinity, kNan, 5, 6}),
      per_bag(Pooling::kMax, {4, 3, 4}, {0, 1, 1, 2, 3}, {1, 2, kNan, kNan, kInfinity, kNan, 5, 6}),
      per_bag(Pooling::kSum, {4, 3, 4}, {0, 1, 3}, {1, 2, 3, 4}, {1, kNan, 2}),       // and their weights
      per_id({4, 99, 4}, {1, 2, kNan, kInfinity, 5, 6}),                              // skipped ids
  };
  for (auto& request : requests) {
    Fixture fixture;
    request.options.padding_id = 3;
    request.options.bad_ids = BadIds::kSkip;
    REQUIRE(step(*fixture.trainer, request, 2));
    auto expected = reference_of(2, random_values(20, 1), fixture.optimizer);
    reference_step(expected, request, fixture.optimizer);
    check_equal(expected, *fixture.trainer, fixture.path, fixture.optimizer);
    for (const float w : rows_of(fixture.trainer->table())) CHECK(std::isfinite(w));
  }
}

TEST_CASE("non-finite: clipping does not mend what was not a number", "[train]") {
  Fixture fixture;
  auto request = per_id({4, 7}, {1, 2, kInfinity, 4});
  request.options.clip = Clip::value(1);
  fixture.check_refused(request, {"id 7", "position 1"});
}

TEST_CASE("non-finite: let through, NaN and infinity stay in their columns", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 1, 1}, Sgd{});
  auto trainer = opened(path, Sgd{.lr = 1});
  const std::vector<int64_t> ids = {0};
  const std::vector<float> grads = {kNan, kInfinity, 1};
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, 3), {.non_finite = NonFinite::kAllow}));
  const auto values = rows_of(trainer.table());
  CHECK(std::isnan(values[0]));
  CHECK(values[1] == -kInfinity);
  CHECK(values[2] == 0);
}
