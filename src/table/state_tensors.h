#pragma once

#include <windrow/optimizer.h>
#include <windrow/table_writer.h>
#include <cstdint>
#include <functional>

#include "format/safetensors.h"
#include "table/tensor_sink.h"

namespace windrow {

// The tensors in which a table file keeps its optimiser's state.

// One of them in a table of `rows` rows of `dim` values.
safetensors::NewTensor describe_state(const StateTensor& state, uint64_t rows, uint64_t dim);

// Bytes of state for one row.
uint64_t state_row_bytes(const Optimizer& optimizer, uint64_t dim);

// Called now and then while much is written; an error ends the work.
using BetweenParts = std::function<Result<void>()>;

// Writes all of them, one after another: with the values that `values` gives, or else their initial ones.
Result<void> write_state(TensorSink& sink, const Optimizer& optimizer, uint64_t rows, uint64_t dim,
                         const StateValues& values, const BetweenParts& between = {});

}  // namespace windrow
