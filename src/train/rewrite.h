#pragma once

#include <windrow/maintenance.h>
#include <optional>
#include <string>

#include "io/atomic_file.h"
#include "table/table_file.h"

namespace windrow {

// A table file written anew with other state: what it is to have.
struct Rewrite {
  std::optional<Optimizer> optimizer = {};  // none: no optimiser, no state, no steps
  StateValues values = {};
  int64_t step_count = 0;
  uint64_t content = 0;  // as in a slot
  RewriteProgress progress = {};
};

// Writes everything but the name. Tensors that are no state, metadata, uuid, tag and the flag "mixed" are those of
// `source`; so are the checksums of what is copied. Nobody may change `source` meanwhile.
// Errors: kFormat, kUnsupported (checksums), kIo, kNoSpace, and those that `values` returns
Result<io::AtomicFile> write_anew(io::FileSystem& system, const TableFile& source, const std::string& target,
                                  const Rewrite& rewrite);

// Whether the file holds state of any optimiser.
bool keeps_state(const TableFile& table);

}  // namespace windrow
