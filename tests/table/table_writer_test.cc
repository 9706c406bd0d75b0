#include <windrow/table.h>
#include <windrow/table_writer.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "format/meta_slot.h"
#include "format/safetensors.h"
#include "kernels/encode.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

const std::vector<float> kRows = {1, 2, 3, 4, 5, 6};

TableWriter writer_for(const std::string& path) {
  auto writer = TableWriter::create(path, {.format = RowFormat::f32(2)});
  REQUIRE(writer);
  return std::move(*writer);
}

// A table file as other programs see it.
struct Written {
  std::vector<uint8_t> bytes;
  safetensors::Header header;

  explicit Written(const std::string& path) : bytes(read_all(path)) {
    const auto header_bytes = safetensors::header_bytes(std::span(bytes).first(8), bytes.size());
    REQUIRE(header_bytes);
    header = *safetensors::parse(std::span(bytes).first(*header_bytes), bytes.size());
  }
  const safetensors::Tensor& tensor(const char* name) const { return *header.find(name); }
  std::span<const uint8_t> content(const char* name) const {
    return std::span(bytes).subspan(tensor(name).begin, tensor(name).end - tensor(name).begin);
  }
};

}  // namespace

TEST_CASE("table_writer: rows and tokens of several appends come out as one table", "[table]") {
  const TemporaryFolder folder;
  auto writer = writer_for(folder / "t");
  const std::vector<std::string_view> first = {"a", "b"}, second = {"c"};
  REQUIRE(writer.append(RowsIn(std::span(kRows).first(4), 2), first));
  REQUIRE(writer.append(RowsIn(std::span(kRows).subspan(4), 2), second));
  CHECK(writer.rows() == 3);
  CHECK(!Table::open(folder / "t"));  // not before it is finished
  REQUIRE(writer.finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  CHECK(std::memcmp(table->data(), kRows.data(), kRows.size() * sizeof(float)) == 0);
  CHECK(table->vocabulary().find("c") == 2);
}

TEST_CASE("table_writer: a writer that is dropped leaves the old file and nothing else", "[table]") {
  const TemporaryFolder folder;
  write_text(folder / "t", "what stood here");
  {
    auto writer = writer_for(folder / "t");
    REQUIRE(writer.append(RowsIn(kRows, 2)));
  }
  CHECK(folder.entries() == 1);
  CHECK(read_all(folder / "t").size() == 15);
}

TEST_CASE("table_writer: tokens for some rows, too short rows and wrong promises are refused", "[table]") {
  const TemporaryFolder folder;
  auto writer = writer_for(folder / "t");
  const std::vector<std::string_view> two = {"a", "b"};
  CHECK(!writer.append(RowsIn(kRows, 2), two));
  CHECK(!writer.append(RowsIn(kRows, 1)));
  REQUIRE(writer.append(RowsIn(kRows, 2)));
  CHECK(!writer.append(RowsIn(std::span(kRows).first(4), 2), two));

  auto promised = TableWriter::create(folder / "u", {.format = RowFormat::f32(2), .rows = 4});
  REQUIRE(promised);
  REQUIRE(promised->append(RowsIn(kRows, 2)));
  CHECK(!promised->finish());
  CHECK(!TableWriter::create(folder / "v", {.format = RowFormat::f32(2), .rows = -1}));
}

TEST_CASE("table_writer: metadata that does not fit into the header's page is refused", "[table]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(
      folder / "t", {.format = RowFormat::f32(2), .metadata = {{"note", std::string(5000, 'x')}}});
  REQUIRE(!writer);
  CHECK(writer.error().code == ErrorCode::kInvalidArgument);
  CHECK(writer.error().message.find(folder / "t") != std::string::npos);
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  for (const Metadata& metadata :
       {Metadata{{"a", "1"}, {"a", "2"}}, {{"windrow.dim", "3"}}, {{"a", "\xff"}}, {{"\xc3", ""}}}) {
    const auto wrong = TableWriter::create(folder / "t", {.format = RowFormat::f32(2), .metadata = metadata});
    REQUIRE(!wrong);
    CHECK(wrong.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("table_writer: metadata that create() takes fit, whatever comes after", "[table]") {
  const TemporaryFolder folder;
  const auto spec = [](size_t bytes) {
    return TableWriterSpec{.format = RowFormat::f32(2),
                           .optimizer = Adagrad{},
                           .metadata = {{"note", std::string(bytes, 'x')}}};
  };
  size_t most = 4096;
  while (!TableWriter::create(folder / "t", spec(most))) --most;
  CHECK(most > 2300);
  auto writer = TableWriter::create(folder / "t", spec(most));
  REQUIRE(writer);
  const std::vector<std::string_view> tokens = {"a", "bc", "def"};
  REQUIRE(writer->append(RowsIn(kRows, 2), tokens));
  REQUIRE(writer->finish());
  CHECK(Table::open(folder / "t")->vocabulary().size() == 3);
}

TEST_CASE("table_writer: every row format has its tensor, its metadata and its bytes", "[table]") {
  using Scale = RowFormat::ScaleType;
  struct Case {
    RowFormat format;
    std::string dtype;
    uint64_t columns;
    std::string scale;  // metadata
  };
  const std::vector<Case> cases = {
      {RowFormat::f32(5), "F32", 5, ""},
      {RowFormat::f16(5), "F16", 5, ""},
      {RowFormat::bf16(5), "BF16", 5, ""},
      {RowFormat::fp8_e4m3(5), "F8_E4M3", 5, ""},
      {RowFormat::fp8_e5m2(5), "F8_E5M2", 5, ""},
      {RowFormat::int8(5), "U8", 13, ""},
      {RowFormat::int4(5), "U8", 7, ""},
      {RowFormat::int2(5), "U8", 6, ""},
      {RowFormat::of(RowFormat::Kind::kI8, 5), "I8", 5, ""},
      {RowFormat::of(RowFormat::Kind::kI8, 5).scaled(Scale::kBf16, 5), "U8", 7, "bf16:5"},
      {RowFormat::fp8_e4m3(5).scaled(Scale::kF32, 2), "U8", 17, "f32:2"},
      {RowFormat::fp8_e5m2(5).scaled(Scale::kUe8m0, 3), "U8", 7, "ue8m0:3"},
      {RowFormat::bf16(5).padded_to_lines(), "BF16", 32, ""},
      {RowFormat::int4(5).padded_to_lines(), "U8", 64, ""},
  };
  const std::vector<float> rows = {0.5f, -1, 2, 0.1f, 3, 1, 1, 1, 1, 1, 0, 0, 0, -7, 0};
  const TemporaryFolder folder;
  for (const Case& c : cases) {
    CAPTURE(row_format_name(c.format.kind), c.scale, c.columns);
    auto writer = TableWriter::create(folder / "t", {.format = c.format, .rows = 3});
    REQUIRE(writer);
    REQUIRE(writer->append(RowsIn(rows, 5)));
    REQUIRE(writer->finish());

    const Written file(folder / "t");
    CHECK(file.tensor("weight").dtype == c.dtype);
    CHECK(file.tensor("weight").shape == std::vector<uint64_t>{3, c.columns});
    CHECK(file.header.metadata.at("windrow.row_format") == row_format_name(c.format.kind));
    CHECK(file.header.metadata.count("windrow.scale") == (c.scale.empty() ? 0 : 1));
    if (!c.scale.empty()) CHECK(file.header.metadata.at("windrow.scale") == c.scale);
    const auto slot = current_slot(file.content("_meta"));
    REQUIRE(slot);
    CHECK(slot->row_format_id == static_cast<uint32_t>(c.format.kind));
    CHECK(slot->dim == 5);
    CHECK(slot->scale_block == static_cast<uint32_t>(c.format.block));
    CHECK(slot->scale_type == static_cast<uint8_t>(c.format.scale_type));
    CHECK(slot->scale_place == 0);
    for (size_t r = 0; r < 3; ++r) {
      std::vector<uint8_t> expected(c.format.stride_bytes);
      kernels::encode_row(c.format.kind)(c.format, &rows[r * 5], expected.data());
      const auto row = file.content("weight").subspan(r * c.format.stride_bytes, c.format.stride_bytes);
      CHECK(std::equal(expected.begin(), expected.end(), row.begin()));
    }
  }
}

TEST_CASE("table_writer: rows that come as 16-bit values", "[table]") {
  const TemporaryFolder folder;
  const std::vector<uint16_t> f16 = {0x3c00, 0xc000, 0xdead, 0x0001, 0x7c00, 0xdead};  // rows 3 apart
  const std::vector<uint16_t> bf16 = {0x3f80, 0xc000, 0xdead, 0x0001, 0x7f80, 0xdead};
  for (const auto type : {ValueType::kF16, ValueType::kBf16}) {
    auto writer = writer_for(folder / "t");
    RowsIn rows;
    rows.data = type == ValueType::kF16 ? f16.data() : bf16.data();
    rows.rows = 2;
    rows.row_stride = 3;
    rows.type = type;
    REQUIRE(writer.append(rows));
    REQUIRE(writer.finish());
    float values[4];
    std::memcpy(values, Written(folder / "t").content("weight").data(), sizeof(values));
    CHECK(values[0] == 1);
    CHECK(values[1] == -2);
    CHECK(values[2] == (type == ValueType::kF16 ? std::ldexp(1.0f, -24) : std::ldexp(1.0f, -133)));
    CHECK(std::isinf(values[3]));
  }
}

TEST_CASE("table_writer: a row that the format cannot hold is named, with the reason", "[table]") {
  const TemporaryFolder folder;
  const auto refuses = [&](const RowFormat& format, float value, const std::string& reason) {
    auto writer = TableWriter::create(folder / "t", {.format = format});
    REQUIRE(writer);
    REQUIRE(writer->append(RowsIn(kRows, 2)));
    const std::vector<float> more = {1, 2, 3, value};
    const auto appended = writer->append(RowsIn(more, 2));
    REQUIRE(!appended);
    CHECK(appended.error().code == ErrorCode::kInvalidArgument);
    CHECK(appended.error().message.find("row 4 ") != std::string::npos);
    CHECK(appended.error().message.find(reason) != std::string::npos);
  };
  refuses(RowFormat::int8(2), std::numeric_limits<float>::quiet_NaN(), "NaN");
  refuses(RowFormat::fp8_e4m3(2).scaled(RowFormat::ScaleType::kF32, 2), INFINITY, "infinite");
  refuses(RowFormat::int4(2), -70000, "too large");
  CHECK(folder.entries() == 0);
}

TEST_CASE("table_writer: what this version does not write is refused at once", "[table]") {
  const TemporaryFolder folder;
  const auto trained = TableWriter::create(folder / "t", {.format = RowFormat::f16(2), .optimizer = Sgd{}});
  REQUIRE(!trained);
  CHECK(trained.error().code == ErrorCode::kUnsupported);
  const auto apart =
      TableWriter::create(folder / "t", {.format = RowFormat::fp8_e4m3(2).scaled(
                                             RowFormat::ScaleType::kF32, 2, RowFormat::ScalePlace::kApart)});
  REQUIRE(!apart);
  CHECK(apart.error().code == ErrorCode::kUnsupported);
  CHECK(folder.entries() == 0);
}
