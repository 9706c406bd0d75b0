#include <windrow/table.h>
#include <windrow/table_writer.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "format/meta_slot.h"
#include "format/safetensors.h"
#include "kernels/encode.h"
#include "support/catch.h"
#include "support/temporary_folder.h"
#include "table/optimizer_state.h"

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
                           .optimizer = Adam{},  // the one with most state
                           .metadata = {{"note", std::string(bytes, 'x')}}};
  };
  size_t most = 4096;
  while (!TableWriter::create(folder / "t", spec(most))) --most;
  CHECK(most > 2000);
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
  for (const RowFormat& format : {RowFormat::int8(2), RowFormat::fp8_e4m3(2), RowFormat::int4(2)}) {
    const auto trained = TableWriter::create(folder / "t", {.format = format, .optimizer = Sgd{}});
    REQUIRE(!trained);
    CHECK(trained.error().code == ErrorCode::kUnsupported);
    CHECK(trained.error().message.find("convert to f32, f16 or bf16") != std::string::npos);
  }
  const auto apart =
      TableWriter::create(folder / "t", {.format = RowFormat::fp8_e4m3(2).scaled(
                                             RowFormat::ScaleType::kF32, 2, RowFormat::ScalePlace::kApart)});
  REQUIRE(!apart);
  CHECK(apart.error().code == ErrorCode::kUnsupported);
  CHECK(folder.entries() == 0);
}

TEST_CASE("table_writer: every optimiser's state is laid out with its initial values", "[table]") {
  const std::vector<Optimizer> optimizers = {Sgd{}, Sgd{.momentum = 0.9}, Adagrad{.initial_accumulator = 0.5},
                                             RowwiseAdagrad{}, Adam{}, Ftrl{.initial_accumulator = 0.25}};
  const TemporaryFolder folder;
  for (const Optimizer& optimizer : optimizers) {
    for (const RowFormat& format : {RowFormat::f32(2), RowFormat::f16(2), RowFormat::bf16(2).padded_to_lines()}) {
      CAPTURE(optimizer_name(optimizer), optimizer.index(), row_format_name(format.kind));
      auto writer = TableWriter::create(folder / "t", {.format = format, .optimizer = optimizer, .rows = 3});
      REQUIRE(writer);
      REQUIRE(writer->append(RowsIn(kRows, 2)));
      REQUIRE(writer->finish());
      const Written file(folder / "t");
      const auto slot = current_slot(file.content("_meta"));
      REQUIRE(slot);
      CHECK(slot->optimizer_id == optimizer_id(optimizer));
      CHECK(slot->step_count == 0);
      CHECK(file.header.metadata.at("windrow.optimizer") == optimizer_name(optimizer));
      size_t states = 0;
      for (const auto& tensor : file.header.tensors) states += tensor.name.starts_with(kStatePrefix);
      CHECK(states == state_tensors(optimizer).size());
      for (const StateTensor& state : state_tensors(optimizer)) {
        const std::string name = std::string(kStatePrefix) + std::string(state.name);
        CAPTURE(name);
        REQUIRE(file.header.find(name));
        CHECK(file.tensor(name.c_str()).dtype == "F32");
        CHECK(file.tensor(name.c_str()).shape ==
              (state.per_row ? std::vector<uint64_t>{3} : std::vector<uint64_t>{3, 2}));
        std::vector<float> values(state.per_row ? 3 : 6);
        std::memcpy(values.data(), file.content(name.c_str()).data(), 4 * values.size());
        CHECK(values == std::vector<float>(values.size(), state.initial_value));
      }
    }
  }
}

TEST_CASE("table_writer: state comes from the caller, tensor by tensor, from row 0 up", "[table]") {
  constexpr int64_t kMany = 300'000;  // more than are asked for at once
  const TemporaryFolder folder;
  const std::vector<float> rows(2 * kMany);
  TableWriterSpec spec{.format = RowFormat::f32(2), .optimizer = Adam{}, .rows = kMany};
  spec.step_count = 17;
  size_t tensor = 0;
  int64_t next = 0;
  bool in_order = true;
  spec.state = [&](size_t of, int64_t first_row, std::span<float> values) -> Result<void> {
    if (of == tensor + 1 && next == kMany) ++tensor, next = 0;
    in_order = in_order && of == tensor && first_row == next && values.size() % 2 == 0;
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(2 * next) + static_cast<float>(i);
    next += static_cast<int64_t>(values.size() / 2);
    return {};
  };
  auto writer = TableWriter::create(folder / "t", spec);
  REQUIRE(writer);
  REQUIRE(writer->append(RowsIn(rows, 2)));
  REQUIRE(writer->finish());
  CHECK(in_order);
  CHECK(tensor == 1);
  CHECK(next == kMany);
  const Written file(folder / "t");
  CHECK(current_slot(file.content("_meta"))->step_count == 17);
  for (const char* name : {"optimizer.exp_avg", "optimizer.exp_avg_sq"}) {
    std::vector<float> values(2 * kMany);
    std::memcpy(values.data(), file.content(name).data(), 4 * values.size());
    size_t wrong = 0;
    for (size_t i = 0; i < values.size(); ++i) wrong += values[i] != static_cast<float>(i);
    CHECK(wrong == 0);
  }
}

TEST_CASE("table_writer: state without an optimiser, steps below 0 and failing sources are refused", "[table]") {
  const TemporaryFolder folder;
  const StateValues none = [](size_t, int64_t, std::span<float>) -> Result<void> {
    return tl::make_unexpected(Error{ErrorCode::kNotFound, "no such state"});
  };
  const auto refused = [&](const TableWriterSpec& spec) {
    const auto writer = TableWriter::create(folder / "t", spec);
    REQUIRE(!writer);
    CHECK(writer.error().code == ErrorCode::kInvalidArgument);
  };
  refused({.format = RowFormat::f32(2), .state = none});
  refused({.format = RowFormat::f32(2), .step_count = 1});
  refused({.format = RowFormat::f32(2), .optimizer = Adam{}, .step_count = -1});

  auto writer = TableWriter::create(folder / "t", {.format = RowFormat::f32(2), .optimizer = Adam{}, .state = none});
  REQUIRE(writer);
  REQUIRE(writer->append(RowsIn(kRows, 2)));
  const auto finished = writer->finish();
  REQUIRE(!finished);
  CHECK(finished.error().message == "no such state");
  CHECK(!std::filesystem::exists(folder / "t"));
}
