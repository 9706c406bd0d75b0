#include "kernels/dispatch.h"
#include "kernels/encode.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/encode_row.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/block_scale.h"
#include "kernels/quantize-inl.h"

HWY_BEFORE_NAMESPACE();
namespace windrow::kernels::HWY_NAMESPACE {

// Every block of columns divided by a scale of its own, in which its largest value becomes at most `most`.
template <class Codec>
EncodeError encode_scaled(const RowFormat& format, float most, const float* values, uint8_t* row) {
  uint8_t* scale_at = row + format.code_bytes();
  const size_t scale_bytes = format.scale_bytes() / format.scale_count();
  EncodeError error = EncodeError::kNone;
  for_each_block(format, 0, static_cast<size_t>(format.dim), [&](size_t begin, size_t end, size_t) HWY_ATTR {
    const float largest = extent_of(values + begin, end - begin).magnitude;
    if (!std::isfinite(largest)) {
      error = EncodeError::kNotFinite;
      return;
    }
    const float scale = choose_scale(format.scale_type, largest, most, scale_at);
    narrow(Divided<Codec>{scale}, values + begin, end - begin, row + begin);
    scale_at += scale_bytes;
  });
  return error;
}

template <class Codec>
EncodeError encode_plain(const RowFormat& format, const float* values, uint8_t* row) {
  narrow(Codec(), values, static_cast<size_t>(format.dim), row);
  return EncodeError::kNone;
}

EncodeError RowToF32(const RowFormat& format, const float* values, uint8_t* row) {
  memcpy(row, values, format.row_bytes());
  return EncodeError::kNone;
}
EncodeError RowToF16(const RowFormat& format, const float* values, uint8_t* row) {
  return encode_plain<ToF16>(format, values, row);
}
EncodeError RowToBf16(const RowFormat& format, const float* values, uint8_t* row) {
  return encode_plain<ToBf16>(format, values, row);
}
EncodeError RowToE4m3(const RowFormat& format, const float* values, uint8_t* row) {
  if (format.block > 0) return encode_scaled<ToE4m3>(format, 448.0f, values, row);
  return encode_plain<ToE4m3>(format, values, row);
}
EncodeError RowToE5m2(const RowFormat& format, const float* values, uint8_t* row) {
  if (format.block > 0) return encode_scaled<ToE5m2>(format, 57344.0f, values, row);
  return encode_plain<ToE5m2>(format, values, row);
}
EncodeError RowToI8(const RowFormat& format, const float* values, uint8_t* row) {
  if (format.block > 0) return encode_scaled<ToI8>(format, 127.0f, values, row);
  const float largest = extent_of(values, static_cast<size_t>(format.dim)).magnitude;
  if (!std::isfinite(largest)) return EncodeError::kNotFinite;
  if (largest >= 127.5f) return EncodeError::kOutOfRange;
  return encode_plain<ToI8>(format, values, row);
}
EncodeError RowToInt8(const RowFormat& format, const float* values, uint8_t* row) {
  return quantize_int8(format, values, row);
}
EncodeError RowToInt4(const RowFormat& format, const float* values, uint8_t* row) {
  return quantize_packed<4>(format, values, row);
}
EncodeError RowToInt2(const RowFormat& format, const float* values, uint8_t* row) {
  return quantize_packed<2>(format, values, row);
}

}  // namespace windrow::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace windrow::kernels {

HWY_EXPORT(RowToF32);
HWY_EXPORT(RowToF16);
HWY_EXPORT(RowToBf16);
HWY_EXPORT(RowToE4m3);
HWY_EXPORT(RowToE5m2);
HWY_EXPORT(RowToI8);
HWY_EXPORT(RowToInt8);
HWY_EXPORT(RowToInt4);
HWY_EXPORT(RowToInt2);

EncodeRowFn encode_row(RowFormat::Kind kind) {
  choose_target_once();
  switch (kind) {
    case RowFormat::Kind::kF32:
      return HWY_DYNAMIC_DISPATCH(RowToF32);
    case RowFormat::Kind::kF16:
      return HWY_DYNAMIC_DISPATCH(RowToF16);
    case RowFormat::Kind::kBf16:
      return HWY_DYNAMIC_DISPATCH(RowToBf16);
    case RowFormat::Kind::kFp8E4m3:
      return HWY_DYNAMIC_DISPATCH(RowToE4m3);
    case RowFormat::Kind::kFp8E5m2:
      return HWY_DYNAMIC_DISPATCH(RowToE5m2);
    case RowFormat::Kind::kInt8:
      return HWY_DYNAMIC_DISPATCH(RowToInt8);
    case RowFormat::Kind::kInt4:
      return HWY_DYNAMIC_DISPATCH(RowToInt4);
    case RowFormat::Kind::kInt2:
      return HWY_DYNAMIC_DISPATCH(RowToInt2);
    case RowFormat::Kind::kI8:
      return HWY_DYNAMIC_DISPATCH(RowToI8);
  }
  return nullptr;  // unreachable: every enumerator has its case
}

}  // namespace windrow::kernels
#endif  // HWY_ONCE
