#include "table/scales.h"

#include <windrow/lookup.h>
#include <windrow/table.h>

#include "support/cases.h"
#include "support/catch.h"
#include "support/table_values.h"
#include "support/safetensors_file.h"

using namespace windrow;
using ScaleType = RowFormat::ScaleType;

namespace {

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

Result<ScaleLayout> layout(std::vector<uint64_t> shape, int64_t rows, int64_t dim, const char* dtype = "F32",
                           int64_t scale_columns = 0) {
  return scale_layout({"s", dtype, std::move(shape), 0, 0}, rows, dim, scale_columns);
}

// One value of a scale tensor.
float scale_at(const FileTensor& scales, size_t i) {
  if (scales.dtype == "F32") return load<float>(scales.bytes.data() + 4 * i);
  if (scales.dtype == "BF16") return reference_bf16(load<uint16_t>(scales.bytes.data() + 2 * i));
  return reference_ue8m0(scales.bytes[i]);
}

// What is stored, decoded as the shape of the scales says, without a look at how the table is opened.
template <class ScaleOf>
std::vector<float> expected_values(const FileTensor& rows, const FileTensor& scales, ScaleOf scale_of) {
  const size_t dim = rows.shape[1];
  std::vector<float> values;
  for (size_t r = 0; r < rows.shape[0]; ++r) {
    for (size_t c = 0; c < dim; ++c) {
      const uint8_t code = rows.bytes[r * dim + c];
      const float value = rows.dtype == "F8_E4M3"   ? reference_e4m3(code)
                          : rows.dtype == "F8_E5M2" ? reference_e5m2(code)
                                                    : static_cast<float>(static_cast<int8_t>(code));
      values.push_back(value * scale_at(scales, scale_of(r, c)));
    }
  }
  return values;
}

}  // namespace

TEST_CASE("scales: a shape says which values share a scale", "[table]") {
  for (const auto& shape : {std::vector<uint64_t>{}, {1}, {1, 1}}) {
    const auto one = layout(shape, 100, 160);
    REQUIRE(one);
    CHECK((one->one_value && one->block == 160 && one->rows_per_scale > 100 && one->stride_bytes == 4));
  }
  for (const auto& shape : {std::vector<uint64_t>{100}, {100, 1}}) {
    const auto per_row = layout(shape, 100, 160, "BF16");
    REQUIRE(per_row);
    CHECK((!per_row->one_value && per_row->block == 160 && per_row->rows_per_scale == 1));
    CHECK((per_row->stride_bytes == 2 && per_row->type == ScaleType::kBf16));
  }
  const auto blocks = layout({100, 8}, 100, 256, "F8_E8M0");
  REQUIRE(blocks);
  CHECK((blocks->block == 32 && blocks->rows_per_scale == 1 && blocks->stride_bytes == 8));
  CHECK(layout({100, 8}, 100, 256, "U8")->type == ScaleType::kUe8m0);
  CHECK(layout({0, 8}, 0, 256)->block == 32);
}

TEST_CASE("scales: the side of square blocks is deduced, or the shape refused", "[table]") {
  const auto side = [](std::vector<uint64_t> shape, int64_t rows, int64_t dim) -> int64_t {
    const auto deduced = layout(std::move(shape), rows, dim);
    if (!deduced) return 0;
    CHECK(deduced->block == std::min(deduced->rows_per_scale, dim));
    return deduced->rows_per_scale;
  };
  CHECK(side({19532, 2}, 2'500'012, 160) == 128);  // the only one that gives so many
  CHECK(side({8, 2}, 1000, 256) == 128);           // divides the columns evenly
  CHECK(side({8, 2}, 1000, 192) == 128);           // the only power of two; 96 does not fit the rows
  CHECK(side({8, 1}, 1000, 64) == 128);            // wider than a row
  CHECK(side({1, 2}, 100, 200) == 0);              // 100 divides evenly, 128 is a power of two
  CHECK(side({2, 2}, 192, 192) == 0);              // likewise 96 and 128
  CHECK(side({3, 3}, 1000, 256) == 0);             // no number fits both
  CHECK(side({200, 2}, 100, 256) == 0);            // more than rows
  CHECK(side({0, 2}, 100, 256) == 0);
  CHECK(side({8, 0}, 1000, 256) == 0);
}

TEST_CASE("scales: the deduced side gives the shape back", "[table]") {
  const auto parts = [](int64_t extent, int64_t block) {
    return static_cast<uint64_t>((extent - 1) / block + 1);
  };
  for (const int64_t rows : {1, 2, 127, 128, 129, 1000, 4096}) {
    for (const int64_t dim : {1, 31, 64, 160, 256, 1000}) {
      for (const int64_t block : {1, 2, 16, 32, 100, 128}) {
        const std::vector<uint64_t> shape = {parts(rows, block), parts(dim, block)};
        const auto deduced = layout(shape, rows, dim);
        if (!deduced || deduced->one_value || shape[0] == static_cast<uint64_t>(rows)) continue;
        CAPTURE(rows, dim, block, deduced->rows_per_scale);
        CHECK(parts(rows, deduced->rows_per_scale) == shape[0]);
        CHECK(parts(dim, deduced->rows_per_scale) == shape[1]);
        CHECK(parts(dim, deduced->block) == shape[1]);
      }
    }
  }
}

TEST_CASE("scales: shapes and types that fit nothing are refused with both shapes", "[table]") {
  for (const auto& shape :
       {std::vector<uint64_t>{99}, {100, 7}, {100, 0}, {100, 200}, {100, 1, 1}, {160}, {1, 1, 1}}) {
    const auto refused = layout(shape, 100, 160);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kFormat);
    CHECK(has(refused.error().message, "[100, 160]"));
  }
  CHECK(layout({100}, 100, 160, "F16").error().code == ErrorCode::kUnsupported);
  CHECK(layout({100}, 100, 160, "F8_E4M3").error().code == ErrorCode::kUnsupported);
}

TEST_CASE("scales: rows with scales of every shape and type open, and mean what a plain decode says",
          "[table]") {
  const TemporaryFolder folder;
  const size_t rows = 300, dim = 96;
  struct Case {
    std::vector<uint64_t> shape;
    size_t row_block, column_block;
  };
  const Case cases[] = {{{}, rows, dim},     {{1}, rows, dim},   {{1, 1}, rows, dim}, {{rows}, 1, dim},
                        {{rows, 1}, 1, dim}, {{rows, 3}, 1, 32}, {{rows, 96}, 1, 1},  {{10, 3}, 32, 32}};
  for (const char* rows_dtype : {"F8_E4M3", "F8_E5M2", "I8"}) {
    for (const char* dtype : {"F32", "BF16", "F8_E8M0", "U8"}) {
      for (const Case& each : cases) {
        INFO(rows_dtype << " " << dtype << " " << each.shape.size());
        const auto tensor = random_tensor("x.weight", rows_dtype, {rows, dim}, 1);
        auto scales = random_tensor("x.weight_scale", dtype, each.shape, 2);
        if (scales.bytes.size() > 1 && scales.dtype != "F32") scales.bytes[0] = 0, scales.bytes[1] = 255;
        write_safetensors_file(folder / "f", {random_tensor("pad", "BOOL", {1}, 1), scales, tensor});
        const auto table = Table::open(folder / "f");
        if (!table) FAIL(table.error().message);
        CHECK(table->format().scale_place == RowFormat::ScalePlace::kApart);
        const size_t blocks = (dim - 1) / each.column_block + 1;
        CHECK(same_bits(all_values(*table), expected_values(tensor, scales, [&](size_t r, size_t c) {
                          return r / each.row_block * blocks + c / each.column_block;
                        })));
      }
    }
  }
}

TEST_CASE("scales: ue8m0 bytes 0 and 255 are 2^-127 and NaN", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(
      folder / "f", {{"x", "F8_E4M3", {3, 1}, {0x38, 0x38, 0x38}}, {"x_scale", "U8", {3}, {0, 255, 127}}});
  const auto table = Table::open(folder / "f");
  REQUIRE(table);
  const auto values = all_values(*table);
  CHECK(values[0] == std::ldexp(1.0f, -127));
  CHECK(std::isnan(values[1]));
  CHECK(values[2] == 1);
}

TEST_CASE("scales: they are found by the names that checkpoints use, or by the one given", "[table]") {
  const TemporaryFolder folder;
  const auto open = [&](const std::string& rows, const std::string& scales, OpenOptions options = {}) {
    write_safetensors_file(
        folder / "f", {random_tensor(rows, "F8_E4M3", {3, 2}, 1), f32_tensor(scales, {3, 1}, {1, 2, 3})});
    return Table::open(folder / "f", options);
  };
  for (const char* scales : {"x.weight_scale", "x.weight_scale_inv", "x.weight.scale", "x.scale"}) {
    INFO(scales);
    const auto table = open("x.weight", scales);
    REQUIRE(table);
    CHECK(table->format().block == 2);
  }
  CHECK(open("weight", "scale"));
  CHECK(open("x", "x_scale"));
  const auto missing = error_of(open("x", "scale", {.tensor = "x"}));
  CHECK(missing.code == ErrorCode::kNotFound);
  CHECK((has(missing.message, "\"x_scale\"") && has(missing.message, "unscaled")));
  CHECK(open("x", "other", {.tensor = "x", .scale_tensor = "other"}));
  CHECK(open("x", "other", {.scale_tensor = "other"}));  // which is then no table
  CHECK(error_of(open("x", "other", {.tensor = "x", .scale_tensor = "others"})).code == ErrorCode::kNotFound);
  CHECK(error_of(open("x", "x_scale", {.scale_tensor = "x_scale", .unscaled = true})).code ==
        ErrorCode::kInvalidArgument);
  const auto unscaled = open("x", "x_scale", {.unscaled = true});
  REQUIRE(unscaled);
  CHECK(unscaled->format() == RowFormat::fp8_e4m3(2));

  write_safetensors_file(folder / "f",
                         {random_tensor("x", "I8", {3, 2}, 1), f32_tensor("x_scale", {3}, {1, 2, 3}),
                          f32_tensor("x_scale_inv", {1}, {1})});
  const auto both = error_of(Table::open(folder / "f"));
  CHECK((both.code == ErrorCode::kInvalidArgument && has(both.message, "x_scale_inv")));
  CHECK(Table::open(folder / "f", {.scale_tensor = "x_scale"})->format().block == 2);

  write_safetensors_file(folder / "f",
                         {random_tensor("x", "F16", {3, 2}, 1), f32_tensor("x_scale", {3}, {1, 2, 3})});
  CHECK(Table::open(folder / "f", {.tensor = "x"})->format() == RowFormat::f16(2));
  CHECK(error_of(Table::open(folder / "f", {.scale_tensor = "x_scale"})).code == ErrorCode::kInvalidArgument);
}

TEST_CASE("scales: those that do not fit the rows are refused, with file and names", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(
      folder / "f", {random_tensor("x", "F8_E4M3", {3, 2}, 1), f32_tensor("x_scale", {4}, {1, 2, 3, 4})});
  const auto error = error_of(Table::open(folder / "f"));
  CHECK(error.code == ErrorCode::kFormat);
  CHECK((has(error.message, folder / "f") && has(error.message, "x_scale") && has(error.message, "[3, 2]")));
}

TEST_CASE("scales: columns that share one are deduced where the shape leaves no choice, or given",
          "[table]") {
  const auto columns = [](uint64_t n, int64_t dim, int64_t given = 0) -> int64_t {
    const auto deduced = layout({100, n}, 100, dim, "F32", given);
    if (!deduced) return 0;
    CHECK((deduced->rows_per_scale == 1 && deduced->stride_bytes == 4 * n));
    return deduced->block;
  };
  CHECK(columns(2, 160) == 0);  // 80 divides evenly, 128 is a power of two
  CHECK(columns(2, 160, 80) == 80);
  CHECK(columns(2, 160, 128) == 128);
  CHECK(columns(2, 160, 100) == 100);
  CHECK(columns(3, 160) == 64);  // the last block is shorter
  CHECK(columns(5, 160) == 32);
  CHECK(columns(160, 160) == 1);
  CHECK(columns(7, 160) == 0);  // neither
  CHECK(columns(7, 160, 25) == 25);
  CHECK(columns(1, 160, 160) == 160);
  for (const int64_t wrong : {1, 32, 79, 160, 1000}) {
    const auto refused = layout({100, 2}, 100, 160, "F32", wrong);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
    CHECK(has(refused.error().message, std::to_string(wrong)));
  }
  CHECK(layout({2, 2}, 192, 192, "F32", 96)->rows_per_scale == 96);
  CHECK(layout({2, 2}, 192, 192, "F32", 128)->block == 128);
  CHECK(layout({8, 1}, 1000, 64, "F32", 128)->rows_per_scale == 128);
  CHECK(!layout({2, 2}, 192, 192, "F32", 64));
  CHECK(!layout({100}, 100, 160, "F32", 80));
  CHECK(layout({}, 100, 160, "F32", 160)->one_value);
}

TEST_CASE("scales: scale_columns settles what the shape leaves open", "[table]") {
  const TemporaryFolder folder;
  const auto rows = random_tensor("x", "F8_E4M3", {5, 160}, 1),
             scales = random_tensor("x_scale", "BF16", {5, 2}, 2);
  write_safetensors_file(folder / "f", {rows, scales});
  const auto open = error_of(Table::open(folder / "f"));
  CHECK((open.code == ErrorCode::kFormat && has(open.message, "scale_columns")));
  for (const int64_t columns : {80, 128}) {
    const auto table = Table::open(folder / "f", {.scale_columns = columns});
    REQUIRE(table);
    CHECK(same_bits(all_values(*table), expected_values(rows, scales, [&](size_t r, size_t c) {
                      return r * 2 + c / static_cast<size_t>(columns);
                    })));
  }
  for (const OpenOptions& options : {OpenOptions{.scale_columns = 64}, OpenOptions{.scale_columns = -1},
                                     OpenOptions{.scale_columns = 80, .unscaled = true}}) {
    CHECK(error_of(Table::open(folder / "f", options)).code == ErrorCode::kInvalidArgument);
  }
  write_safetensors_file(folder / "f", {random_tensor("x", "F16", {5, 160}, 1)});
  CHECK(error_of(Table::open(folder / "f", {.scale_columns = 80})).code == ErrorCode::kInvalidArgument);
}

TEST_CASE("scales: those of rows that cannot be read are no table either", "[table]") {
  const TemporaryFolder folder;
  const auto scale = f32_tensor("emb.weight_scale", {4, 1}, {1, 2, 3, 4});
  write_safetensors_file(folder / "f", {random_tensor("emb.weight", "U8", {4, 12}, 1), scale});
  auto error = error_of(Table::open(folder / "f"));
  CHECK((error.code == ErrorCode::kUnsupported && has(error.message, "\"emb.weight\"")));
  CHECK(has(error.message, "row_format"));
  write_safetensors_file(folder / "f", {random_tensor("emb.weight", "F8_E4M3FNUZ", {4, 12}, 1), scale});
  error = error_of(Table::open(folder / "f"));
  CHECK((error.code == ErrorCode::kUnsupported && has(error.message, "\"emb.weight\"")));
  CHECK(has(error.message, "F8_E4M3FNUZ"));
  // By its own name, a scale opens like any matrix.
  CHECK(Table::open(folder / "f", {.tensor = "emb.weight_scale"}));
}

TEST_CASE("scales: NVFP4 is refused by name, however it is asked for", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f", {random_tensor("emb.weight", "U8", {4, 16}, 1),
                                        random_tensor("emb.weight_scale", "F8_E4M3", {4, 2}, 2),
                                        f32_tensor("emb.weight_scale_2", {}, {1})});
  for (const OpenOptions& options :
       {OpenOptions{}, OpenOptions{.tensor = "emb.weight"}, OpenOptions{.row_format = RowFormat::Kind::kInt4},
        OpenOptions{.tensor = "emb.weight", .row_format = RowFormat::Kind::kFp8E4m3, .unscaled = true}}) {
    const auto error = error_of(Table::open(folder / "f", options));
    CHECK((error.code == ErrorCode::kUnsupported && has(error.message, "NVFP4")));
  }
}

TEST_CASE("scales: among several files they may be in any", "[table]") {
  const TemporaryFolder folder;
  std::vector<FileTensor> rows, scales;
  std::vector<float> expected;
  for (const char* name : {"a", "b"}) {
    rows.push_back(
        random_tensor(std::string(name) + ".weight", "F8_E5M2", {3, 4}, static_cast<uint64_t>(name[0])));
    scales.push_back(
        f32_tensor(std::string(name) + ".weight_scale", {3, 1}, {1, 2, static_cast<float>(name[0])}));
    const auto part = expected_values(rows.back(), scales.back(), [](size_t r, size_t) { return r; });
    expected.insert(expected.end(), part.begin(), part.end());
    write_safetensors_file(folder / name, {rows.back()});
  }
  write_safetensors_file(folder / "scales", scales);
  for (const auto& names :
       {std::vector<std::string>{"a", "b", "scales"}, {"scales", "a", "b"}, {"a", "scales", "b"}}) {
    std::vector<std::string> paths;
    for (const auto& name : names) paths.push_back(folder / name);
    const auto table = Table::open(paths);
    if (!table) FAIL(table.error().message);
    CHECK(table->rows() == 6);
    CHECK(same_bits(all_values(*table), expected));
  }
  write_safetensors_file(folder / "more", {scales[0]});
  const std::vector<std::string> twice = {folder / "a", folder / "scales", folder / "more"};
  const auto error = error_of(Table::open(twice));
  CHECK((error.code == ErrorCode::kInvalidArgument && has(error.message, folder / "more")));
  const std::vector<std::string> same = {folder / "a", folder / "more", folder / "more"};
  CHECK(Table::open(same));
  const std::vector<std::string> lone = {folder / "a", folder / "b", folder / "more"};
  CHECK(error_of(Table::open(lone)).code == ErrorCode::kNotFound);
  // Named as the caller likes.
  write_safetensors_file(folder / "named", {f32_tensor("s", {}, {0.5f})});
  const std::vector<std::string> with_named = {folder / "a", folder / "named"};
  CHECK(Table::open(with_named, {.scale_tensor = "s"}));
  const std::vector<std::string> only = {folder / "named", folder / "named"};
  CHECK(error_of(Table::open(only, {.scale_tensor = "s"})).code == ErrorCode::kNotFound);
}
