#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/meta_slot.h"
#include "format/safetensors.h"
#include "io/atomic_file.h"
#include "table/table_file.h"

namespace windrow {

// What a delta is to hold (FORMAT.md, "Deltas").
struct NewDelta {
  MetaSlot base, target;                      // the slots of the table before and after
  std::vector<safetensors::NewTensor> parts;  // `weight`, then states, with the rows of the delta
  std::span<const int64_t> rows;              // of the table; ascending, each once
  std::optional<std::span<const std::string_view>> tokens = {};  // of each row
};

// The parts of a delta of `rows` rows of a table whose states are of its rows, as RowImages::of() has found. The images of
// rows have the same order (table/row_images.h).
std::vector<safetensors::NewTensor> delta_parts(const TableFile& table, size_t rows, bool with_state);

// Fills `bytes` with what a part holds of the delta's rows number first, first + 1, ...
using FillRows = std::function<Result<void>(size_t part, size_t first, std::span<uint8_t> bytes)>;

// Writes all of a delta but its name, which commit() gives it. It has the permissions of the file `like`.
// Errors: kBusy (a trainer holds the file there), kIo, kNoSpace, kInvalidArgument (as lay_out()), and those of `fill`
Result<io::AtomicFile> write_delta_file(io::FileSystem& system, const std::string& path,
                                        const std::string& like, const NewDelta& delta, const FillRows& fill);

}  // namespace windrow
