#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/table_writer.h>

#include "formats/table_reader.h"

namespace windrow::tools {

// The optimiser of a Windrow table, with what it keeps.
struct KeptState {
  Optimizer optimizer;  // of the right kind; hyper-parameters stand in no file
  StateValues values;   // reads the file of the table
  int64_t step_count = 0;
};

// Errors: kUnsupported  not a single Windrow table, or the optimiser of a newer version
//         kNotFound     no optimiser was ever named for it
//         kUnclean      a trainer is at work, or died
Result<KeptState> kept_state(const TableSource& source);

}  // namespace windrow::tools
