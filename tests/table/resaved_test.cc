// Windrow files that another program has loaded and saved: the tensors are as they were, the header is not.

#include <windrow/lookup.h>
#include <windrow/table.h>

#include <nlohmann/json.hpp>

#include "format/safetensors.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/table_values.h"
#include "support/safetensors_file.h"

using namespace windrow;
using ScaleType = RowFormat::ScaleType;

namespace {

constexpr int64_t kRows = 11;

using Metadata = std::map<std::string, std::string>;

// Writes the tensors of `from`, but the fillers, back to back, with other metadata: those of `from`, changed by
// `changes`; an empty text removes a key.
void save_again(const std::string& from, const std::string& to, const Metadata& changes) {
  const auto bytes = read_all(from);
  const auto start = safetensors::header_bytes(std::span(bytes).first(8), bytes.size());
  REQUIRE(start);
  const auto header = safetensors::parse(std::span(bytes).first(*start), bytes.size());
  REQUIRE(header);
  nlohmann::json json;
  json["__metadata__"] = header->metadata;
  for (const auto& [key, value] : changes) {
    if (value.empty())
      json["__metadata__"].erase(key);
    else
      json["__metadata__"][key] = value;
  }
  std::vector<uint8_t> data;
  for (const auto& tensor : header->tensors) {
    if (tensor.name.starts_with("_pad.")) continue;
    const size_t begin = data.size();
    data.insert(data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(tensor.begin),
                bytes.begin() + static_cast<std::ptrdiff_t>(tensor.end));
    json[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  write_safetensors_text(to, json.dump(), data);
}

std::vector<RowFormat> formats() {
  const RowFormat i8 = RowFormat::of(RowFormat::Kind::kI8, 39);
  std::vector<RowFormat> list = {RowFormat::f32(39),
                                 RowFormat::f16(39),
                                 RowFormat::bf16(39),
                                 RowFormat::fp8_e4m3(39),
                                 RowFormat::fp8_e5m2(39),
                                 i8,
                                 RowFormat::int8(39),
                                 RowFormat::int4(39),
                                 RowFormat::int2(39),
                                 RowFormat::fp8_e4m3(39).scaled(ScaleType::kF32, 39),
                                 RowFormat::fp8_e5m2(39).scaled(ScaleType::kUe8m0, 32),
                                 i8.scaled(ScaleType::kBf16, 10)};
  for (size_t i = 0, packed = list.size(); i < packed; ++i) list.push_back(list[i].padded_to_lines());
  return list;
}

}  // namespace

TEST_CASE("saved again: rows of every format, packed and padded, open by what the metadata say", "[table]") {
  const TemporaryFolder folder;
  for (const RowFormat& format : formats()) {
    CAPTURE(row_format_name(format.kind), format.stride_bytes, format.block);
    const auto table = Table::create(folder / "t", {.rows = kRows, .format = format, .seed = 3});
    REQUIRE(table);
    for (const Metadata& changes :
         {Metadata{{"note", "saved by another program"}}, Metadata{{"format", ""}}}) {
      save_again(folder / "t", folder / "again", changes);
      const auto again = Table::open(folder / "again");
      if (!again) FAIL(again.error().message);
      CHECK(again->format() == format);
      CHECK(again->rows() == kRows);
      CHECK(same_bits(all_values(*again), all_values(*table)));
      CHECK(Table::open(folder / "again", {.row_format = format.kind, .dim = 39}));
    }
  }
}

TEST_CASE("saved again: metadata that are incomplete or do not fit are ignored", "[table]") {
  const TemporaryFolder folder;
  const auto format_after = [&](const RowFormat& format, const Metadata& changes, OpenOptions options = {}) {
    REQUIRE(Table::create(folder / "t", {.rows = kRows, .format = format}));
    save_again(folder / "t", folder / "again", changes);
    options.unscaled = true;
    const auto table = Table::open(folder / "again", options);
    return table ? table->format() : RowFormat{};
  };
  const RowFormat floats = RowFormat::f32(16);
  const RowFormat padded = RowFormat::f32(10).padded_to_lines();
  CHECK(format_after(padded, {{"x", "y"}}) == padded);
  for (const Metadata& changes : {Metadata{{"windrow.dim", "17"}},
                                  {{"windrow.dim", "0"}},
                                  {{"windrow.dim", "-1"}},
                                  {{"windrow.dim", "10 "}},
                                  {{"windrow.dim", "99999999999999999999"}},
                                  {{"windrow.dim", ""}},
                                  {{"windrow.row_format", ""}},
                                  {{"windrow.row_format", "f16"}},
                                  {{"windrow.row_format", "int8"}},
                                  {{"windrow.row_format", "f33"}},
                                  {{"windrow.scale", "f32:10"}},
                                  {{"windrow.scale", "f32"}}}) {
    CAPTURE(changes.begin()->first, changes.begin()->second);
    CHECK(format_after(padded, changes) == floats);
  }

  const RowFormat scaled = RowFormat::fp8_e4m3(40).scaled(ScaleType::kF32, 20);  // 48 bytes
  const OpenOptions plain{.row_format = RowFormat::Kind::kFp8E4m3};
  CHECK(format_after(scaled, {{"x", "y"}}, plain) == scaled);
  for (const char* scale :
       {"", "f32:0", "f32:41", "f32:-20", "f32:1", "f64:20", "f32:", ":20", "f32:20x", "none:0"}) {
    CAPTURE(scale);
    CHECK(format_after(scaled, {{"x", "y"}, {"windrow.scale", scale}}, plain) == RowFormat::fp8_e4m3(48));
  }
  // What the caller says counts more.
  CHECK(format_after(RowFormat::int4(9), {{"x", "y"}}, {.row_format = RowFormat::Kind::kInt2}) ==
        RowFormat::int2(20));
  RowFormat ten = RowFormat::int4(10);
  CHECK(format_after(RowFormat::int4(9), {{"x", "y"}}, {.row_format = RowFormat::Kind::kInt4, .dim = 10}) ==
        ten);
}
