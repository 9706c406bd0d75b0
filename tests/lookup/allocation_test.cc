#include <windrow/pool_many.h>

#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/operator_new.h"

// Counts what this program allocates: small requests must not.

namespace {

thread_local size_t allocations = 0;

}  // namespace

void before_allocation() { ++allocations; }

using namespace windrow;

TEST_CASE("requests of up to 64 ids allocate nothing, in any format and mode", "[lookup]") {
  for (const auto& format : every_format(33)) {
    const auto memory = random_table(100'000, format, 1);
    const auto table = memory.wrap();
    const auto bags = random_bags(memory.rows, {20, 0, 44}, 2);
    const std::vector<int32_t> ids(bags.ids.begin(), bags.ids.end()), lengths = {20, 0, 44};
    Bags by_offsets, by_lengths;
    by_offsets.ids = std::span<const int64_t>(bags.ids);
    by_offsets.offsets = std::span<const int64_t>(bags.offsets);
    by_lengths.ids = std::span<const int32_t>(ids);
    by_lengths.lengths = std::span<const int32_t>(lengths);
    auto with_padding = bags.ids;
    with_padding[7] = with_padding[50] = -1;
    const Ids padded = std::span<const int64_t>(with_padding);
    std::vector<float> out(64 * 33);
    std::vector<uint16_t> narrow(64 * 33);
    const std::span<float> pooled(out.data(), 3 * 33);
    const std::span<uint16_t> narrow_pooled(narrow.data(), 3 * 33);

    const size_t before = allocations;
    bool good = true;
    for (const auto& request : {by_offsets, by_lengths}) {
      for (const auto pooling : {Pooling::kSum, Pooling::kMean, Pooling::kMax}) {
        for (const LookupOptions& options : {LookupOptions{}, LookupOptions{2, -1, BadIds::kSkip}}) {
          good = pool(*table, request, pooling, RowsOut(pooled, 33), options) && good;
          good = pool(*table, request, pooling, RowsOut(narrow_pooled, 33, ValueType::kBf16), options) && good;
        }
      }
      good = gather(*table, request.ids, RowsOut(out, 33)) && good;
      good = gather(*table, padded, RowsOut(out, 33), {0, -1}) && good;
      good = gather(*table, request.ids, RowsOut(narrow, 33, ValueType::kF16)) && good;
    }
    const size_t allocated = allocations - before;
    CAPTURE(name_of(format));
    CHECK(good);
    CHECK(allocated == 0);
  }
}
