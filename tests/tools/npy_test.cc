#include "formats/npy_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/cases.h"
#include "support/catch.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow::tools;

namespace {

std::string npy_file(const std::string& descr, const std::string& order, const std::string& shape,
                     const std::string& data) {
  const std::string dict = "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(dict.size());
  bytes += '\0';
  return bytes + dict + data;
}

Vectors read(const std::string& bytes) {
  ByteReader reader(bytes_in_memory(bytes, "a.npy"));
  const auto header = read_npy_header(reader);
  if (!header) {
    Vectors none;
    none.error = header.error().message;
    return none;
  }
  return read_vectors(read_npy(reader.release(), *header));
}

// The values as they stand in a file, in either byte order.
template <class Number>
std::string stored(const std::vector<Number>& numbers, bool big) {
  std::string bytes;
  for (const Number& number : numbers) {
    std::string item(reinterpret_cast<const char*>(&number), sizeof(Number));
    if (big) std::reverse(item.begin(), item.end());
    bytes += item;
  }
  return bytes;
}

template <class Number>
void check_type(const std::string& type, const std::vector<Number>& numbers, const std::vector<float>& expected) {
  for (const bool big : {false, true}) {
    CAPTURE(type, big);
    const std::string order = sizeof(Number) == 1 ? "|" : big ? ">" : "<";
    const std::string data = stored(numbers, big);
    const auto rows = read(npy_file(order + type, "False", "(2, 2)", data));
    CHECK(rows.error == "");
    CHECK(same_bits(rows.values, expected));
    const auto columns = read(npy_file(order + type, "True", "(2, 2)", data));
    CHECK(columns.error == "");
    CHECK(same_bits(columns.values, std::vector<float>{expected[0], expected[2], expected[1], expected[3]}));
  }
}

}  // namespace

TEST_CASE("npy: numbers of every type, in both byte orders, by rows and by columns", "[tools]") {
  const float infinity = std::numeric_limits<float>::infinity();
  check_type<float>("f4", {1, -0.0f, infinity, 1e-45f}, {1, -0.0f, infinity, 1e-45f});
  check_type<double>("f8", {0.1, 1e300, -0.0, 1e-60}, {0.1f, infinity, -0.0f, 0});
  check_type<uint16_t>("f2", {0x3c00, 0xc000, 0x7c00, 0x0001}, {1, -2, infinity, std::ldexp(1.0f, -24)});
  check_type<int8_t>("i1", {1, -2, 127, -128}, {1, -2, 127, -128});
  check_type<uint8_t>("u1", {0, 1, 128, 255}, {0, 1, 128, 255});
  check_type<uint8_t>("b1", {0, 1, 0, 7}, {0, 1, 0, 1});
  check_type<int16_t>("i2", {1, -2, 32767, -32768}, {1, -2, 32767, -32768});
  check_type<uint16_t>("u2", {1, 2, 32768, 65535}, {1, 2, 32768, 65535});
  check_type<int32_t>("i4", {1, -2, 16777217, INT32_MIN}, {1, -2, 16777216, -2147483648.0f});
  check_type<uint32_t>("u4", {1, 2, 16777219, UINT32_MAX}, {1, 2, 16777220, 4294967296.0f});
  check_type<int64_t>("i8", {1, -2, INT64_MAX, INT64_MIN}, {1, -2, 9223372036854775808.0f, -9223372036854775808.0f});
  check_type<uint64_t>("u8", {1, 2, UINT64_MAX, uint64_t{1} << 63}, {1, 2, 18446744073709551616.0f, 9223372036854775808.0f});
}

TEST_CASE("npy: an array by columns that takes many tiles", "[tools]") {
  constexpr size_t kRows = 5000, kDim = 150;
  std::vector<int32_t> by_columns;
  std::vector<float> expected;
  for (size_t c = 0; c < kDim; ++c)
    for (size_t r = 0; r < kRows; ++r) by_columns.push_back(static_cast<int32_t>(r * kDim + c));
  for (size_t i = 0; i < kRows * kDim; ++i) expected.push_back(static_cast<float>(i));
  const auto got = read(npy_file("<i4", "True", "(5000, 150)", stored(by_columns, false)));
  CHECK(got.error == "");
  CHECK(got.values == expected);
  // A single row or column is the same in both orders.
  CHECK(read(npy_file("<f4", "True", "(1, 3)", stored<float>({1, 2, 3}, false))).values ==
        std::vector<float>{1, 2, 3});
  CHECK(read(npy_file("<f4", "True", "(3, 1)", stored<float>({1, 2, 3}, false))).dim == 1);
}

TEST_CASE("npy: arrays that are no tables are refused with their shape", "[tools]") {
  CHECK(contains(read(npy_file("<i4", "False", "(6,)", std::string(24, '\0'))).error, "shape (6,)"));
  CHECK(contains(read(npy_file("<i4", "False", "()", std::string(4, '\0'))).error, "shape ()"));
  CHECK(contains(read(npy_file("<i4", "True", "(1, 2, 3)", std::string(24, '\0'))).error, "shape (1, 2, 3)"));
  CHECK(contains(read(npy_file("<i4", "False", "(3, 0)", "")).error, "shape (3, 0)"));
  CHECK(contains(read(npy_file("<i4", "True", "(0, 4294967296)", "")).error, "shape (0, 4294967296)"));
  CHECK(read(npy_file("<i4", "True", "(0, 3)", "")).error == "");
  CHECK(contains(read(npy_file("|V1", "False", "(1, 1)", "x")).error, "could be anything"));
}

TEST_CASE("npy: cut at any byte it is an error", "[tools]") {
  const std::string whole = npy_file(">i2", "True", "(2, 3)", std::string(12, 'x'));
  CHECK(read(whole).error == "");
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(!read(whole.substr(0, size)).error.empty());
  }
}

TEST_CASE("convert: arrays of whole numbers and arrays by columns, with a remark", "[tools]") {
  const TemporaryFolder folder;
  const auto convert = [&](const std::string& bytes, const std::vector<std::string>& more = {}) {
    write_bytes(folder / "a.npy", bytes);
    std::vector<std::string> arguments = {"convert", "a.npy", "b.npy"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return windrow_command(folder, arguments);
  };
  CHECK(convert(npy_file("<i4", "True", "(2, 2)", stored<int32_t>({1, 2, 3, 4}, false))).says("exact up to 2^24"));
  CHECK(read_matrix(folder / "b.npy").values == std::vector<float>{1, 3, 2, 4});
  CHECK(convert(npy_file("<f4", "True", "(2, 2)", stored<float>({1, 2, 3, 4}, false))).status == 0);
  CHECK(read_matrix(folder / "b.npy").values == std::vector<float>{1, 3, 2, 4});
  CHECK(convert(npy_file("|b1", "False", "(2, 2)", {0, 1, 1, 0})).says("true and false"));
  CHECK(read_matrix(folder / "b.npy").values == std::vector<float>{0, 1, 1, 0});
  CHECK(convert(npy_file("|i1", "False", "(2, 2)", {0, 1, -1, 2})).says("whole numbers"));
  CHECK(read_matrix(folder / "b.npy").values == std::vector<float>{0, 1, -1, 2});
  CHECK(convert(npy_file("<i2", "False", "(1, 1)", {1, 0, 9})).says("1 bytes behind the array"));
  CHECK(convert(npy_file("|i1", "False", "(2, 2)", {0, 1, -1, 2}), {"--unscaled"}).status == 0);
  CHECK(read_matrix(folder / "b.npy").values == std::vector<float>{0, 1, -1, 2});
  CHECK(convert(npy_file("<i4", "False", "(1, 1)", std::string(4, '\0')), {"--stored-as", "int8"}).status == 1);
  CHECK(folder.entries() == 2);
}
