#include "request_files.h"

#include "base/fail.h"
#include "number_checks.h"

namespace windrow::tools {

void add_request_options(CLI::App& verb, RequestFiles& files) {
  verb.add_option("--ids", files.ids, "The ids, an int32 or int64 .npy: 1-D, or 2-D with one bag a row")
      ->required();
  auto* offsets =
      verb.add_option("--offsets", files.offsets,
                      "Where bags begin in 1-D ids: bags + 1 numbers, from 0 to the count of ids");
  verb.add_option("--lengths", files.lengths, "How many ids each bag holds, instead of --offsets")
      ->excludes(offsets);
  verb.add_option("--weights", files.weights, "One factor per id, a float32 .npy (not with max)");
  verb.add_option("--mode", files.pooling, "How a bag's rows become one: sum (default), mean or max")
      ->check(CLI::IsMember({"sum", "mean", "max"}));
  verb.add_option("--padding-id", files.padding_id, "An id that stands for nothing; -1 works");
  verb.add_option("--threads", files.threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(whole_number_from(0));
}

Result<LoadedRequest> load_request(const RequestFiles& files) {
  LoadedRequest request;
  const auto load_ids = [](const std::string& path, IdArray& array) -> Result<void> {
    if (path.empty()) return {};
    auto loaded = read_ids(path);
    if (!loaded) return pass(loaded);
    array = std::move(*loaded);
    return {};
  };
  if (auto ids = load_ids(files.ids, request.ids); !ids) return pass(ids);
  const auto& shape = request.ids.shape;
  const bool has_bags = !files.offsets.empty() || !files.lengths.empty();
  if (shape.empty() || shape.size() > 2 || (has_bags && shape.size() != 1)) {
    return fail(ErrorCode::kInvalidArgument, files.ids, ": an array of ", shape.size(),
                " dimensions; ids are 1-D",
                has_bags ? " when offsets or lengths are given" : ", or 2-D with one bag a row");
  }
  request.has_bags = has_bags || shape.size() == 2;
  if (shape.size() == 2) {
    request.equal_lengths.assign(static_cast<size_t>(shape[0]), static_cast<int64_t>(shape[1]));
  }
  if (auto offsets = load_ids(files.offsets, request.offsets); !offsets) return pass(offsets);
  if (auto lengths = load_ids(files.lengths, request.lengths); !lengths) return pass(lengths);
  if (!files.weights.empty()) {
    auto weights = read_floats(files.weights);
    if (!weights) return pass(weights);
    if (weights->values.size() != request.ids.view().count) {
      return fail(ErrorCode::kInvalidArgument, files.weights, ": ", weights->values.size(), " weights for ",
                  request.ids.view().count, " ids; give one for each");
    }
    request.weights = std::move(*weights);
  }
  return request;
}

Bags LoadedRequest::bags() const {
  Bags bags;
  bags.ids = ids.view();
  bags.offsets = offsets.view();
  bags.lengths = equal_lengths.empty() ? lengths.view() : Ids(std::span<const int64_t>(equal_lengths));
  bags.weights = weights.values;
  return bags;
}

size_t LoadedRequest::bag_count() const {
  if (!equal_lengths.empty()) return equal_lengths.size();
  if (lengths.view().count > 0) return lengths.view().count;
  return offsets.view().count > 0 ? offsets.view().count - 1 : 0;
}

void add_skip_option(CLI::App& verb, bool& skip_bad_ids) {
  verb.add_flag("--skip-bad-ids", skip_bad_ids, "Leave out ids that are no rows, instead of an error");
}

BadIds policy_of(bool skip_bad_ids) {
  return skip_bad_ids ? BadIds::kSkip : BadIds::kError;
}

std::string skipped_text(const LookupReport& report) {
  return report.skipped_ids ? concat(", ", report.skipped_ids, " bad ids skipped") : "";
}

Pooling pooling_of(const std::string& name) {
  if (name == "mean") return Pooling::kMean;
  return name == "max" ? Pooling::kMax : Pooling::kSum;
}

}  // namespace windrow::tools
