#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pool_packed.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/packed_codecs-inl.h"
#include "kernels/pool-inl.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

// One pass over the rows for 4 * Lanes(d) columns, which the codec gives out of step.
template <class Codec, class Op, class D>
HWY_INLINE void pool_group(D d, const Pass& pass, size_t code_bytes, const Fetch& fetch, size_t col,
                           float* out) {
  const Source& source = pass.source;
  auto acc0 = hn::Zero(d), acc1 = acc0, acc2 = acc0, acc3 = acc0;
  if (!pass.begins) {
    hn::LoadInterleaved4(d, out, acc0, acc1, acc2, acc3);
  } else if constexpr (Op::kFromFirst) {
    Codec::load(d, source.rows[0], code_bytes, col, acc0, acc1, acc2, acc3);
  }
  for (size_t i = 0; i < pass.count; ++i) {
    if (fetch.bytes) prefetch_range(source.rows[i + pass.ahead] + fetch.offset, fetch.bytes);
    const auto weight = Op::weight(d, pass.weights, i);
    hn::Vec<D> x0, x1, x2, x3;
    Codec::load(d, source.rows[i], code_bytes, col, x0, x1, x2, x3);
    acc0 = Op::add(acc0, weight, x0);
    acc1 = Op::add(acc1, weight, x1);
    acc2 = Op::add(acc2, weight, x2);
    acc3 = Op::add(acc3, weight, x3);
  }
  if (pass.divisor != 0) {
    const auto divisor = hn::Set(d, pass.divisor);
    acc0 = hn::Div(acc0, divisor);
    acc1 = hn::Div(acc1, divisor);
    acc2 = hn::Div(acc2, divisor);
    acc3 = hn::Div(acc3, divisor);
  }
  hn::StoreInterleaved4(acc0, acc1, acc2, acc3, d, out);
}

template <class Codec, class Op>
void pool_packed(const RowFormat& format, const PoolRun& run, size_t begin, size_t end, float* out) {
  const size_t code_bytes = format.code_bytes();
  Fetch fetch = fetch_of<Codec>(format, run.rows, begin, end);
  const Pass pass = pass_of(format, run, begin);
  for_each_group<HWY_MIN(HWY_LANES(float), 16)>(begin, end, [&](auto d, size_t col) HWY_ATTR {
    if (col + 4 * hn::Lanes(d) <= end) {
      pool_group<Codec, Op>(d, pass, code_bytes, fetch, col, out + (col - begin));
    } else if constexpr (hn::MaxLanes(d) == 1) {  // a last group that is not full
      float group[4] = {};
      memcpy(group, out + (col - begin), (end - col) * sizeof(float));
      pool_group<Codec, Op>(d, pass, code_bytes, fetch, col, group);
      memcpy(out + (col - begin), group, (end - col) * sizeof(float));
    }
    fetch.bytes = 0;
  });
}

WINDROW_POOL(Int4Rows, pool_packed, Packed<4>)
WINDROW_POOL(Int2Rows, pool_packed, Packed<2>)

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

WINDROW_POOL_EXPORT(Int4Rows)
WINDROW_POOL_EXPORT(Int2Rows)

PoolFns pool_int4() {
  return pick_Int4Rows();
}
PoolFns pool_int2() {
  return pick_Int2Rows();
}

}  // namespace windrow::kernels
#endif
