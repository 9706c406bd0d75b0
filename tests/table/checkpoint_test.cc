#include "table/checkpoint_files.h"

#include <windrow/lookup.h>
#include <windrow/table.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>

#include "io/file.h"
#include "io/paging.h"
#include "support/cases.h"
#include "support/catch.h"
#include "support/table_values.h"
#include "support/safetensors_file.h"
#include "table/table_data.h"

using namespace windrow;

namespace {

const std::string kIndex = "model.safetensors.index.json";

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

void write_index(const std::string& path, const std::map<std::string, std::string>& files) {
  std::string text;
  for (const auto& [tensor, file] : files)
    text += (text.empty() ? "\"" : ",\"") + tensor + "\":\"" + file + "\"";
  write_text(path, "{\"metadata\":{\"total_size\":12.5},\"weight_map\":{" + text + "}}");
}

// Rows whose first value is their number in the table.
FileTensor numbered(const std::string& name, int64_t first, int64_t rows, uint64_t dim = 3) {
  std::vector<float> values;
  for (int64_t r = 0; r < rows; ++r) {
    for (uint64_t c = 0; c < dim; ++c)
      values.push_back(static_cast<float>(first + r) + static_cast<float>(c) / 16);
  }
  return f32_tensor(name, {static_cast<uint64_t>(rows), dim}, values);
}

bool rows_are_numbered(const Table& table) {
  std::vector<int64_t> ids;
  for (int64_t r = 0; r < table.rows(); ++r) ids.push_back(r);
  std::reverse(ids.begin(), ids.end());
  const auto dim = static_cast<size_t>(table.dim());
  std::vector<float> out(ids.size() * dim);
  if (!gather(table, std::span<const int64_t>(ids), RowsOut(out, dim))) return false;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (out[i * dim] != static_cast<float>(ids[i])) return false;
    if (load<float>(reinterpret_cast<const uint8_t*>(table.row(ids[i]))) != static_cast<float>(ids[i]))
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("checkpoint: an index leads to the file that holds a tensor, and no other is opened", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "one", {numbered("a", 0, 4), numbered("unlisted", 0, 2)});
  write_text(folder / "two", "no safetensors file");
  write_index(folder / kIndex, {{"a", "one"}, {"b", "two"}, {"c", "one"}, {"d", "three"}});
  for (const auto& path : {folder.path(), folder / kIndex}) {
    const auto table = Table::open(path, {.tensor = "a"});
    if (!table) FAIL(table.error().message);
    CHECK(table->rows() == 4);
    CHECK(rows_are_numbered(*table));
  }
  const auto open = [&](const char* tensor) {
    return error_of(Table::open(folder.path(), {.tensor = tensor}));
  };
  CHECK((open("b").code == ErrorCode::kFormat && has(open("b").message, kIndex)));
  CHECK((open("c").code == ErrorCode::kFormat && has(open("c").message, "no tensor \"c\"")));
  CHECK((open("d").code == ErrorCode::kNotFound && has(open("d").message, "three")));
  CHECK(open("unlisted").code == ErrorCode::kNotFound);
  CHECK(Table::open(folder / "one", {.tensor = "unlisted"}));
}

TEST_CASE("checkpoint: without a name the only table among the files is meant", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "one", {numbered("a", 0, 4), numbered("unlisted", 0, 2)});
  write_safetensors_file(folder / "two", {f32_tensor("b", {2}, {1, 2})});
  write_index(folder / kIndex, {{"a", "one"}, {"b", "two"}});
  REQUIRE(Table::open(folder.path()));
  write_index(folder / kIndex, {{"a", "one"}, {"unlisted", "one"}, {"b", "two"}});
  const auto several = error_of(Table::open(folder.path()));
  CHECK(several.code == ErrorCode::kInvalidArgument);
  CHECK((has(several.message, "a  F32 [4, 3]") && has(several.message, "unlisted  F32 [2, 3]")));
}

TEST_CASE("checkpoint: an index is found beside its files also through links", "[table]") {
  // As in a download cache: all are links into a store where files have other names.
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "blobs");
  std::filesystem::create_directories(folder / "snapshot");
  write_safetensors_file(folder / "blobs/1234", {numbered("a", 0, 4)});
  write_index(folder / "blobs/5678", {{"a", "model-1.safetensors"}});
  std::filesystem::create_symlink("../blobs/1234", folder / "snapshot/model-1.safetensors");
  std::filesystem::create_symlink("../blobs/5678", folder / ("snapshot/" + kIndex));
  CHECK(Table::open(folder / "snapshot"));
  CHECK(Table::open(folder / ("snapshot/" + kIndex)));
}

TEST_CASE("checkpoint: a damaged index is refused by name, other JSON too", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "one", {numbered("a", 0, 4)});
  for (const char* text : {"{}", "{ ", R"({"weight_map":{"a":"../one"}})",
                           R"({"weight_map":{"a":{"file":"one"}}})", "\n {\"weight_map\":1}"}) {
    write_text(folder / kIndex, text);
    const auto error = error_of(Table::open(folder.path(), {.tensor = "a"}));
    INFO(text);
    CHECK(error.code == ErrorCode::kFormat);
    CHECK(has(error.message, folder / kIndex));
  }
}

TEST_CASE("checkpoint: pieces follow their numbers, wherever they are, also empty and uneven ones",
          "[table]") {
  const TemporaryFolder folder;
  // Text order is not number order; pieces are scattered, two to a file.
  const std::vector<int64_t> sizes = {3, 0, 1, 7, 7, 2, 0, 5, 1, 1, 4, 6};
  std::map<std::string, std::string> index;
  std::vector<std::vector<FileTensor>> files(6);
  int64_t first = 0;
  std::vector<int64_t> seams;
  for (size_t k = 0; k < sizes.size(); ++k) {
    const std::string name = "m.shards." + std::to_string(k) + ".weight";
    files[k * 5 % 6].push_back(numbered(name, first, sizes[k]));
    index[name] = "file_" + std::to_string(k * 5 % 6);
    first += sizes[k];
    seams.push_back(first);
  }
  std::vector<std::string> paths;
  for (size_t f = 0; f < files.size(); ++f) {
    files[f].push_back(numbered("m.shards.x.weight", 0, 1));
    paths.push_back(folder / ("file_" + std::to_string(f)));
    write_safetensors_file(paths.back(), files[f]);
  }
  index["m.shards.weight"] = "file_0";
  write_index(folder / kIndex, index);
  const OpenOptions options{.tensor = "m.shards.*.weight"};
  for (const auto& table : {Table::open(folder.path(), options), Table::open(paths, options)}) {
    if (!table) FAIL(table.error().message);
    REQUIRE(table->rows() == first);
    CHECK(rows_are_numbered(*table));
    for (const int64_t seam : seams) {
      for (const int64_t id : {seam - 1, seam}) {
        if (id < first)
          CHECK(load<float>(reinterpret_cast<const uint8_t*>(table->row(id))) == static_cast<float>(id));
      }
    }
  }
}

TEST_CASE("checkpoint: 128 pieces listed in text order open fast, and one that is missing is named",
          "[table]") {
  const TemporaryFolder folder;
  std::map<std::string, std::string> index;
  for (int64_t k = 0; k < 128; ++k) {
    const std::string name = "ngram.shard_" + std::to_string(k), file = "f" + std::to_string(k);
    write_safetensors_file(folder / file, {numbered(name, 10 * k, k == 127 ? 4 : 10)});
    index[name] = file;
  }
  write_index(folder / kIndex, index);
  const auto begin = std::chrono::steady_clock::now();
  const auto table = Table::open(folder.path(), {.tensor = "ngram.shard_*"});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!table) FAIL(table.error().message);
  CHECK(table->rows() == 1274);
  CHECK(table->internals().equal_rows == 10);
  CHECK(rows_are_numbered(*table));
  CHECK(seconds.count() < 1);  // some milliseconds, with room for a sanitizer on a busy machine

  index.erase("ngram.shard_77");
  write_index(folder / kIndex, index);
  const auto missing = error_of(Table::open(folder.path(), {.tensor = "ngram.shard_*"}));
  CHECK(missing.code == ErrorCode::kNotFound);
  CHECK(has(missing.message, "number 77 is missing; there are 127 pieces up to number 127"));
}

TEST_CASE("checkpoint: numbers must be there once, from 0 on", "[table]") {
  const TemporaryFolder folder;
  const auto open = [&](const std::vector<std::string>& names) {
    std::vector<FileTensor> tensors;
    for (const auto& name : names) tensors.push_back(numbered(name, 0, 1));
    write_safetensors_file(folder / "f", tensors);
    return Table::open(folder / "f", {.tensor = "s*"});
  };
  CHECK(open({"s00", "s01"}));
  CHECK(has(error_of(open({"s1", "s2"})).message, "number 0 is missing"));
  CHECK(has(error_of(open({"s0", "s2"})).message, "number 1 is missing"));
  const auto twice = error_of(open({"s0", "s1", "s01"}));
  CHECK(twice.code == ErrorCode::kInvalidArgument);
  CHECK((has(twice.message, "\"s1\"") && has(twice.message, "\"s01\"")));
  CHECK(error_of(open({"s", "sx", "s-1", "s1x", "s 1"})).code == ErrorCode::kNotFound);
  CHECK(error_of(open({"s0", "s99999999999999999"})).code == ErrorCode::kNotFound);
  CHECK(error_of(Table::open(folder / "f", {.tensor = "s*.*"})).code == ErrorCode::kInvalidArgument);

  write_safetensors_file(folder / "g", {numbered("s0", 0, 1)});
  const std::vector<std::string> paths = {folder / "f", folder / "g", folder / "f"};
  const auto in_two = error_of(Table::open(paths, {.tensor = "s*"}));
  CHECK((has(in_two.message, "there twice") && has(in_two.message, folder / "g")));
}

TEST_CASE("checkpoint: pieces of another dim or type are refused, with both names", "[table]") {
  const TemporaryFolder folder;
  for (const auto& second :
       {numbered("s1", 1, 2, 4), random_tensor("s1", "F16", {2, 3}, 1), random_tensor("s1", "F32", {6}, 1)}) {
    write_safetensors_file(folder / "f", {numbered("s0", 0, 1), second});
    const auto error = error_of(Table::open(folder / "f", {.tensor = "s*"}));
    CHECK(has(error.message, "\"s1\""));
    if (second.shape.size() == 2)
      CHECK((error.code == ErrorCode::kInvalidArgument && has(error.message, "\"s0\"")));
  }
}

TEST_CASE("checkpoint: without a pattern, each file and each folder gives its own table in turn", "[table]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "sub");
  write_safetensors_file(folder / "a", {numbered("w", 0, 2)});
  write_safetensors_file(folder / "sub/b", {numbered("w", 2, 3)});
  write_index(folder / ("sub/" + kIndex), {{"w", "b"}});
  const std::vector<std::string> paths = {folder / "a", folder / "sub"};
  const auto table = Table::open(paths);
  if (!table) FAIL(table.error().message);
  CHECK(table->rows() == 5);
  CHECK(rows_are_numbered(*table));
}

TEST_CASE("checkpoint: scales of pieces, of their own and shared, in other files too", "[table]") {
  const TemporaryFolder folder;
  const std::vector<uint64_t> sizes = {3, 5, 0, 2};
  const size_t dim = 8;
  std::vector<FileTensor> rows, own;
  std::vector<uint8_t> codes, bytes;
  for (size_t k = 0; k < sizes.size(); ++k) {
    const std::string name = "m.shards." + std::to_string(k);
    rows.push_back(random_tensor(name + ".weight", "F8_E4M3", {sizes[k], dim}, k));
    own.push_back(random_tensor(name + ".weight_scale", "U8", {sizes[k], 2}, 10 + k));
    codes.insert(codes.end(), rows[k].bytes.begin(), rows[k].bytes.end());
    bytes.insert(bytes.end(), own[k].bytes.begin(), own[k].bytes.end());
  }
  write_safetensors_file(folder / "rows_a", {rows[0], rows[2]});
  write_safetensors_file(folder / "rows_b", {rows[3], rows[1]});
  write_safetensors_file(folder / "scales", own);
  const float factor = 0.75;
  write_safetensors_file(folder / "shared",
                         {f32_tensor("m.weight_scale", {}, {factor}), f32_tensor("m.rows", {3}, {1, 2, 3})});
  std::map<std::string, std::string> index;
  for (size_t k = 0; k < sizes.size(); ++k) index[rows[k].name] = k % 2 ? "rows_b" : "rows_a";
  const auto values = [&](const Table& table) {
    std::vector<int64_t> ids;
    for (int64_t r = 0; r < table.rows(); ++r) ids.push_back(r);
    std::vector<float> out(ids.size() * dim);
    REQUIRE(gather(table, std::span<const int64_t>(ids), RowsOut(out, dim)));
    return out;
  };
  const auto expected = [&](auto scale_of) {
    std::vector<float> out;
    for (size_t i = 0; i < codes.size(); ++i)
      out.push_back(reference_e4m3(codes[i]) * scale_of(i / dim, i % dim));
    return out;
  };
  const OpenOptions options{.tensor = "m.shards.*.weight"};

  SECTION("each its own, in another file") {
    for (size_t k = 0; k < sizes.size(); ++k) index[own[k].name] = "scales";
    index["m.weight_scale"] = "shared";  // what is named after the rows means more
    write_index(folder / kIndex, index);
    const std::vector<std::string> paths = {folder / "scales", folder / "rows_b", folder / "rows_a"};
    OpenOptions named = options;
    named.scale_tensor = "m.shards.*.weight_scale";
    for (const auto& table :
         {Table::open(folder.path(), options), Table::open(paths, options), Table::open(paths, named)}) {
      if (!table) FAIL(table.error().message);
      CHECK(table->internals().mappings.size() == 3);
      CHECK(same_bits(values(*table),
                      expected([&](size_t r, size_t c) { return reference_ue8m0(bytes[r * 2 + c / 4]); })));
    }
  }
  SECTION("one for all, in another file") {
    index["m.weight_scale"] = "shared";
    index["m.rows"] = "shared";
    write_index(folder / kIndex, index);
    OpenOptions named = options;
    named.scale_tensor = "m.weight_scale";
    for (const auto& table : {Table::open(folder.path(), options), Table::open(folder.path(), named)}) {
      if (!table) FAIL(table.error().message);
      CHECK(same_bits(values(*table), expected([&](size_t, size_t) { return factor; })));
    }
    // What fits the first piece by its shape is not for the others.
    named.scale_tensor = "m.rows";
    const auto error = error_of(Table::open(folder.path(), named));
    CHECK(error.code == ErrorCode::kFormat);
  }
  SECTION("none") {
    write_index(folder / kIndex, index);
    const auto error = error_of(Table::open(folder.path(), options));
    CHECK(error.code == ErrorCode::kNotFound);
    CHECK((has(error.message, "m.shards.0.weight_scale_inv") && has(error.message, "\"m.weight_scale\"")));
    OpenOptions unscaled = options;
    unscaled.unscaled = true;
    const auto table = Table::open(folder.path(), unscaled);
    REQUIRE(table);
    CHECK(same_bits(values(*table), expected([&](size_t, size_t) { return 1.0f; })));
  }
  SECTION("of another kind for one piece") {
    own[1] = random_tensor(own[1].name, "U8", {5, 4}, 1);
    write_safetensors_file(folder / "scales", own);
    for (size_t k = 0; k < sizes.size(); ++k) index[own[k].name] = "scales";
    write_index(folder / kIndex, index);
    CHECK(error_of(Table::open(folder.path(), options)).code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("checkpoint: only what the table uses is read at open", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f", {numbered("a", 0, 1000), random_tensor("big", "U8", {32 << 20}, 1)});
  bool cold;
  {
    auto file = io::posix().open(folder / "f", io::Access::kRead);
    REQUIRE(file);
    REQUIRE((*file)->sync());
    (*file)->evict();
    const auto mapping = (*file)->map();
    REQUIRE(mapping);
    cold = io::resident_bytes(*mapping) < 1 << 20;  // a file system that let go of the pages
  }
  const auto table =
      Table::open(folder / "f", {.tensor = "a", .checked = true, .residency = Residency::kWarm});
  REQUIRE(table);
  const auto report = table->residency();
  CHECK(report.resident_bytes >= 12'000);
  CHECK(report.mapped_bytes > 32 << 20);
  if (cold)
    CHECK(report.resident_bytes < 8 << 20);  // the rows, and what the system reads ahead of the header
  CHECK(rows_are_numbered(*table));
}

TEST_CASE("checkpoint: files that were cut are refused at a checked open", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f", {numbered("s0", 0, 1000)});
  std::filesystem::resize_file(folder / "f", std::filesystem::file_size(folder / "f") - 1);
  const auto error = error_of(Table::open(folder / "f", {.checked = true}));
  CHECK(error.code == ErrorCode::kFormat);
  CHECK(has(error.message, folder / "f"));
}

TEST_CASE("checkpoint: an index and files that it speaks of count once", "[table]") {
  const TemporaryFolder folder;
  write_safetensors_file(folder / "f0", {numbered("s0", 0, 2)});
  write_safetensors_file(folder / "f1",
                         {numbered("s1", 2, 2), numbered("s2", 4, 1)});  // s2 is not in the index
  std::filesystem::create_symlink("f1", folder / "link");
  write_index(folder / kIndex, {{"s0", "f0"}, {"s1", "f1"}});
  const auto rows = [&](std::vector<std::string> names) {
    for (auto& name : names) name = folder / name;
    const auto table = Table::open(names, {.tensor = "s*"});
    if (!table) FAIL(table.error().message);
    CHECK(rows_are_numbered(*table));
    return table->rows();
  };
  CHECK(rows({kIndex}) == 4);
  CHECK(rows({kIndex, "f0"}) == 4);
  CHECK(rows({"f0", kIndex, "f0"}) == 4);
  CHECK(rows({kIndex, kIndex, ""}) == 4);
  CHECK(rows({kIndex, "f1"}) == 5);
  CHECK(rows({"link", kIndex}) == 5);
  CHECK(rows({kIndex, "link", "f1"}) == 5);
}

TEST_CASE("checkpoint: more files than may be open at once", "[table]") {
  const TemporaryFolder folder;
  std::vector<std::string> paths;
  std::map<std::string, std::string> index;
  for (int64_t k = 0; k < 200; ++k) {
    const std::string name = std::to_string(k);
    write_safetensors_file(folder / name, {numbered("s" + name, k, 1)});
    paths.push_back(folder / name);
    index["s" + name] = name;
  }
  write_index(folder / kIndex, index);
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  struct rlimit few = before;
  few.rlim_cur = 120;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto by_index = Table::open(folder.path(), {.tensor = "s*"}),
             by_number = Table::open(paths, {.tensor = "s*"}),
             in_turn = Table::open(paths, {.checked = true});
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  for (const auto* table : {&by_index, &by_number, &in_turn}) {
    if (!*table) FAIL(table->error().message);
    CHECK((*table)->rows() == 200);
    CHECK(rows_are_numbered(**table));
  }
}

TEST_CASE("checkpoint: candidates that differ in a number are listed as one", "[table]") {
  const TemporaryFolder folder;
  std::vector<FileTensor> tensors = {f32_tensor("layer.3.a", {2, 1}, {1, 2})};
  for (int k = 0; k < 60; ++k)
    tensors.push_back(random_tensor("m.2.shards." + std::to_string(k) + ".weight", "F16", {10, 8}, 1));
  write_safetensors_file(folder / "f", tensors);
  const auto error = error_of(Table::open(folder / "f"));
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(has(error.message, "\n  m.2.shards.*.weight (60 pieces)  F16 [10, 8]"));
  CHECK(has(error.message, "\n  layer.3.a  F32 [2, 1]"));
  CHECK(std::count(error.message.begin(), error.message.end(), '\n') == 2);
}
