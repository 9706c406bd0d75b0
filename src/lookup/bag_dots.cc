#include "lookup/bag_dots.h"

#include <algorithm>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "base/parallel.h"
#include "kernels/dot.h"
#include "lookup/lookup_threads.h"
#include "lookup/zero_row.h"
#include "table/float_rows.h"
#include "table/float_view.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "table/view_rows.h"
#include "table/whole_check.h"

namespace windrow {

namespace {

// A checked request, as every thread sees it.
struct DotWork {
  const TableData& table;
  Ids ids;
  std::span<const int64_t> bounds;  // of the bags
  RowsIn vectors;
  DotScale scale;
  std::span<float> out;
  RowStream::Options located;
  kernels::DotFn dot;

  const IdFilter& filter() const { return located.filter; }
};

// out[i] = out[i] * r, for positions [begin, end) of a bag.
void scale_by_reciprocal(const DotWork& work, size_t bag, size_t begin, size_t end) {
  const auto first = static_cast<size_t>(work.bounds[bag]), last = static_cast<size_t>(work.bounds[bag + 1]);
  const float reciprocal = 1.0f / static_cast<float>(work.filter().count(work.ids, first, last));
  for (size_t i = begin; i < end; ++i) work.out[i] = work.out[i] * reciprocal;
}

// Positions [begin, end), wherever bags begin.
void run(const DotWork& work, const FloatRows& floats, const FloatView& vectors, size_t begin, size_t end) {
  if (begin == end) return;
  RowStream stream(work.table, work.ids, begin, end, work.located);
  const auto after = std::upper_bound(work.bounds.begin(), work.bounds.end(), static_cast<int64_t>(begin));
  auto bag = static_cast<size_t>(after - work.bounds.begin()) - 1;
  for (size_t at = begin; at < end; ++bag) {
    const size_t first = at, stop = std::min(end, static_cast<size_t>(work.bounds[bag + 1]));
    if (first == stop) continue;
    const float* const vector = vectors.row(bag);
    while (at < stop) {
      const kernels::Rows rows = stream.next(stop - at).rows;
      const auto* const* addresses = floats.of(rows);
      const auto dim = static_cast<size_t>(work.table.format.dim);
      work.dot({addresses, rows.count, floats.ahead(rows.ahead), vector, dim}, work.out.data() + at);
      at += rows.count;
    }
    if (work.scale == DotScale::kReciprocal) scale_by_reciprocal(work, bag, first, stop);
  }
  if (work.filter().uses_all()) return;
  for (size_t at = begin; at < end; ++at) {
    if (!work.filter().used(work.ids[at])) work.out[at] = 0;  // also where the vector holds NaN or infinity
  }
}

}  // namespace

Result<LookupReport> bag_dots(const Table& table, const Bags& bags, RowsIn vectors, const char* what,
                              DotScale scale, std::span<float> out, const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    const TableData& data = table.internals();
    const int64_t dim = data.format.dim;
    BagOffsets offsets;
    if (auto read = offsets.read(bags); !read) return pass(read);
    if (auto checked = check_rows(vectors, offsets.bags(), dim, what); !checked) return pass(checked);
    if (out.size() != bags.ids.count) {
      return fail(ErrorCode::kInvalidArgument, "out: holds ", out.size(), " values for ", bags.ids.count,
                  " ids, and must hold one for each");
    }
    const auto bounds = offsets.bounds();
    const auto checked = check_ids(bags.ids, data.rows, options.padding_id, options.bad_ids, bounds);
    if (!checked) return tl::make_unexpected(checked.error());

    const ZeroRow zeros(data, !checked->filter.uses_all());
    RowStream::Options located = FloatRows::reading_for(data, checked->filter);
    located.unused_row = located.unused_scales = zeros.bytes();
    const DotWork work{data, bags.ids, bounds, vectors, scale, out, located, kernels::dot_rows()};

    const WholeCheck whole(data);
    const size_t count = bags.ids.count;
    const int threads = lookup_threads(options.threads, count, count * row_cost(data));
    std::vector<float> decoded(FloatRows::memory_for(data, threads));
    const size_t vector_floats = FloatView::memory_for(vectors, dim);
    std::vector<float> widened(static_cast<size_t>(threads) * vector_floats);
    // Every position has an output of its own, so threads share positions.
    parallel(threads, [&](int thread) {
      const auto t = static_cast<size_t>(thread), of = static_cast<size_t>(threads);
      const FloatView own_vectors(vectors, dim, widened.data() + t * vector_floats);
      run(work, FloatRows(data, decoded, thread), own_vectors, count * t / of, count * (t + 1) / of);
    });
    if (auto read = whole.end(); !read) return pass(read);
    return LookupReport{checked->skipped};
  });
}

}  // namespace windrow
