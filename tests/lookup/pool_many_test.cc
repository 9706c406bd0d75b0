#include <windrow/pool_many.h>

#include <string>
#include <thread>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/reference_lookup.h"

using namespace windrow;

namespace {

constexpr float kGuard = 12345.0f;

// Tables of many formats, dims and sizes, each with bags of its own.
struct Request {
  MemoryTable memory;
  Table table;
  BagCase bags;
  Pooling pooling;
  bool weighted;
  std::vector<float> out;

  Bags view() const {
    Bags result;
    result.ids = std::span(bags.ids);
    result.offsets = std::span(bags.offsets);
    if (weighted) result.weights = bags.weights;
    return result;
  }
  size_t dim() const { return static_cast<size_t>(memory.format.dim); }
  std::vector<float> expected() const { return reference_pool(decoded(memory), bags, pooling, weighted); }
};

std::vector<Request> many_requests(size_t count, bool one_giant) {
  std::vector<Request> requests;
  std::mt19937_64 random(5);
  for (size_t r = 0; r < count; ++r) {
    const auto formats = every_format(kDims[random() % kDims.size()]);
    auto memory = random_table(static_cast<int64_t>(1 + random() % 5000), formats[r % formats.size()], r, false);
    std::vector<int64_t> lengths(random() % 20);
    for (auto& length : lengths) length = static_cast<int64_t>(random() % 30);
    if (one_giant && r == count / 2) lengths.push_back(60'000);
    auto bags = random_bags(memory.rows, lengths, r);
    auto table = memory.wrap();  // the vector of bytes keeps its place when it is moved
    const auto pooling = static_cast<Pooling>(random() % 3);
    const size_t values = lengths.size() * static_cast<size_t>(memory.format.dim);
    requests.push_back({std::move(memory), *table, std::move(bags), pooling, pooling != Pooling::kMax && random() % 2 == 0,
                        std::vector<float>(values, kGuard)});
  }
  return requests;
}

std::vector<PoolRequest> views(std::vector<Request>& requests) {
  std::vector<PoolRequest> result;
  for (auto& request : requests) {
    result.push_back({&request.table, request.view(), request.pooling, RowsOut(request.out, request.dim())});
  }
  return result;
}

}  // namespace

TEST_CASE("pool_many: hundreds of tables give what each would alone, on any number of threads", "[lookup]") {
  for (const bool one_giant : {false, true}) {
    auto requests = many_requests(150, one_giant);
    for (const int threads : {1, 2, 3, 8}) {
      for (auto& request : requests) std::fill(request.out.begin(), request.out.end(), kGuard);
      REQUIRE(pool_many(views(requests), {threads}));
      for (const auto& request : requests) {
        CAPTURE(threads, one_giant, name_of(request.memory.format), static_cast<int>(request.pooling));
        CHECK(same_bits(request.out, request.expected()));
      }
    }
  }
}

TEST_CASE("pool_many: nothing to do is a legal request", "[lookup]") {
  CHECK(pool_many({}));
  CHECK(pool_jagged({}, Bags(), RowsOut()));
}

TEST_CASE("PoolPlan: parts run by threads of the host, in any order, give the same", "[lookup]") {
  auto requests = many_requests(40, true);
  for (const int parts : {1, 2, 5}) {
    for (auto& request : requests) std::fill(request.out.begin(), request.out.end(), kGuard);
    auto made = PoolPlan::make(views(requests), parts);
    REQUIRE(made);
    const PoolPlan plan = std::move(*made);
    REQUIRE(plan.parts() == parts);
    std::vector<std::thread> threads;
    for (int part = parts; part-- > 0;) threads.emplace_back([&plan, part] { plan.run(part); });
    for (auto& thread : threads) thread.join();
    for (const auto& request : requests) CHECK(same_bits(request.out, request.expected()));
    CHECK(plan.report().skipped_ids == 0);
  }
  CHECK(!PoolPlan::make({}, 0));
}

TEST_CASE("pool_many: the request that is wrong is named, and no output is touched", "[lookup]") {
  auto requests = many_requests(5, false);
  auto list = views(requests);
  const std::vector<int64_t> ids = {0, 99'999}, offsets = {0, 2};
  std::vector<float> out(requests[3].dim(), kGuard);
  list[3].bags = {};
  list[3].bags.ids = std::span(ids);
  list[3].bags.offsets = std::span(offsets);
  list[3].out = RowsOut(out, requests[3].dim());
  const auto result = pool_many(list);
  REQUIRE(!result);
  CHECK(result.error().code == ErrorCode::kOutOfRange);
  CHECK(result.error().message.find("request 3: id 99999 at position 1 (bag 0) is no row") == 0);
  for (const auto& request : requests) CHECK(request.out == std::vector<float>(request.out.size(), kGuard));
  list[3].table = nullptr;
  CHECK(!pool_many(list));
}

TEST_CASE("pool_jagged: keys of one batch go to columns of one feature vector", "[lookup]") {
  constexpr size_t kBatch = 40;
  const auto first = random_table(300, RowFormat::f32(5), 1), second = random_table(2'000, RowFormat::int4(18), 2);
  const auto a = first.wrap(), b = second.wrap();
  const std::vector<JaggedKey> keys = {{&*a, Pooling::kSum, 20}, {&*b, Pooling::kMean, 1}, {&*a, Pooling::kSum, 30}};
  // Key-major: all bags of the first key, then those of the second.
  BagCase all;
  std::vector<BagCase> of_key;
  std::vector<int32_t> lengths;
  for (size_t k = 0; k < 3; ++k) {
    std::vector<int64_t> sizes;
    for (size_t bag = 0; bag < kBatch; ++bag) sizes.push_back(static_cast<int64_t>((bag * 7 + k) % 12));
    of_key.push_back(random_bags(keys[k].table->rows(), sizes, k));
    all.ids.insert(all.ids.end(), of_key[k].ids.begin(), of_key[k].ids.end());
    all.weights.insert(all.weights.end(), of_key[k].weights.begin(), of_key[k].weights.end());
    for (const int64_t size : sizes) lengths.push_back(static_cast<int32_t>(size));
  }
  Bags bags;
  bags.ids = std::span<const int64_t>(all.ids);
  bags.lengths = std::span<const int32_t>(lengths);
  bags.weights = all.weights;
  for (const int threads : {1, 2, 3}) {
    std::vector<float> out(kBatch * 36, kGuard), expected = out;
    REQUIRE(pool_jagged(keys, bags, RowsOut(out, 36), {threads}));
    for (size_t k = 0; k < 3; ++k) {
      const auto rows = reference_pool(k == 1 ? decoded(second) : first, of_key[k], keys[k].pooling, true);
      const size_t dim = rows.size() / kBatch;
      for (size_t bag = 0; bag < kBatch; ++bag) {
        std::copy_n(&rows[bag * dim], dim, &expected[bag * 36 + keys[k].first_column]);
      }
    }
    CHECK(same_bits(out, expected));
  }
}

TEST_CASE("pool_jagged: columns that overlap or do not fit, and bags that do not divide, are refused", "[lookup]") {
  const auto memory = random_table(10, RowFormat::f32(4), 1);
  const auto table = memory.wrap();
  const std::vector<int64_t> ids = {1, 2, 3, 11}, lengths = {1, 1, 1, 1};
  Bags bags;
  bags.ids = std::span(ids);
  bags.lengths = std::span(lengths);
  std::vector<float> out(2 * 9, kGuard);
  const auto message = [&](const std::vector<JaggedKey>& keys) {
    const auto result = pool_jagged(keys, bags, RowsOut(out, 9));
    REQUIRE(!result);
    CHECK(out == std::vector<float>(18, kGuard));
    return result.error().message;
  };
  const auto key = [&](size_t column) { return JaggedKey{&*table, Pooling::kSum, column}; };
  CHECK(message({key(0), key(3)}) == "key 1: its columns, from 3 on, overlap those of another key, which end at 4");
  CHECK(message({key(0), key(6)}) == "key 1: 4 columns from column 6 on do not fit into out's row stride of 9");
  CHECK(message({key(0), key(4), key(8)}) == "4 bags for 3 keys: each key needs as many as the others");
  CHECK(message({key(0), key(4)}) ==
        "key 1: id 11 at position 1 (bag 1) is no row: the table has 10 rows, 0 to 9");
}

TEST_CASE("pool_many: skipped ids are counted over all requests, and each may have a padding id of its own", "[lookup]") {
  const auto memory = random_table(50, RowFormat::f32(4), 1);
  const auto table = memory.wrap();
  const std::vector<int64_t> ids = {3, 99, -1, 7, 3}, lengths = {5};
  Bags bags;
  bags.ids = std::span(ids);
  bags.lengths = std::span(lengths);
  std::vector<float> first(4), second(4);
  std::vector<PoolRequest> requests = {{&*table, bags, Pooling::kSum, RowsOut(first, 4), {}},
                                       {&*table, bags, Pooling::kSum, RowsOut(second, 4), 3}};
  const LookupOptions options{.padding_id = 7, .bad_ids = BadIds::kSkip};
  const auto report = pool_many(requests, options);
  REQUIRE(report);
  CHECK(report->skipped_ids == 4);
  BagCase bag;
  bag.ids = {3, 3};
  bag.offsets = {0, 2};
  CHECK(same_bits(first, reference_pool(memory, bag, Pooling::kSum, false)));
  bag.ids = {7};
  bag.offsets = {0, 1};
  CHECK(same_bits(second, reference_pool(memory, bag, Pooling::kSum, false)));
  const auto plan = PoolPlan::make(requests, 2, options);
  REQUIRE(plan);
  CHECK(plan->report().skipped_ids == 4);
}

TEST_CASE("pool_jagged: an output without memory is refused whichever columns are meant", "[lookup]") {
  const auto memory = random_table(50, RowFormat::f32(4), 1);
  const auto table = memory.wrap();
  const std::vector<int64_t> ids = {3}, lengths = {1};
  Bags bags;
  bags.ids = std::span(ids);
  bags.lengths = std::span(lengths);
  RowsOut out;
  out.rows = 1;
  out.row_stride = 9;
  const std::vector<JaggedKey> keys = {{&*table, Pooling::kSum, 1}};
  CHECK(!pool_jagged(keys, bags, out));
}

TEST_CASE("RowsOut: columns of a wider matrix", "[lookup]") {
  const auto memory = random_table(50, RowFormat::f32(4), 1);
  const auto table = memory.wrap();
  const std::vector<int64_t> ids = {3, 7};
  std::vector<float> matrix(2 * 10, kGuard);
  REQUIRE(gather(*table, std::span(ids), RowsOut(matrix, 10).from_column(6)));
  for (size_t r = 0; r < 2; ++r) {
    for (size_t c = 0; c < 10; ++c) CHECK(matrix[r * 10 + c] == (c < 6 ? kGuard : memory.at(ids[r], c - 6)));
  }
}
