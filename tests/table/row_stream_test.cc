#include "table/row_stream.h"

#include <vector>

#include "support/cases.h"
#include "support/catch.h"

using namespace windrow;

namespace {

TableData three_segments(const MemoryTable& memory, std::vector<int64_t> sizes) {
  TableData data;
  data.format = memory.format;
  int64_t first = 0;
  for (const int64_t rows : sizes) {
    data.add({memory.data() + static_cast<size_t>(first) * memory.format.stride_bytes, first, rows});
    first += rows;
  }
  return data;
}

}  // namespace

TEST_CASE("row_stream: rows come in order, in pieces of any size, with more to prefetch behind them", "[table]") {
  const auto memory = random_table(100, RowFormat::f32(3), 1);
  const auto bags = random_bags(100, {2000}, 2);
  const std::vector<int32_t> narrow(bags.ids.begin(), bags.ids.end());
  for (const auto& sizes : {std::vector<int64_t>{100}, {40, 40, 20}, {1, 0, 98, 1}}) {
    const TableData data = three_segments(memory, sizes);
    for (const size_t ahead : {size_t{0}, size_t{5}, RowStream::kMaxAhead}) {
      for (const std::optional<int64_t> padding : {std::optional<int64_t>(), std::optional<int64_t>(99)}) {
        for (const Ids ids : {Ids(std::span(bags.ids)), Ids(std::span(narrow))}) {
          RowStream::Options options;
          options.filter.padding_id = padding;
          options.weights = bags.weights.data();
          options.ahead = ahead;
          RowStream stream(data, ids, 10, 1990, options);
          std::vector<size_t> used;
          for (size_t i = 10; i < 1990; ++i) {
            if (!padding || bags.ids[i] != *padding) used.push_back(i);
          }
          bool good = true;
          size_t at = 0;
          for (size_t wanted = 1; at < used.size(); wanted = wanted % 97 + 13) {
            const auto run = stream.next(std::min(wanted, used.size() - at));
            good = good && run.rows.count >= 1 && run.rows.count <= wanted;
            good = good && run.rows.ahead == ahead;
            for (size_t k = 0; k < run.rows.count + ahead; ++k) {
              const size_t position = used[std::min(at + k, used.size() - 1)];
              const auto* row = memory.data() + static_cast<size_t>(bags.ids[position]) * memory.format.stride_bytes;
              good = good && run.rows.at[k] == row;
              if (k < run.rows.count) good = good && run.weights[k] == bags.weights[position];
            }
            at += run.rows.count;
          }
          CAPTURE(ahead, padding.has_value(), sizes.size());
          CHECK(good);
        }
      }
    }
  }
}

TEST_CASE("row_stream: padding may stand for a row of its own", "[table]") {
  const auto memory = random_table(4, RowFormat::f32(1), 1);
  const TableData data = three_segments(memory, {4});
  const uint8_t zeros[4] = {};
  const std::vector<int64_t> ids = {-1, 2, -1};
  RowStream::Options options;
  options.filter.padding_id = -1;
  options.unused_row = zeros;
  RowStream stream(data, std::span(ids), 0, 3, options);
  const auto run = stream.next(3);
  REQUIRE(run.rows.count == 3);
  CHECK((run.rows.at[0] == zeros && run.rows.at[1] == memory.data() + 8 && run.rows.at[2] == zeros));
}

TEST_CASE("row_stream: what fits into the window is fetched at once, and nothing is left to prefetch", "[table]") {
  const auto memory = random_table(100, RowFormat::f32(3), 1);
  const TableData data = three_segments(memory, {100});
  const std::vector<int64_t> ids = {5, 7, 99};
  RowStream::Options options;
  options.ahead = 8;
  RowStream stream(data, std::span(ids), 0, 3, options);
  CHECK(stream.all_located());
  const auto run = stream.next(3);
  CHECK((run.rows.count == 3 && run.rows.ahead == 0));
}
