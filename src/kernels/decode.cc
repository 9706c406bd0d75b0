#include "base/prefetch.h"
#include "kernels/concurrent.h"
#include "kernels/dispatch.h"
#include "kernels/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/decode.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/packed_codecs-inl.h"
#include "kernels/scales.h"

HWY_BEFORE_NAMESPACE();
WINDROW_RACY_BEGIN
namespace windrow::kernels::HWY_NAMESPACE {

// Columns [begin, end) of a row; the last vector may repeat columns of the one before.
template <class Codec, class D>
HWY_INLINE void decode_columns(D d, const uint8_t* row, hn::Vec<D> scale, hn::Vec<D> bias, size_t begin,
                               size_t end, float* out) {
  const size_t lanes = hn::Lanes(d);
  for (size_t col = begin; col < end; col += lanes) {
    const size_t at = HWY_MIN(col, end - lanes);
    hn::StoreU(Codec::load(d, row, at, scale, bias), d, out + at);
  }
}

// A row whose blocks of columns have scales of their own.
template <class Codec, class D>
HWY_INLINE void decode_blocks(D d, const RowFormat& format, const uint8_t* row, const uint8_t* scales,
                              float* out) {
  const size_t dim = static_cast<size_t>(format.dim), columns = static_cast<size_t>(format.block);
  for (size_t begin = 0, block = 0; begin < dim; begin += columns, ++block) {
    const auto scale = hn::Set(d, load_scale(format.scale_type, scales, block));
    decode_columns<Codec>(d, row, scale, scale, begin, HWY_MIN(begin + columns, dim), out);
  }
}

HWY_INLINE void prefetch_ahead(const RowFormat& format, const Rows& rows, size_t i) {
  if (rows.ahead == 0) return;
  prefetch_range(rows.at[i + rows.ahead], format.row_bytes());
  if (rows.scales) prefetch_range(rows.scales[i + rows.ahead], format.scale_bytes());
}

// With the widest vector that is not wider than `narrowest`, the fewest columns that are decoded at once.
template <class Codec, size_t kLanes>
void decode_widest(const RowFormat& format, const Rows& rows, size_t narrowest, float* out,
                   size_t out_stride) {
  const hn::CappedTag<float, kLanes> d;
  if constexpr (kLanes > 1) {
    if (hn::Lanes(d) > narrowest)
      return decode_widest<Codec, kLanes / 2>(format, rows, narrowest, out, out_stride);
  }
  const Source source{rows.at, nullptr, static_cast<size_t>(format.dim)};
  for (size_t i = 0; i < rows.count; ++i) {
    prefetch_ahead(format, rows, i);
    const uint8_t* row = rows.at[i];
    float* to = out + i * out_stride;
    if constexpr (Codec::kScaled) {
      decode_blocks<Codec>(d, format, row, rows.scales ? rows.scales[i] : row + format.code_bytes(), to);
    } else {
      decode_columns<Codec>(d, row, Codec::scale(d, source, i), Codec::bias(d, source, i), 0, source.dim, to);
    }
  }
}

template <class Codec>
void decode(const RowFormat& format, const Rows& rows, float* out, size_t out_stride) {
  const auto dim = static_cast<size_t>(format.dim);
  size_t narrowest = dim;
  if constexpr (Codec::kScaled) {
    const size_t columns = static_cast<size_t>(format.block), last = (dim - 1) % columns + 1;
    narrowest = HWY_MIN(columns, last);
  }
  decode_widest<Codec, HWY_MIN(HWY_LANES(float), 16)>(format, rows, narrowest, out, out_stride);
}

template <class Codec>
void decode_packed(const RowFormat& format, const Rows& rows, float* out, size_t out_stride) {
  const auto dim = static_cast<size_t>(format.dim);
  const size_t code_bytes = format.code_bytes();
  for (size_t i = 0; i < rows.count; ++i) {
    prefetch_ahead(format, rows, i);
    float* to = out + i * out_stride;
    for_each_group<HWY_MIN(HWY_LANES(float), 16)>(0, dim, [&](auto d, size_t col) HWY_ATTR {
      hn::Vec<decltype(d)> x0, x1, x2, x3;
      Codec::load(d, rows.at[i], code_bytes, col, x0, x1, x2, x3);
      if (col + 4 * hn::Lanes(d) <= dim) {
        hn::StoreInterleaved4(x0, x1, x2, x3, d, to + col);
      } else if constexpr (hn::MaxLanes(d) == 1) {  // a last group that is not full
        float group[4];
        hn::StoreInterleaved4(x0, x1, x2, x3, d, group);
        memcpy(to + col, group, (dim - col) * sizeof(float));
      }
    });
  }
}

#define WINDROW_DECODE(NAME, RUN, CODEC)                                                        \
  void Decode##NAME(const RowFormat& format, const Rows& rows, float* out, size_t out_stride) { \
    RUN<CODEC>(format, rows, out, out_stride);                                                  \
  }

WINDROW_DECODE(F32, decode, F32)
WINDROW_DECODE(F16, decode, F16)
WINDROW_DECODE(Bf16, decode, Bf16)
WINDROW_DECODE(E4m3, decode, E4m3)
WINDROW_DECODE(ScaledE4m3, decode, Scaled<E4m3>)
WINDROW_DECODE(E5m2, decode, E5m2)
WINDROW_DECODE(ScaledE5m2, decode, Scaled<E5m2>)
WINDROW_DECODE(I8, decode, I8)
WINDROW_DECODE(ScaledI8, decode, Scaled<I8>)
WINDROW_DECODE(Int8, decode, Int8)
WINDROW_DECODE(Int4, decode_packed, Packed<4>)
WINDROW_DECODE(Int2, decode_packed, Packed<2>)

#undef WINDROW_DECODE

}  // namespace windrow::kernels::HWY_NAMESPACE
WINDROW_RACY_END
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(DecodeF32);
HWY_EXPORT(DecodeF16);
HWY_EXPORT(DecodeBf16);
HWY_EXPORT(DecodeE4m3);
HWY_EXPORT(DecodeScaledE4m3);
HWY_EXPORT(DecodeE5m2);
HWY_EXPORT(DecodeScaledE5m2);
HWY_EXPORT(DecodeI8);
HWY_EXPORT(DecodeScaledI8);
HWY_EXPORT(DecodeInt8);
HWY_EXPORT(DecodeInt4);
HWY_EXPORT(DecodeInt2);

DecodeRowsFn decode_rows(const RowFormat& format) {
  choose_target_once();
  const bool scaled = format.block > 0;
  switch (format.kind) {
    case RowFormat::Kind::kF32:
      return HWY_DYNAMIC_DISPATCH(DecodeF32);
    case RowFormat::Kind::kF16:
      return HWY_DYNAMIC_DISPATCH(DecodeF16);
    case RowFormat::Kind::kBf16:
      return HWY_DYNAMIC_DISPATCH(DecodeBf16);
    case RowFormat::Kind::kFp8E4m3:
      return scaled ? HWY_DYNAMIC_DISPATCH(DecodeScaledE4m3) : HWY_DYNAMIC_DISPATCH(DecodeE4m3);
    case RowFormat::Kind::kFp8E5m2:
      return scaled ? HWY_DYNAMIC_DISPATCH(DecodeScaledE5m2) : HWY_DYNAMIC_DISPATCH(DecodeE5m2);
    case RowFormat::Kind::kInt8:
      return HWY_DYNAMIC_DISPATCH(DecodeInt8);
    case RowFormat::Kind::kInt4:
      return HWY_DYNAMIC_DISPATCH(DecodeInt4);
    case RowFormat::Kind::kInt2:
      return HWY_DYNAMIC_DISPATCH(DecodeInt2);
    case RowFormat::Kind::kI8:
      return scaled ? HWY_DYNAMIC_DISPATCH(DecodeScaledI8) : HWY_DYNAMIC_DISPATCH(DecodeI8);
  }
  return nullptr;  // unreachable: formats are checked where tables are made
}

}  // namespace windrow::kernels
#endif
