#include "kernels/pool.h"

namespace windrow::kernels {

namespace {

PoolFns pool_of(const RowFormat& format) {
  const bool scaled = format.block > 0;
  switch (format.kind) {
    case RowFormat::Kind::kF32:
      return pool_f32();
    case RowFormat::Kind::kF16:
      return pool_f16();
    case RowFormat::Kind::kBf16:
      return pool_bf16();
    case RowFormat::Kind::kFp8E4m3:
      return pool_e4m3(scaled);
    case RowFormat::Kind::kFp8E5m2:
      return pool_e5m2(scaled);
    case RowFormat::Kind::kInt8:
      return pool_int8();
    case RowFormat::Kind::kInt4:
      return pool_int4();
    case RowFormat::Kind::kInt2:
      return pool_int2();
    case RowFormat::Kind::kI8:
      return pool_i8(scaled);
  }
  return {};  // unreachable: formats are checked where tables are made
}

}  // namespace

PoolFn pool(const RowFormat& format, Reduction reduction) {
  const PoolFns fns = pool_of(format);
  switch (reduction) {
    case Reduction::kSum:
      return fns.sum;
    case Reduction::kWeightedSum:
      return fns.weighted_sum;
    case Reduction::kMax:
      return fns.max;
  }
  return nullptr;  // unreachable: every enumerator is above
}

}  // namespace windrow::kernels
