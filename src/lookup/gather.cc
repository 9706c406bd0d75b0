#include <vector>

#include "base/guard.h"
#include "base/parallel.h"
#include "kernels/copy.h"
#include "lookup/lookup_threads.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "windrow/lookup.h"

namespace windrow {

Result<void> gather(const Table& table, Ids ids, RowsOut out, const LookupOptions& options) {
  return guard([&]() -> Result<void> {
    const TableData& data = table.internals();
    if (auto checked = check_rows(out, ids.count, data.format.dim, "out"); !checked) return checked;
    if (auto checked = check_ids(ids, data.rows, options.padding_id); !checked) return checked;

    RowStream::Options located;
    located.ahead = rows_ahead(data);
    // A padding id that is a row is read like any other; one that is none stands for zeros.
    std::vector<uint8_t> zeros;
    if (options.padding_id && (*options.padding_id < 0 || *options.padding_id >= data.rows)) {
      zeros.resize(data.format.row_bytes());
      located.padding_id = options.padding_id;
      located.padding_row = zeros.data();
    }
    const auto copy = kernels::copy_rows();
    const size_t out_stride = out.row_stride * sizeof(float);
    const auto threads = static_cast<size_t>(lookup_threads(options.threads, data, ids.count));
    parallel(static_cast<int>(threads), [&](int thread) {
      const auto t = static_cast<size_t>(thread);
      const size_t begin = ids.count / threads * t + std::min(t, ids.count % threads);
      const size_t end = begin + ids.count / threads + (t < ids.count % threads ? 1 : 0);
      RowStream stream(data, ids, begin, end, located);
      auto* to = static_cast<uint8_t*>(out.data) + begin * out_stride;
      for (size_t left = end - begin; left > 0;) {
        const auto run = stream.next(left);
        copy({run.rows, run.count, located.ahead, data.format.row_bytes()}, to, out_stride);
        to += run.count * out_stride;
        left -= run.count;
      }
    });
    return {};
  });
}

}  // namespace windrow
