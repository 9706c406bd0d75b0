#include "train/train_fixture.h"

using namespace windrow;

namespace {

// One table of a model, twice: stepped on its own, and with the others.
struct Twin {
  std::string alone_path, together_path;
  size_t dim;
  ValueType gradient_type;
  Trainer alone, together;
  ReferenceRequest request;

  static Twin make(const TemporaryFolder& folder, size_t number, size_t dim, int64_t rows, ValueType type,
                   ValueType gradient_type, const Optimizer& optimizer) {
    const auto alone = folder / ("alone" + std::to_string(number) + ".safetensors");
    const auto together = folder / ("together" + std::to_string(number) + ".safetensors");
    const auto weights = random_values(static_cast<size_t>(rows) * dim, static_cast<uint32_t>(number));
    const TrainOptions options{.rounding = kRoundings[number % 2], .seed = number};
    for (const auto& path : {alone, together}) make_table(path, format_of(type, dim), weights, optimizer);
    return {alone, together, dim, gradient_type, opened(alone, optimizer, options),
            opened(together, optimizer, options), {}};
  }
};

void check_same(const std::vector<Twin>& twins) {
  for (const auto& twin : twins) {
    CHECK(twin.alone.step_count() == twin.together.step_count());
    const auto a = read_all(twin.alone_path), b = read_all(twin.together_path);
    // All but the header, in whose first pages the two files name themselves: `_meta` has an identity.
    auto file = open_table_file(io::posix(), twin.alone_path, io::Access::kRead, "");
    REQUIRE(file);
    for (const auto& tensor : file->header.tensors) {
      if (tensor.name == "_meta" || tensor.name == "checksum") continue;
      const bool same = std::equal(a.begin() + static_cast<std::ptrdiff_t>(tensor.begin),
                                   a.begin() + static_cast<std::ptrdiff_t>(tensor.end),
                                   b.begin() + static_cast<std::ptrdiff_t>(tensor.begin));
      CAPTURE(twin.alone_path, tensor.name);
      CHECK(same);
    }
  }
}

// Steps all twins in both ways, with these options.
void step_both(std::vector<Twin>& twins, const StepOptions& options) {
  std::vector<std::unique_ptr<RequestMemory>> memory;
  std::vector<StepRequest> requests;
  std::vector<StepReport> expected;
  for (auto& twin : twins) {
    twin.request.options.clip = options.clip;
    twin.request.options.bad_ids = options.bad_ids;
    const auto report = step(twin.alone, twin.request, twin.dim, 1, twin.gradient_type);
    REQUIRE(report);
    expected.push_back(*report);
    memory.push_back(std::make_unique<RequestMemory>(twin.request, twin.dim, twin.gradient_type));
    requests.push_back(memory.back()->for_many(twin.together));
  }
  const auto reports = step_many(requests, options);
  REQUIRE(reports);
  REQUIRE(reports->size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) check_report((*reports)[i], expected[i]);
}

std::vector<int64_t> some_lengths(std::mt19937& random, size_t bags, uint32_t most) {
  std::vector<int64_t> lengths;
  for (size_t b = 0; b < bags; ++b) lengths.push_back(random() % most);
  return lengths;
}

}  // namespace

TEST_CASE("step_many: many small tables and a huge one take the steps that each would alone", "[train]") {
  for (const int threads : {1, 2, 3, 8}) {
    DYNAMIC_SECTION(threads << " threads") {
      const TemporaryFolder folder;
      std::vector<Twin> twins;
      for (size_t t = 0; t < 2 * kEveryOptimizer.size(); ++t) {
        const bool huge = t == 5;
        twins.push_back(Twin::make(folder, t, huge ? 48 : 1 + 3 * t, huge ? 20'000 : 20 + static_cast<int64_t>(t),
                                   kValueTypes[t % 3], kValueTypes[t / 3 % 3],
                                   kEveryOptimizer[t % kEveryOptimizer.size()].optimizer));
      }
      std::mt19937 random(7);
      for (uint32_t number = 0; number < 3; ++number) {
        for (size_t t = 0; t < twins.size(); ++t) {
          auto& twin = twins[t];
          const auto& kind = kGradientKinds[(t + number) % std::size(kGradientKinds)];
          const bool huge = t == 5;
          const auto lengths = huge ? some_lengths(random, 2000, 40) : some_lengths(random, random() % 12, 9);
          twin.request = random_request(kind, lengths, twin.alone.table().rows(), twin.dim, random());
          narrow(twin.request.grads, twin.gradient_type);
          if (t % 4 == 0) twin.request.options.padding_id = static_cast<int64_t>(t % 20);
        }
        StepOptions options;
        options.threads = threads;
        if (number == 1) options.clip = Clip::row_norm(0.5);
        step_both(twins, options);
      }
      check_same(twins);
    }
  }
}

TEST_CASE("step_many: a huge bag and a huge row in one of several tables", "[train]") {
  for (const auto& kind : kGradientKinds) {
    DYNAMIC_SECTION(kind.name) {
      const TemporaryFolder folder;
      std::vector<Twin> twins;
      for (size_t t = 0; t < 3; ++t)
        twins.push_back(Twin::make(folder, t, 70, 3000, kValueTypes[t], ValueType::kF32, RowwiseAdagrad{}));
      for (size_t t = 0; t < 3; ++t) {
        const std::vector<int64_t> lengths = t == 1 ? std::vector<int64_t>{3, 20'000, 4} : std::vector<int64_t>{5, 900};
        twins[t].request = random_request(kind, lengths, 3000, 70, static_cast<uint32_t>(t));
        if (t == 1) std::fill_n(twins[t].request.ids.begin() + 5000, 10'000, 77);
      }
      step_both(twins, {.threads = 3});
      check_same(twins);
    }
  }
}

TEST_CASE("step_many: the padding of a request goes before that of all", "[train]") {
  const TemporaryFolder folder;
  std::vector<Trainer> trainers;
  for (size_t t = 0; t < 2; ++t) {
    const auto path = folder / std::to_string(t);
    make_table(path, 1, {1, 1, 1}, Sgd{});
    trainers.push_back(opened(path, Sgd{.lr = 1}));
  }
  const std::vector<int64_t> ids = {0, 1, 2};
  const std::vector<float> grads = {1, 1, 1};
  std::vector<StepRequest> requests(2);
  for (size_t t = 0; t < 2; ++t) {
    requests[t].trainer = &trainers[t];
    requests[t].bags.ids = std::span<const int64_t>(ids);
    requests[t].grads = RowsIn(grads, 1);
  }
  requests[1].padding_id = 1;
  const auto reports = step_many(requests, {.padding_id = 0});
  REQUIRE(reports);
  CHECK((*reports)[0].used_ids == 2);
  CHECK(rows_of(trainers[0].table()) == std::vector<float>{1, 0, 0});
  CHECK(rows_of(trainers[1].table()) == std::vector<float>{0, 1, 0});
}

TEST_CASE("step_many: one wrong request refuses all, with its number, and no file changes", "[train]") {
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  std::vector<Trainer> trainers;
  for (size_t t = 0; t < 4; ++t) {
    paths.push_back(folder / std::to_string(t));
    make_table(paths[t], 2, random_values(20, 1), Adam{});
    trainers.push_back(opened(paths[t], Adam{}));
  }
  const std::vector<int64_t> ids = {0, 1, 2}, bad_ids = {0, 10, 2}, offsets = {0, 3};
  const std::vector<float> grads(6, 1.0f), bad_grads = {1, 1, 1, std::numeric_limits<float>::quiet_NaN(), 1, 1};
  std::vector<StepRequest> good(4);
  for (size_t t = 0; t < 4; ++t) {
    good[t].trainer = &trainers[t];
    good[t].bags.ids = std::span<const int64_t>(ids);
    good[t].grads = RowsIn(grads, 2);
  }
  std::vector<std::vector<uint8_t>> before;
  for (const auto& path : paths) before.push_back(read_all(path));
  const auto check_refused = [&](const std::vector<StepRequest>& requests, ErrorCode code, const std::string& named,
                                 const StepOptions& options = {}) {
    const Error error = error_of(step_many(requests, options));
    INFO(error.message);
    CHECK(error.code == code);
    CHECK(error.message.find(named) != std::string::npos);
    for (size_t t = 0; t < paths.size(); ++t) CHECK(read_all(paths[t]) == before[t]);
    for (const auto& trainer : trainers) CHECK(trainer.step_count() == 0);
  };
  for (size_t wrong = 0; wrong < 4; ++wrong) {
    const auto named = "request " + std::to_string(wrong);
    CAPTURE(named);
    auto requests = good;
    requests[wrong].bags.ids = std::span<const int64_t>(bad_ids);
    check_refused(requests, ErrorCode::kOutOfRange, named);
    requests = good;
    requests[wrong].grads = RowsIn(bad_grads, 2);
    check_refused(requests, ErrorCode::kInvalidArgument, named);
    check_refused(requests, ErrorCode::kInvalidArgument, "id 1");
    requests = good;
    requests[wrong].grads = RowsIn(std::span(grads).first(4), 2);
    check_refused(requests, ErrorCode::kInvalidArgument, named);
    requests = good;
    requests[wrong].trainer = nullptr;
    check_refused(requests, ErrorCode::kInvalidArgument, named);
    requests = good;
    requests[wrong].bags.offsets = std::span<const int64_t>(offsets);  // which go with a pooling
    check_refused(requests, ErrorCode::kInvalidArgument, named);
    requests = good;
    requests[wrong].trainer = &trainers[wrong == 0 ? 1 : 0];
    check_refused(requests, ErrorCode::kInvalidArgument, "request");
  }
  check_refused(good, ErrorCode::kInvalidArgument, "clip", {.clip = Clip::value(0)});
  REQUIRE(trainers[2].close());
  before[2] = read_all(paths[2]);
  check_refused(good, ErrorCode::kPoisoned, "request 2");
  CHECK(step_many({})->empty());
  good.erase(good.begin() + 2);
  CHECK(step_many(good));
}
