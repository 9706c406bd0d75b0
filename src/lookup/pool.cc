#include "base/guard.h"
#include "base/parallel.h"
#include "lookup/lookup_threads.h"
#include "lookup/pool_work.h"
#include "table/request.h"
#include "table/whole_check.h"

namespace windrow {

Result<LookupReport> pool(const Table& table, const Bags& bags, Pooling pooling, RowsOut out,
                          const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    BagOffsets offsets;
    if (auto read = offsets.read(bags); !read) return pass(read);
    PoolWork work;
    if (auto taken = work.take({&table, bags, pooling, out}, offsets.bounds(), options); !taken)
      return pass(taken);
    const int threads = lookup_threads(options.threads, work.id_count(), work.cost_bytes());
    const WholeCheck whole(*work.table);
    const Shares::Part part = work.as_part();
    const Team team(threads);
    const SharedPool shared({&work, 1}, {&part, 1}, team.size());
    team.run(team.size(), [&](int thread) { shared.run(thread); });
    if (auto read = whole.end(); !read) return pass(read);
    return LookupReport{work.skipped_ids};
  });
}

}  // namespace windrow
