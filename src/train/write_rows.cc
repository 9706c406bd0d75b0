#include <limits>

#include "base/fail.h"
#include "kernels/copy.h"
#include "kernels/encode.h"
#include "kernels/rows.h"
#include "table/view_rows.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

// Copies rows of values into rows of a table, through floats where they are of different types.
class RowWriter {
 public:
  // `scratch` has room for a row of floats.
  RowWriter(const RowFormat& table, const RowsIn& values, float* scratch)
      : values_(values),
        scratch_(scratch),
        from_(format_of(values.type, table.dim)),
        row_bytes_(table.row_bytes()) {
    if (from_.kind == table.kind) return;
    decode_ = kernels::decode_rows(from_);
    if (table.kind == RowFormat::Kind::kF16) encode_ = kernels::encode_values(ValueType::kF16);
    if (table.kind == RowFormat::Kind::kBf16) encode_ = kernels::encode_values(ValueType::kBf16);
  }

  void write(size_t number, uint8_t* to) const {
    const uint8_t* const from = row_of(values_, number);
    if (!decode_) return copy(from, to);
    const auto dim = static_cast<size_t>(from_.dim);
    decode_(from_, {&from, nullptr, 1, 0}, scratch_, dim);
    if (encode_)
      encode_(scratch_, dim, to);
    else
      copy(reinterpret_cast<const uint8_t*>(scratch_), to);
  }

 private:
  // Not by memcpy, as lookups may be reading the row: kernels/concurrent.h.
  void copy(const uint8_t* from, uint8_t* to) const { copy_({&from, 1, 0, row_bytes_}, to, row_bytes_); }

  static RowFormat format_of(ValueType type, int64_t dim) {
    switch (type) {
      case ValueType::kF16:
        return RowFormat::f16(dim);
      case ValueType::kBf16:
        return RowFormat::bf16(dim);
      case ValueType::kF32:
        break;
    }
    return RowFormat::f32(dim);
  }

  RowsIn values_;
  float* scratch_;
  RowFormat from_;
  size_t row_bytes_;
  kernels::CopyFn copy_ = kernels::copy_rows();
  kernels::DecodeRowsFn decode_ = nullptr;
  kernels::EncodeValuesFn encode_ = nullptr;
};

}  // namespace

// On the caller's thread alone: the call has no options to say otherwise, and copying waits for memory
// anyway.
Result<void> TrainerState::write_rows(Ids ids, RowsIn values) {
  if (ids.count > std::numeric_limits<uint32_t>::max()) {
    return fail(ErrorCode::kInvalidArgument, ids.count, " rows in one call; at most 2^32 - 1 are possible");
  }
  if (ids.count == 0) return {};
  const Positions positions{ids, {}, {}};
  if (auto reserved = last_writers.reserve(positions, table->rows, 1); !reserved) return reserved;
  grow(scratch, dim());
  last_writers.run(positions, 1);
  const RowWriter writer(table->format, values, scratch.data());
  if (auto begun = begin_changes(); !begun) return begun;
  const auto bounds = last_writers.bounds();
  for (size_t r = 0; r < last_writers.rows(); ++r) {
    const auto last = static_cast<size_t>(last_writers.source(static_cast<size_t>(bounds[r + 1] - 1)));
    const int64_t id = last_writers.row(r);
    writer.write(last, weights.row(id));
    weights.mark(id);
  }
  return {};
}

}  // namespace windrow
