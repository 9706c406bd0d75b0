#include <windrow/lookup.h>
#include <windrow/table.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/meta_slot.h"
#include "support/catch.h"
#include "support/reference_rows.h"
#include "support/safetensors_file.h"
#include "table/table_data.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

void write_npy(const std::string& path, const char* descr, std::vector<uint64_t> shape, const std::vector<float>& values) {
  write_npy_file(path, descr, std::move(shape), as_bytes(values));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kTwoByTwo = R"({"emb.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";

}  // namespace

TEST_CASE("open: a 2-D F32 tensor of any safetensors file opens in place, at any alignment", "[table]") {
  const TemporaryFolder folder;
  for (size_t spaces = 0; spaces < 5; ++spaces) {
    write_safetensors_text(folder / "f", kTwoByTwo + std::string(spaces, ' '), as_bytes<float>({1, 2, 3, 4}));
    const auto table = Table::open(folder / "f");
    REQUIRE(table);
    CHECK(all_values(*table) == std::vector<float>{1, 2, 3, 4});
  }
}

TEST_CASE("open: one of several tensors is opened by name, and must be named", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f", {f32_tensor("a", {1, 2}, {1, 2}), f32_tensor("b", {2, 1}, {3, 4}),
                                        random_tensor("c", "I16", {2, 1}, 1)});
  const auto any = error_of(Table::open(folder / "f"));
  CHECK(any.code == ErrorCode::kInvalidArgument);
  CHECK((has(any.message, "a  F32 [1, 2]") && has(any.message, "b  F32 [2, 1]")));
  const auto b = Table::open(folder / "f", {.tensor = "b"});
  REQUIRE(b);
  CHECK(all_values(*b) == std::vector<float>{3, 4});
  const auto c = error_of(Table::open(folder / "f", {.tensor = "c"}));
  CHECK(c.code == ErrorCode::kUnsupported);
  CHECK(has(c.message, "I16"));
  CHECK(error_of(Table::open(folder / "f", {.tensor = "d"})).code == ErrorCode::kNotFound);
}

TEST_CASE("open: a C-order float32 npy file opens in place", "[table]") {
  const TemporaryFolder folder;
  write_npy(folder / "f", "<f4", {3, 2}, {1, 2, 3, 4, 5, 6});
  const auto table = Table::open(folder / "f");
  REQUIRE(table);
  CHECK((table->rows() == 3 && table->dim() == 2));
  CHECK(all_values(*table) == std::vector<float>{1, 2, 3, 4, 5, 6});
}

namespace {

// Whether the table holds these bytes, row by row, and they mean what they should.
void check_rows(const Table& table, const RowFormat& format, const std::vector<uint8_t>& bytes) {
  CHECK(table.format() == format);
  REQUIRE(static_cast<size_t>(table.rows()) * format.stride_bytes == bytes.size());
  std::vector<float> expected;
  for (int64_t r = 0; r < table.rows(); ++r) {
    const uint8_t* row = bytes.data() + static_cast<size_t>(r) * format.stride_bytes;
    CHECK(std::memcmp(table.row(r), row, format.row_bytes()) == 0);
    for (size_t c = 0; c < static_cast<size_t>(format.dim); ++c) {
      expected.push_back(reference_value(format, row, nullptr, c));
    }
  }
  const auto values = all_values(table);
  bool same = values.size() == expected.size();
  for (size_t i = 0; same && i < values.size(); ++i) {
    same = values[i] == expected[i] || (std::isnan(values[i]) && std::isnan(expected[i]));
  }
  CHECK(same);
}

}  // namespace

TEST_CASE("open: tensors of every row type open in place", "[table]") {
  using Kind = RowFormat::Kind;
  const TemporaryFolder folder;
  const std::pair<const char*, Kind> kTypes[] = {{"F32", Kind::kF32},         {"F16", Kind::kF16},
                                                 {"BF16", Kind::kBf16},       {"F8_E4M3", Kind::kFp8E4m3},
                                                 {"F8_E5M2", Kind::kFp8E5m2}, {"I8", Kind::kI8}};
  for (const auto& [dtype, kind] : kTypes) {
    // A tensor of one byte before it: every row is at an odd address.
    const auto tensor = random_tensor("emb", dtype, {5, 7}, 1);
    write_safetensors_file(folder / "f", {random_tensor("other", "BOOL", {1}, 1), tensor});
    const auto table = Table::open(folder / "f", {.unscaled = true});
    INFO(dtype);
    REQUIRE(table);
    check_rows(*table, RowFormat::of(kind, 7), tensor.bytes);
  }
}

TEST_CASE("open: bytes with a row format are rows of it", "[table]") {
  using Kind = RowFormat::Kind;
  const TemporaryFolder folder;
  const auto tensor = random_tensor("emb", "U8", {4, 12}, 1);
  write_safetensors_file(folder / "f", {tensor, random_tensor("x", "F32", {2, 2}, 2)});
  write_npy_file(folder / "n", "|u1", {4, 12}, tensor.bytes);
  for (const auto& path : {folder / "f", folder / "n"}) {
    for (const auto& [kind, dim] : {std::pair(Kind::kInt8, 4), std::pair(Kind::kInt4, 16), std::pair(Kind::kInt2, 32),
                                    std::pair(Kind::kFp8E4m3, 12)}) {
      const auto table = Table::open(path, {.row_format = kind, .unscaled = true});
      INFO(row_format_name(kind));
      REQUIRE(table);
      check_rows(*table, RowFormat::of(kind, dim), tensor.bytes);
    }
    const auto unnamed = error_of(Table::open(path, {.tensor = path == folder / "n" ? "" : "emb"}));
    CHECK((unnamed.code == ErrorCode::kUnsupported && has(unnamed.message, "row_format")));
    CHECK(error_of(Table::open(path, {.row_format = Kind::kF16})).code == ErrorCode::kInvalidArgument);
    CHECK(error_of(Table::open(path, {.row_format = static_cast<Kind>(77)})).code == ErrorCode::kInvalidArgument);
  }
  // Rows with no room for a value, and a type that says itself what it is.
  write_safetensors_file(folder / "f", {random_tensor("emb", "U8", {4, 8}, 1), random_tensor("x", "F32", {2, 2}, 2)});
  CHECK(has(error_of(Table::open(folder / "f", {.row_format = Kind::kInt8})).message, "8 bytes, too few"));
  CHECK(error_of(Table::open(folder / "f", {.tensor = "x", .row_format = Kind::kInt8})).code ==
        ErrorCode::kInvalidArgument);
  CHECK(Table::open(folder / "f", {.tensor = "x", .row_format = Kind::kF32}));
}

TEST_CASE("open: npy arrays of float16 and signed bytes, and of types that numpy has no name for", "[table]") {
  using Kind = RowFormat::Kind;
  const TemporaryFolder folder;
  const auto bytes = random_tensor("", "I16", {3, 5}, 4).bytes;
  const auto open = [&](const char* descr, std::vector<uint64_t> shape, OpenOptions options) {
    write_npy_file(folder / "f", descr, std::move(shape), bytes);
    return Table::open(folder / "f", options);
  };
  auto table = open("<f2", {3, 5}, {});
  REQUIRE(table);
  check_rows(*table, RowFormat::f16(5), bytes);
  table = open("|i1", {3, 10}, {.unscaled = true});
  REQUIRE(table);
  check_rows(*table, RowFormat::of(Kind::kI8, 10), bytes);
  table = open("|V2", {3, 5}, {.row_format = Kind::kBf16});
  REQUIRE(table);
  check_rows(*table, RowFormat::bf16(5), bytes);
  table = open("|V1", {3, 10}, {.row_format = Kind::kFp8E5m2, .unscaled = true});
  REQUIRE(table);
  check_rows(*table, RowFormat::fp8_e5m2(10), bytes);
  CHECK(!open("|V2", {3, 5}, {}));
  CHECK(error_of(open("|i1", {3, 10}, {})).code == ErrorCode::kNotFound);  // its scales are nowhere
}

TEST_CASE("open: a Windrow file says itself what its rows are", "[table]") {
  const TemporaryFolder folder;
  for (const auto& format : {RowFormat::fp8_e4m3(9), RowFormat::int8(9), RowFormat::int2(9), RowFormat::bf16(9),
                             RowFormat::fp8_e5m2(40).scaled(RowFormat::ScaleType::kUe8m0, 32),
                             RowFormat::int4(9).padded_to_lines()}) {
    INFO(row_format_name(format.kind));
    REQUIRE(Table::create(folder / "t", {.rows = 3, .format = format}));
    const auto table = Table::open(folder / "t");
    REQUIRE(table);
    CHECK(table->format() == format);
    CHECK(Table::open(folder / "t", {.row_format = format.kind}));
    CHECK(error_of(Table::open(folder / "t", {.row_format = RowFormat::Kind::kF32})).code ==
          ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("open: a folder opens by the model file in it, or says what else there is", "[table]") {
  const TemporaryFolder folder;
  CHECK(has(error_of(Table::open(folder.path())).message, "it holds no tables"));
  write_npy(folder / "b.npy", "<f4", {1, 1}, {1});
  const auto error = error_of(Table::open(folder.path()));
  CHECK((error.code == ErrorCode::kNotFound && has(error.message, "b.npy")));
  write_safetensors_file(folder / "model.safetensors", {f32_tensor("x", {2, 1}, {5, 6})});
  write_text(folder / "model.safetensors.index.json", "not looked at");
  for (const auto& path : {folder.path(), folder.path() + "/"}) {
    const auto table = Table::open(path);
    REQUIRE(table);
    CHECK(all_values(*table) == std::vector<float>{5, 6});
  }
}

TEST_CASE("open: npy files that are no tables are refused with their type or shape", "[table]") {
  const TemporaryFolder folder;
  write_npy(folder / "f", "<f8", {1, 2}, {1, 2, 3, 4});
  const auto type = error_of(Table::open(folder / "f"));
  CHECK((type.code == ErrorCode::kUnsupported && has(type.message, "<f8")));
  write_npy(folder / "f", "<f4", {4}, {1, 2, 3, 4});
  const auto shape = error_of(Table::open(folder / "f"));
  CHECK((shape.code == ErrorCode::kUnsupported && has(shape.message, "[4]")));
}

TEST_CASE("open: several files are one table, also with uneven and empty pieces", "[table]") {
  const TemporaryFolder folder;
  write_npy(folder / "a", "<f4", {2, 2}, {1, 2, 3, 4});
  write_npy(folder / "b", "<f4", {0, 2}, {});
  write_safetensors_file(folder / "c", {f32_tensor("x", {2, 2}, {5, 6, 7, 8})});
  write_npy(folder / "d", "<f4", {3, 2}, {9, 10, 11, 12, 13, 14});
  const std::vector<std::string> paths = {folder / "a", folder / "b", folder / "c", folder / "d"};
  const auto table = Table::open(paths);
  REQUIRE(table);
  CHECK(table->rows() == 7);
  CHECK(table->data() == nullptr);
  CHECK(all_values(*table) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
  float first;
  std::memcpy(&first, table->row(4), sizeof(first));
  CHECK(first == 9);

  write_npy(folder / "e", "<f4", {1, 3}, {1, 2, 3});
  const std::vector<std::string> mixed = {folder / "a", folder / "e"};
  CHECK(error_of(Table::open(mixed)).code == ErrorCode::kInvalidArgument);
  CHECK(error_of(Table::open(std::span<const std::string>())).code == ErrorCode::kInvalidArgument);
}

TEST_CASE("open: files of other kinds are refused by name", "[table]") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& content) {
    write_text(folder / "f", content);
    const auto error = error_of(Table::open(folder / "f"));
    CHECK(error.code == ErrorCode::kFormat);
    CHECK(has(error.message, folder / "f"));
    return error.message;
  };
  CHECK(has(message(""), "0 bytes"));
  CHECK(has(message("PK\x03\x04 more than sixteen bytes"), "zip"));
  CHECK(has(message("\x80\x02 more than sixteen bytes of pickle"), "pickle"));
  CHECK(has(message("version https://git-lfs.github.com/spec/v1"), "LFS"));
  CHECK(!has(message("version 2 of my vectors, in text"), "LFS"));
  CHECK(has(message(R"({"model_type": "x", "hidden_size": 64})"), "no index of a checkpoint"));
  CHECK(has(message("the 0.1 0.2 0.3\nof 0.1 0.2 0.3\n"), "windrow convert"));
  CHECK(has(message("<!DOCTYPE html> sorry, not found"), "web page"));
  CHECK(error_of(Table::open(folder / "missing")).code == ErrorCode::kNotFound);
}

TEST_CASE("open: a file that is shorter than its header promises is refused", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 100, .format = RowFormat::f32(8)}));
  auto bytes = read_all(folder / "t");
  bytes.resize(bytes.size() - 1);
  write_all(folder / "t", bytes);
  const auto error = error_of(Table::open(folder / "t"));
  CHECK(error.code == ErrorCode::kFormat);
}

TEST_CASE("open: a table both of whose slots are damaged is refused, one slot is enough", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 3, .format = RowFormat::f32(1)}));
  auto bytes = read_all(folder / "t");
  bytes[4096 + 100] ^= 1;
  write_all(folder / "t", bytes);
  CHECK(error_of(Table::open(folder / "t")).code == ErrorCode::kMetaCorrupt);
}

TEST_CASE("open: a table that another program has saved anew opens as a foreign file", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 3, .format = RowFormat::f32(2), .init = {Init::Kind::kConstant, 4}}));
  auto bytes = read_all(folder / "t");
  bytes[4095] = '\n';  // still a valid header, but not the one that `_meta` remembers
  write_all(folder / "t", bytes);
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  CHECK(all_values(*table) == std::vector<float>(6, 4));
}

TEST_CASE("open: residency huge reads everything, and says what it got", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 100'000, .format = RowFormat::f32(16)}));
  const auto table = Table::open(folder / "t", {.residency = Residency::kHuge, .evict_first = true});
  REQUIRE(table);
  const auto report = table->residency();
  CHECK(report.mapped_bytes > 100'000 * 64);
  CHECK(report.resident_bytes >= 100'000 * 64);
  CHECK(report.huge_bytes <= report.mapped_bytes);
}

TEST_CASE("open: residency is what was asked for, and pages are read where it says so", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 100'000, .format = RowFormat::f32(16)}));
  const auto automatic = Table::open(folder / "t");
  REQUIRE(automatic);
  CHECK(automatic->residency().residency == Residency::kAuto);
  CHECK(!automatic->internals().lazy);
  for (const bool checked : {false, true}) {
    const auto lazy = Table::open(folder / "t", {.checked = checked, .residency = Residency::kLazy});
    REQUIRE(lazy);
    CHECK(lazy->residency().residency == Residency::kLazy);
    CHECK(lazy->internals().lazy);
    if (checked) CHECK(lazy->residency().resident_bytes == lazy->residency().mapped_bytes);
    const auto warm = Table::open(folder / "t", {.checked = checked, .residency = Residency::kWarm});
    REQUIRE(warm);
    CHECK(warm->residency().residency == Residency::kWarm);
    CHECK(!warm->internals().lazy);
    CHECK(warm->residency().resident_bytes == warm->residency().mapped_bytes);
    CHECK(all_values(*warm) == all_values(*lazy));
  }
}

TEST_CASE("wrap: memory of the caller is a table, wrong shapes are refused", "[table]") {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const auto table = Table::wrap(values.data(), 3, RowFormat::f32(2));
  REQUIRE(table);
  CHECK(all_values(*table) == values);
  CHECK(static_cast<const void*>(table->data()) == values.data());
  CHECK(!Table::wrap(nullptr, 3, RowFormat::f32(2)));
  CHECK(!Table::wrap(values.data(), -1, RowFormat::f32(2)));
  CHECK(!Table::wrap(values.data(), 3, RowFormat::f32(0)));
}

TEST_CASE("open: an npy file has no tensor of any name", "[table]") {
  const TemporaryFolder folder;
  write_npy(folder / "f", "<f4", {2, 2}, {1, 2, 3, 4});
  const auto error = error_of(Table::open(folder / "f", {.tensor = "foo"}));
  CHECK((error.code == ErrorCode::kNotFound && has(error.message, "\"foo\"")));
}

TEST_CASE("open: the dim of int8, int4 and int2 rows of a foreign file can be given", "[table]") {
  using Kind = RowFormat::Kind;
  const TemporaryFolder folder;
  const auto tensor = random_tensor("emb", "U8", {4, 12}, 1);
  write_safetensors_file(folder / "f", {tensor});
  write_npy_file(folder / "n", "|u1", {4, 12}, tensor.bytes);
  for (const auto& path : {folder / "f", folder / "n"}) {
    for (const auto& [kind, dim] : {std::pair(Kind::kInt8, 4), std::pair(Kind::kInt8, 1), std::pair(Kind::kInt4, 15),
                                    std::pair(Kind::kInt4, 7), std::pair(Kind::kInt2, 29)}) {
      CAPTURE(row_format_name(kind), dim);
      const auto table = Table::open(path, {.row_format = kind, .dim = dim});
      REQUIRE(table);
      RowFormat format = RowFormat::of(kind, dim);
      format.stride_bytes = 12;
      check_rows(*table, format, tensor.bytes);
    }
    for (const auto& [kind, dim] : {std::pair(Kind::kInt8, int64_t{5}), std::pair(Kind::kInt4, int64_t{17}),
                                    std::pair(Kind::kInt2, int64_t{33}), std::pair(Kind::kInt4, int64_t{-1}),
                                    std::pair(Kind::kInt4, INT64_MAX), std::pair(Kind::kFp8E4m3, int64_t{11})}) {
      CAPTURE(row_format_name(kind), dim);
      CHECK(error_of(Table::open(path, {.row_format = kind, .dim = dim, .unscaled = true})).code ==
            ErrorCode::kInvalidArgument);
    }
  }
  REQUIRE(Table::create(folder / "t", {.rows = 3, .format = RowFormat::int4(9)}));
  CHECK(Table::open(folder / "t", {.dim = 9}));
  CHECK(error_of(Table::open(folder / "t", {.dim = 10})).code == ErrorCode::kInvalidArgument);
}

TEST_CASE("open: a Windrow file with scales apart is refused", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(
      folder / "t", {.rows = 3, .format = RowFormat::fp8_e4m3(8).scaled(RowFormat::ScaleType::kF32, 8)}));
  auto bytes = read_all(folder / "t");
  auto slot = decode_slot(std::span(bytes).subspan(4096, kSlotBytes), 0);
  REQUIRE(slot);
  slot->scale_place = 1;
  const auto changed = encode_slot(*slot);
  std::copy(changed.begin(), changed.end(), bytes.begin() + 4096);
  write_all(folder / "t", bytes);
  const auto error = error_of(Table::open(folder / "t"));
  CHECK((error.code == ErrorCode::kUnsupported && has(error.message, "apart")));
}

TEST_CASE("open: a table that is being written to is lazy where the choice is free", "[table]") {
  const TemporaryFolder folder;
  REQUIRE(Table::create(folder / "t", {.rows = 3, .format = RowFormat::f32(8)}));
  auto bytes = read_all(folder / "t");
  auto slot = decode_slot(std::span(bytes).subspan(4096, kSlotBytes), 0);
  REQUIRE(slot);
  slot->clean = false;
  const auto changed = encode_slot(*slot);
  std::copy(changed.begin(), changed.end(), bytes.begin() + 4096);
  write_all(folder / "t", bytes);
  const auto table = Table::open(folder / "t", {.unclean = Unclean::kAny});
  REQUIRE(table);
  CHECK((table->residency().residency == Residency::kLazy && table->internals().lazy));
  const auto warm = Table::open(folder / "t", {.residency = Residency::kWarm, .unclean = Unclean::kAny});
  REQUIRE(warm);
  CHECK((warm->residency().residency == Residency::kWarm && !warm->internals().lazy));
}
