#include <windrow/lookup.h>
#include <windrow/table.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "format/npy.h"
#include "format/safetensors.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

// A safetensors file as others write it: header without padding, rows at any address.
void write_safetensors(const std::string& path, const std::string& json, const std::vector<float>& values,
                       size_t extra_bytes = 0) {
  std::vector<uint8_t> bytes(8);
  store<uint64_t>(bytes.data(), json.size());
  bytes.insert(bytes.end(), json.begin(), json.end());
  const auto* data = reinterpret_cast<const uint8_t*>(values.data());
  bytes.insert(bytes.end(), data, data + values.size() * sizeof(float));
  bytes.resize(bytes.size() + extra_bytes);
  write_all(path, bytes);
}

void write_npy(const std::string& path, const char* descr, std::vector<uint64_t> shape, const std::vector<float>& values) {
  auto bytes = npy::header_for(descr, shape);
  const auto* data = reinterpret_cast<const uint8_t*>(values.data());
  bytes.insert(bytes.end(), data, data + values.size() * sizeof(float));
  write_all(path, bytes);
}

std::vector<float> all_values(const Table& table) {
  std::vector<int64_t> ids;
  for (int64_t r = 0; r < table.rows(); ++r) ids.push_back(r);
  std::vector<float> out(ids.size() * static_cast<size_t>(table.dim()));
  REQUIRE(gather(table, std::span<const int64_t>(ids), RowsOut(out, static_cast<size_t>(table.dim()))));
  return out;
}

Error error_of(const Result<Table>& result) {
  REQUIRE(!result);
  return result.error();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kTwoByTwo = R"({"emb.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";

}  // namespace

TEST_CASE("open: a 2-D F32 tensor of any safetensors file opens in place, at any alignment", "[table]") {
  const TemporaryFolder folder;
  for (size_t spaces = 0; spaces < 5; ++spaces) {
    write_safetensors(folder / "f", kTwoByTwo + std::string(spaces, ' '), {1, 2, 3, 4});
    const auto table = Table::open(folder / "f");
    REQUIRE(table);
    CHECK(all_values(*table) == std::vector<float>{1, 2, 3, 4});
  }
}

TEST_CASE("open: one of several tensors is opened by name, and must be named", "[table]") {
  const TemporaryFolder folder;
  write_safetensors(folder / "f",
                    R"({"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                    R"("b":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},)"
                    R"("c":{"dtype":"BF16","shape":[2,1],"data_offsets":[16,20]}})",
                    {1, 2, 3, 4, 5});
  const auto any = error_of(Table::open(folder / "f"));
  CHECK(any.code == ErrorCode::kInvalidArgument);
  CHECK((has(any.message, "a  F32 [1, 2]") && has(any.message, "b  F32 [2, 1]")));
  const auto b = Table::open(folder / "f", {.tensor = "b"});
  REQUIRE(b);
  CHECK(all_values(*b) == std::vector<float>{3, 4});
  const auto c = error_of(Table::open(folder / "f", {.tensor = "c"}));
  CHECK(c.code == ErrorCode::kUnsupported);
  CHECK(has(c.message, "BF16"));
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
  write_safetensors(folder / "c", kTwoByTwo, {5, 6, 7, 8});
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
  CHECK(has(message("the 0.1 0.2 0.3\nof 0.1 0.2 0.3\n"), "windrow convert"));
  CHECK(has(message("<!DOCTYPE html> sorry, not found"), "web page"));
  CHECK(error_of(Table::open(folder / "missing")).code == ErrorCode::kNotFound);
  CHECK(!Table::open(folder.path()));
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
