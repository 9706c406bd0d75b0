#include <algorithm>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "kernels/dot.h"
#include "lookup/float_rows.h"
#include "lookup/lookup_threads.h"
#include "lookup/zero_row.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "windrow/lookup.h"

namespace windrow {

Result<LookupReport> dot_bags(const Table& table, const Bags& bags, RowsIn vectors, std::span<float> out,
                              const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    const TableData& data = table.internals();
    if (!bags.weights.empty())
      return fail(ErrorCode::kInvalidArgument, "dot_bags takes no weights: it computes them");
    BagOffsets offsets;
    if (auto read = offsets.read(bags); !read) return pass(read);
    if (auto checked = check_rows(vectors, offsets.bags(), data.format.dim, "vectors"); !checked)
      return pass(checked);
    if (out.size() != bags.ids.count) {
      return fail(ErrorCode::kInvalidArgument, "out: holds ", out.size(), " values for ", bags.ids.count,
                  " ids, and must hold one for each");
    }
    const auto bounds = offsets.bounds();
    const auto checked = check_ids(bags.ids, data.rows, options.padding_id, options.bad_ids, bounds);
    if (!checked) return tl::make_unexpected(checked.error());
    const IdFilter& filter = checked->filter;

    const auto dim = static_cast<size_t>(data.format.dim);
    const ZeroRow zeros(data, !filter.uses_all());
    RowStream::Options located = FloatRows::reading_for(data, filter);
    located.unused_row = located.unused_scales = zeros.bytes();
    const auto dot = kernels::dot_rows();
    const auto threads =
        static_cast<size_t>(lookup_threads(options.threads, bags.ids.count, bags.ids.count * row_cost(data)));
    std::vector<float> memory = FloatRows::memory_for(data, static_cast<int>(threads));
    // Every position has an output of its own, so threads share positions, wherever bags begin.
    parallel(static_cast<int>(threads), [&](int thread) {
      const size_t begin = bags.ids.count * static_cast<size_t>(thread) / threads;
      const size_t end = bags.ids.count * (static_cast<size_t>(thread) + 1) / threads;
      RowStream stream(data, bags.ids, begin, end, located);
      const FloatRows floats(data, memory, thread);
      size_t bag =
          static_cast<size_t>(std::upper_bound(bounds.begin(), bounds.end(), static_cast<int64_t>(begin)) -
                              bounds.begin()) -
          1;
      for (size_t at = begin; at < end; ++bag) {
        const float* vector = static_cast<const float*>(vectors.data) + bag * vectors.row_stride;
        const size_t stop = std::min(end, static_cast<size_t>(bounds[bag + 1]));
        while (at < stop) {
          const kernels::Rows run = stream.next(stop - at).rows;
          const auto* const* rows = floats.of(run);
          dot({rows, run.count, floats.ahead(run.ahead), vector, dim}, out.data() + at);
          at += run.count;
        }
      }
      if (filter.uses_all()) return;
      for (size_t at = begin; at < end; ++at) {
        if (!filter.used(bags.ids[at])) out[at] = 0;  // also where the vector holds NaN or infinity
      }
    });
    return LookupReport{checked->skipped};
  });
}

}  // namespace windrow
