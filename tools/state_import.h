#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/table.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/glove_gradsq.h"

namespace windrow::tools {

// An optimiser's state that another program saved, for the rows of a table.
struct StateImport {
  StateValues values;
  std::optional<int64_t> step_count;  // where the files have it
  std::vector<std::string> remarks;   // what was read, for the report
};

struct StateImportOptions {
  std::vector<std::string> paths;
  std::string prefix;             // torch: what stands before the names of the tensors; empty: found out
  double eta = 0.05;              // GloVe: the learning rate that it was run with
  std::optional<GlovePart> part;  // GloVe: whose sums these rows want
  std::string vocabulary;         // GloVe, binary: a file of lines `token count`
};

// Finds out who wrote the files, and gets the values ready for `table`, which must be open while they are used.
Result<StateImport> import_state(const Table& table, const Optimizer& optimizer,
                                 const StateImportOptions& options);

// Tensors of `optimizer.state_dict()` of torch, saved as safetensors.
Result<StateImport> import_torch_state(const Table& table, const Optimizer& optimizer,
                                       const StateImportOptions& options);

// The file of `glove -save-gradsq`.
Result<StateImport> import_glove_state(const Table& table, const Optimizer& optimizer,
                                       const StateImportOptions& options);

}  // namespace windrow::tools
