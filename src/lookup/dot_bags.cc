#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "base/shares.h"
#include "kernels/dot.h"
#include "lookup/lookup_threads.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "windrow/lookup.h"

namespace windrow {

Result<void> dot_bags(const Table& table, const Bags& bags, RowsIn vectors, std::span<float> out,
                      const LookupOptions& options) {
  return guard([&]() -> Result<void> {
    const TableData& data = table.internals();
    if (!bags.weights.empty())
      return fail(ErrorCode::kInvalidArgument, "dot_bags takes no weights: it computes them");
    auto offsets = BagOffsets::from(bags);
    if (!offsets) return pass(offsets);
    if (auto checked = check_rows(vectors, offsets->bags(), data.format.dim, "vectors"); !checked)
      return checked;
    if (out.size() != bags.ids.count) {
      return fail(ErrorCode::kInvalidArgument, "out: holds ", out.size(), " values for ", bags.ids.count,
                  " ids, and must hold one for each");
    }
    const auto bounds = offsets->bounds();
    if (auto checked = check_ids(bags.ids, data.rows, options.padding_id, bounds); !checked) return checked;

    const auto dim = static_cast<size_t>(data.format.dim);
    const std::vector<uint8_t> padding_row(options.padding_id ? data.format.row_bytes() : 0);
    RowStream::Options located;
    located.ahead = rows_ahead(data);
    located.padding_id = options.padding_id;
    located.padding_row = padding_row.data();
    const auto dot = kernels::dot_rows();
    const auto threads = static_cast<size_t>(lookup_threads(options.threads, data, bags.ids.count));
    // Every position has an output of its own, so threads share positions, wherever bags begin.
    parallel(static_cast<int>(threads), [&](int thread) {
      const size_t begin = bags.ids.count * static_cast<size_t>(thread) / threads;
      const size_t end = bags.ids.count * (static_cast<size_t>(thread) + 1) / threads;
      RowStream stream(data, bags.ids, begin, end, located);
      size_t bag =
          static_cast<size_t>(std::upper_bound(bounds.begin(), bounds.end(), static_cast<int64_t>(begin)) -
                              bounds.begin()) -
          1;
      for (size_t at = begin; at < end; ++bag) {
        const float* vector = static_cast<const float*>(vectors.data) + bag * vectors.row_stride;
        const size_t stop = std::min(end, static_cast<size_t>(bounds[bag + 1]));
        while (at < stop) {
          const auto run = stream.next(stop - at);
          dot({run.rows, run.count, located.ahead, vector, dim}, out.data() + at);
          at += run.count;
        }
      }
      if (!options.padding_id) return;
      for (size_t at = begin; at < end; ++at) {
        if (bags.ids[at] == *options.padding_id) out[at] = 0;  // also where the vector holds NaN or infinity
      }
    });
    return {};
  });
}

}  // namespace windrow
