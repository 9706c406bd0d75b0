#include <algorithm>
#include <map>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "train/step_work.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

Result<StepReport> take_step(const StepRequest& request, const StepOptions& options) {
  return guard([&]() -> Result<StepReport> {
    StepWork work;
    if (auto taken = work.take(request, options); !taken) return pass(taken);
    if (auto done = take_steps({&work, 1}, options); !done) return pass(done);
    return work.report();
  });
}

}  // namespace

Result<StepReport> Trainer::step(Ids ids, RowsIn grads, const StepOptions& options) {
  Bags bags;
  bags.ids = ids;
  return take_step({this, bags, std::nullopt, grads}, options);
}

Result<StepReport> Trainer::step(const Bags& bags, Pooling pooling, RowsIn grads,
                                 const StepOptions& options) {
  return take_step({this, bags, pooling, grads}, options);
}

Result<std::vector<StepReport>> step_many(std::span<const StepRequest> requests, const StepOptions& options) {
  return guard([&]() -> Result<std::vector<StepReport>> {
    std::vector<StepWork> works(requests.size());
    std::map<const Trainer*, size_t> first_use;
    for (size_t r = 0; r < requests.size(); ++r) {
      works[r].number = r;
      if (auto taken = works[r].take(requests[r], options); !taken) return works[r].failed(taken);
      const auto [use, is_first] = first_use.emplace(requests[r].trainer, r);
      if (!is_first) {
        return fail(ErrorCode::kInvalidArgument, "request ", r, ": has the trainer of request ", use->second,
                    "; ids of one table go into one request");
      }
    }
    std::vector<StepReport> reports;
    reports.reserve(works.size());  // when the steps are taken nothing may fail any more
    if (auto done = take_steps(works, options); !done) return pass(done);
    for (const auto& work : works) reports.push_back(work.report());
    return reports;
  });
}

}  // namespace windrow
