#include <limits>

#include "base/fail.h"
#include "kernels/copy.h"
#include "kernels/encode.h"
#include "table/float_view.h"
#include "train/trainer_state.h"

namespace windrow {

namespace {

RowFormat::Kind kind_of(ValueType type) {
  return type == ValueType::kF16    ? RowFormat::Kind::kF16
         : type == ValueType::kBf16 ? RowFormat::Kind::kBf16
                                    : RowFormat::Kind::kF32;
}

// Stores rows of values in rows of a table: their bits where these are of one type, else through floats.
class RowWriter {
 public:
  // `scratch` has room for a row of floats.
  RowWriter(const RowFormat& table, const RowsIn& values, float* scratch)
      : values_(values),
        floats_(values, table.dim, scratch),
        dim_(static_cast<size_t>(table.dim)),
        row_bytes_(table.row_bytes()) {
    if (table.kind == kind_of(values.type)) return;
    if (table.kind == RowFormat::Kind::kF16) encode_ = kernels::encode_values(ValueType::kF16);
    if (table.kind == RowFormat::Kind::kBf16) encode_ = kernels::encode_values(ValueType::kBf16);
    is_copied_ = false;
  }

  void write(size_t number, uint8_t* to) const {
    if (is_copied_) return copy(row_of(values_, number), to);
    const float* const floats = floats_.row(number);
    if (encode_) return encode_(floats, dim_, to);
    copy(reinterpret_cast<const uint8_t*>(floats), to);
  }

 private:
  // Not by memcpy, as lookups may be reading the row: kernels/concurrent.h.
  void copy(const uint8_t* from, uint8_t* to) const { copy_({&from, 1, 0, row_bytes_}, to, row_bytes_); }

  RowsIn values_;
  FloatView floats_;
  size_t dim_, row_bytes_;
  bool is_copied_ = true;
  kernels::CopyFn copy_ = kernels::copy_rows();
  kernels::EncodeValuesFn encode_ = nullptr;  // null: the table holds floats
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
  if (auto kept = before_change(last_writers, 1); !kept) return kept;
  const auto bounds = last_writers.bounds();
  for (size_t r = 0; r < last_writers.rows(); ++r) {
    const auto last = static_cast<size_t>(last_writers.source(static_cast<size_t>(bounds[r + 1] - 1)));
    const int64_t id = last_writers.row(r);
    if (counters) counters->begin_change(id);
    writer.write(last, weights.row(id));
    if (counters) counters->end_change(id);
    weights.mark(id);
  }
  return {};
}

}  // namespace windrow
