#include <limits>

#include "train/forge.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 4;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A request of three ids that is right, to be made wrong.
struct Call {
  std::vector<int64_t> ids = {1, 2, 3};
  std::vector<int64_t> offsets = {};  // empty: a gradient per id
  std::vector<int64_t> lengths = {};
  std::vector<float> weights = {};
  Pooling pooling = Pooling::kSum;
  std::vector<float> grads = std::vector<float>(3 * kDim, 1.0f);
  size_t stride = kDim;
  StepOptions options = {};

  Result<StepReport> run(Trainer& trainer) const {
    const RowsIn rows(grads, stride);
    Bags bags;
    bags.ids = std::span<const int64_t>(ids);
    bags.offsets = std::span<const int64_t>(offsets);
    bags.lengths = std::span<const int64_t>(lengths);
    bags.weights = weights;
    if (offsets.empty() && lengths.empty()) return trainer.step(bags.ids, rows, options);
    return trainer.step(bags, pooling, rows, options);
  }
};

Call of_bags(Call call = {}) {
  call.offsets = {0, 1, 3};
  call.grads.resize(2 * kDim);
  return call;
}

struct Refused {
  const char* name;
  ErrorCode code;
  const char* said;  // in the message
  Call call;
};

template <class Change>
Call changed(Call call, const Change& change) {
  change(call);
  return call;
}

std::vector<Refused> every_refusal() {
  using enum ErrorCode;
  const Call per_id, bags = of_bags();
  return {
      {"id == rows", kOutOfRange, "id 10 at position 1", changed(per_id, [](Call& c) { c.ids[1] = 10; })},
      {"id < 0", kOutOfRange, "id -1 at position 2", changed(per_id, [](Call& c) { c.ids[2] = -1; })},
      {"id in a bag", kOutOfRange, "(bag 1)", changed(bags, [](Call& c) { c.ids[1] = 10; })},
      {"rows of grads", kInvalidArgument, "grads", changed(per_id, [](Call& c) { c.grads.resize(2 * kDim); })},
      {"stride of grads", kInvalidArgument, "grads", changed(per_id, [](Call& c) { c.stride = 3, c.grads.resize(9); })},
      {"grads per id for bags", kInvalidArgument, "grads", changed(bags, [](Call& c) { c.grads.resize(3 * kDim); })},
      {"decreasing offsets", kInvalidArgument, "offsets", changed(bags, [](Call& c) { c.offsets = {0, 2, 1}; })},
      {"short offsets", kInvalidArgument, "offsets", changed(bags, [](Call& c) { c.offsets = {0, 1, 2}; })},
      {"negative length", kInvalidArgument, "lengths",
       changed(bags, [](Call& c) { c.offsets = {}, c.lengths = {4, -1}; })},
      {"offsets and lengths", kInvalidArgument, "not both", changed(bags, [](Call& c) { c.lengths = {1, 2}; })},
      {"weights of a maximum", kInvalidArgument, "weights",
       changed(bags, [](Call& c) { c.weights = {1, 1, 1}, c.pooling = Pooling::kMax; })},
      {"few weights", kInvalidArgument, "weights", changed(bags, [](Call& c) { c.weights = {1, 1}; })},
      {"NaN gradient", kInvalidArgument, "id 2 at position 1", changed(per_id, [](Call& c) { c.grads[kDim] = kNan; })},
      {"infinite gradient of a bag", kInvalidArgument, "bag 1",
       changed(bags, [](Call& c) { c.grads[kDim] = std::numeric_limits<float>::infinity(); })},
      {"NaN weight", kInvalidArgument, "id 3", changed(bags, [](Call& c) { c.weights = {1, 1, kNan}; })},
      {"overflow of a sum", kInvalidArgument, "id 2",
       changed(per_id, [](Call& c) { c.ids = {2, 1, 2}, c.grads.assign(3 * kDim, 3e38f); })},
      {"clip at 0", kInvalidArgument, "clip", changed(per_id, [](Call& c) { c.options.clip = Clip::value(0); })},
      {"clip below 0", kInvalidArgument, "clip", changed(per_id, [](Call& c) { c.options.clip = Clip::row_norm(-1); })},
      {"clip at NaN", kInvalidArgument, "clip", changed(per_id, [](Call& c) { c.options.clip = Clip::value(kNan); })},
      {"clip at infinity", kInvalidArgument, "clip",
       changed(per_id,
               [](Call& c) { c.options.clip = Clip::row_norm(std::numeric_limits<double>::infinity()); })},
  };
}

}  // namespace

TEST_CASE("refused steps: every reason leaves the file byte for byte, before and after a first step", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto type : kValueTypes) {
    for (const bool stepped : {false, true}) {
      make_table(path, format_of(type, kDim), random_values(10 * kDim, 1), Adam{});
      auto trainer = opened(path, Adam{});
      if (stepped) REQUIRE(Call{}.run(trainer));
      const auto before = read_all(path);
      for (const auto& refused : every_refusal()) {
        CAPTURE(static_cast<int>(type), stepped, refused.name);
        const Error error = error_of(refused.call.run(trainer));
        INFO(error.message);
        CHECK(error.code == refused.code);
        CHECK(error.message.find(refused.said) != std::string::npos);
      }
      CHECK(read_all(path) == before);
      CHECK(trainer.step_count() == (stepped ? 1 : 0));
      REQUIRE(Call{}.run(trainer));
      REQUIRE(of_bags().run(trainer));
      CHECK(trainer.close());
    }
  }
}

TEST_CASE("refused calls: writes, learning rates and tags leave the file byte for byte too", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(10 * kDim, 1), Adagrad{});
  auto trainer = opened(path, Adagrad{});
  const auto before = read_all(path);
  const std::vector<int64_t> good = {1, 2, 3}, too_big = {1, 10, 3}, negative = {1, 2, -1};
  const std::vector<float> values(3 * kDim, 1.0f);
  const RowsIn three(values, kDim), two(std::span<const float>(values).first(2 * kDim), kDim);
  const auto code_of = [](const Result<void>& result) { return error_of(result).code; };
  CHECK(code_of(trainer.write_rows(std::span<const int64_t>(too_big), three)) == ErrorCode::kOutOfRange);
  CHECK(code_of(trainer.write_rows(std::span<const int64_t>(good), two)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(trainer.set_learning_rate(std::numeric_limits<double>::quiet_NaN())) == ErrorCode::kInvalidArgument);
  CHECK(code_of(trainer.set_learning_rate(-1)) == ErrorCode::kInvalidArgument);
  CHECK(code_of(trainer.close(std::string(257, 'x'))) == ErrorCode::kInvalidArgument);
  CHECK(read_all(path) == before);
  // A bad id that is the padding id is none.
  const auto report = trainer.step(std::span<const int64_t>(negative), three, {.padding_id = -1});
  REQUIRE(report);
  CHECK(report->used_ids == 2);
  CHECK(trainer.close(std::string(256, 'x')));
}

TEST_CASE("refused: writing to a table that needs features of a newer Windrow; it can be read", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, 3, random_values(30, 1), Sgd{});
  change_slot(path, [](MetaSlot& slot) { slot.writer_features = 4; });
  const auto before = read_all(path);
  const auto trained = Trainer::open(path, Sgd{});
  REQUIRE(!trained);
  CHECK(trained.error().code == ErrorCode::kVersion);
  CHECK(trained.error().message.find("bits 4") != std::string::npos);
  CHECK(recover(path).error().code == ErrorCode::kVersion);
  CHECK(add_state(path, Adagrad{}).error().code == ErrorCode::kVersion);
  CHECK(strip(path, path).error().code == ErrorCode::kVersion);
  CHECK(publish(path, folder / "copy").error().code == ErrorCode::kVersion);
  CHECK(Table::open(path));
  CHECK(verify(path));
  CHECK(read_all(path) == before);
}
