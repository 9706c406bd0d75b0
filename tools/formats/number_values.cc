#include "formats/number_values.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "kernels/rows.h"

namespace windrow::tools {

namespace {

enum class Order : uint8_t { kLittle, kBig };

// A number as it is stored, with its bytes turned round where they are in the other order.
template <class Number, Order order>
Number load_in(const uint8_t* stored) {
  if constexpr (order == Order::kLittle) {
    return load<Number>(stored);
  } else {
    uint8_t turned[sizeof(Number)];
    std::reverse_copy(stored, stored + sizeof(Number), turned);
    return load<Number>(turned);
  }
}

// To the nearest float, as numpy's astype(float32) does.
template <class Number, Order order>
void decode(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(load_in<Number, order>(stored + i * sizeof(Number)));
}

void decode_bool(const uint8_t* stored, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = stored[i] != 0 ? 1.0f : 0.0f;
}

template <Order order>
void decode_f16(const uint8_t* stored, size_t count, float* values) {
  constexpr size_t kAtOnce = 512;
  std::array<uint16_t, kAtOnce> halves;
  for (size_t i = 0; i < count; i += kAtOnce) {
    const size_t more = std::min(kAtOnce, count - i);
    for (size_t k = 0; k < more; ++k) halves[k] = load_in<uint16_t, order>(stored + 2 * (i + k));
    const RowFormat format = RowFormat::f16(static_cast<int64_t>(more));
    const uint8_t* const row = bytes_of(halves).data();
    kernels::decode_rows(format)(format, {&row, nullptr, 1, 0}, values + i, more);
  }
}

constexpr const char* kRounded = "values were rounded from float64 to float32";
constexpr const char* kWhole =
    "values are whole numbers, which became float32: exact up to 2^24, rounded beyond";
constexpr const char* kSmall = "values are whole numbers, which became float32";
constexpr const char* kBytes =
    "values are bytes, taken as numbers from 0 to 255; if they are rows of another format, --stored-as "
    "says of which";
constexpr const char* kTruth = "values are true and false, which became 1 and 0";

constexpr NumberValues kValues[] = {
    {"<f4", decode<float, Order::kLittle>, nullptr},
    {">f4", decode<float, Order::kBig>, nullptr},
    {"<f2", decode_f16<Order::kLittle>, nullptr},
    {">f2", decode_f16<Order::kBig>, nullptr},
    {"<f8", decode<double, Order::kLittle>, kRounded},
    {">f8", decode<double, Order::kBig>, kRounded},
    {"i1", decode<int8_t, Order::kLittle>, kSmall},
    {"u1", decode<uint8_t, Order::kLittle>, kBytes},
    {"b1", decode_bool, kTruth},
    {"<i2", decode<int16_t, Order::kLittle>, kSmall},
    {">i2", decode<int16_t, Order::kBig>, kSmall},
    {"<u2", decode<uint16_t, Order::kLittle>, kSmall},
    {">u2", decode<uint16_t, Order::kBig>, kSmall},
    {"<i4", decode<int32_t, Order::kLittle>, kWhole},
    {">i4", decode<int32_t, Order::kBig>, kWhole},
    {"<u4", decode<uint32_t, Order::kLittle>, kWhole},
    {">u4", decode<uint32_t, Order::kBig>, kWhole},
    {"<i8", decode<int64_t, Order::kLittle>, kWhole},
    {">i8", decode<int64_t, Order::kBig>, kWhole},
    {"<u8", decode<uint64_t, Order::kLittle>, kWhole},
    {">u8", decode<uint64_t, Order::kBig>, kWhole},
};

}  // namespace

const NumberValues* number_values(std::string_view descr) {
  // A byte has no order, whatever stands before its type.
  const std::string_view type = descr.ends_with('1') && descr.size() == 3 ? descr.substr(1) : descr;
  const auto found = std::find_if(std::begin(kValues), std::end(kValues),
                                  [&](const NumberValues& v) { return v.descr == type; });
  return found == std::end(kValues) ? nullptr : &*found;
}

const NumberValues* number_values_of_dtype(std::string_view dtype) {
  constexpr std::pair<std::string_view, std::string_view> kDescrs[] = {
      {"F64", "<f8"}, {"I64", "<i8"}, {"U64", "<u8"}, {"I32", "<i4"},
      {"U32", "<u4"}, {"I16", "<i2"}, {"U16", "<u2"}, {"BOOL", "b1"}};
  for (const auto& [name, descr] : kDescrs) {
    if (name == dtype) return number_values(descr);
  }
  return nullptr;
}

}  // namespace windrow::tools
