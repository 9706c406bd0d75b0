#pragma once

#include <windrow/error.h>
#include <windrow/lookup.h>
#include <windrow/views.h>
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "npy_file.h"

namespace windrow::tools {

// A request that lies in .npy files, as `pool` and `step` take it.
struct RequestFiles {
  std::string ids;
  std::string offsets;
  std::string lengths;
  std::string weights;
  std::string pooling = "sum";
  std::optional<int64_t> padding_id;
  int threads = 0;
};

void add_request_options(CLI::App& verb, RequestFiles& files);

// The arrays of a request, read into memory.
struct LoadedRequest {
  IdArray ids;
  IdArray offsets;
  IdArray lengths;
  FloatArray weights;
  std::vector<int64_t> equal_lengths;  // of 2-D ids: one bag a row

  bool has_bags = false;  // 1-D ids without offsets and lengths have none

  Bags bags() const;
  size_t bag_count() const;
};

Result<LoadedRequest> load_request(const RequestFiles& files);

// --skip-bad-ids of lookups, and what a lookup says of it.
void add_skip_option(CLI::App& verb, bool& skip_bad_ids);
BadIds policy_of(bool skip_bad_ids);
std::string skipped_text(const LookupReport& report);

Pooling pooling_of(const std::string& name);

}  // namespace windrow::tools
