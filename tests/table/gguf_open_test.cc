#include <windrow/lookup.h>
#include <windrow/maintenance.h>
#include <windrow/table.h>
#include <windrow/trainer.h>

#include <string>
#include <vector>

#include "support/catch.h"
#include "support/gguf_file.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"

using namespace windrow;
using gguf::Type;

namespace {

const std::vector<float> kValues = {1, 2, 3, 4, 5, 6};

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

std::string f16_of(const std::vector<uint16_t>& bits) { return raw_values(bits); }

}  // namespace

TEST_CASE("open: the token embeddings of a GGUF file open in place, among other tensors", "[table]") {
  const TemporaryFolder folder;
  GgufFile file;
  file.tokens({"a", "b", "c"}).tensor("blk.0.attn_q.weight", Type::kF32, {2, 2}, raw_values<float>({9, 9, 9, 9}));
  file.tensor("token_embd.weight", Type::kF32, {2, 3}, raw_values(kValues));
  write_text(folder / "f", file.bytes());
  const auto table = Table::open(folder / "f");
  REQUIRE(table);
  CHECK((table->rows() == 3 && table->dim() == 2));
  CHECK(table->format().kind == RowFormat::Kind::kF32);
  CHECK(all_values(*table) == kValues);
  CHECK(table->vocabulary().size() == 0);  // there is no index of the tokens
  const auto other = Table::open(folder / "f", {.tensor = "blk.0.attn_q.weight"});
  REQUIRE(other);
  CHECK(all_values(*other) == std::vector<float>{9, 9, 9, 9});
  CHECK(error_of(Table::open(folder / "f", {.tensor = "c"})).code == ErrorCode::kNotFound);
}

TEST_CASE("open: GGUF tensors of F16 and BF16, at any alignment of the file", "[table]") {
  const TemporaryFolder folder;
  for (const uint32_t alignment : {8u, 64u}) {
    GgufFile file;
    file.alignment = alignment;
    file.number("general.alignment", alignment);
    file.tensor("half", Type::kF16, {2, 2}, f16_of({0x3c00, 0xc000, 0x0001, 0x7c00}));
    file.tensor("brain", Type::kBF16, {1, 2}, f16_of({0x3f80, 0xc040}));
    write_text(folder / "f", file.bytes());
    const auto half = Table::open(folder / "f", {.tensor = "half", .checked = true});
    REQUIRE(half);
    CHECK(half->format() == RowFormat::f16(2));
    CHECK(all_values(*half) == std::vector<float>{1, -2, 0x1p-24f, std::numeric_limits<float>::infinity()});
    const auto brain = Table::open(folder / "f", {.tensor = "brain"});
    REQUIRE(brain);
    CHECK(brain->format() == RowFormat::bf16(1));
    CHECK(all_values(*brain) == std::vector<float>{1, -3});
  }
}

TEST_CASE("open: without token embeddings the only candidate of a GGUF file is meant, or one has to be named",
          "[table]") {
  const TemporaryFolder folder;
  GgufFile one;
  one.tensor("norm", Type::kF32, {2}, raw_values<float>({1, 2})).tensor("emb", Type::kF32, {2, 3}, raw_values(kValues));
  write_text(folder / "one", one.bytes());
  const auto table = Table::open(folder / "one");
  REQUIRE(table);
  CHECK(all_values(*table) == kValues);
  GgufFile two = one;
  two.tensor("blk.0.ffn_up.weight", Type::kF16, {2, 4}, f16_of(std::vector<uint16_t>(8)));
  write_text(folder / "two", two.bytes());
  const auto error = error_of(Table::open(folder / "two"));
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK((has(error.message, "emb  F32 [3, 2]") && has(error.message, "blk.0.ffn_up.weight  F16 [4, 2]")));
  write_text(folder / "none", GgufFile().tokens({"a"}).bytes());
  CHECK(has(error_of(Table::open(folder / "none")).message, "no tensors at all"));
}

TEST_CASE("open: pieces of GGUF files are one table", "[table]") {
  const TemporaryFolder folder;
  GgufFile first, second;
  first.tensor("blk.0.engram_embd.weight", Type::kF32, {2, 1}, raw_values<float>({1, 2}));
  second.tensor("blk.1.engram_embd.weight", Type::kF32, {2, 2}, raw_values<float>({3, 4, 5, 6}));
  write_text(folder / "m-00001-of-00002.gguf", first.bytes());
  write_text(folder / "m-00002-of-00002.gguf", second.bytes());
  const std::vector<std::string> paths = {folder / "m-00001-of-00002.gguf", folder / "m-00002-of-00002.gguf"};
  const auto table = Table::open(paths, {.tensor = "blk.*.engram_embd.weight"});
  REQUIRE(table);
  CHECK(all_values(*table) == kValues);
}

TEST_CASE("open: what a table cannot be read from in a GGUF file is refused with the way out", "[table]") {
  const TemporaryFolder folder;
  GgufFile file;
  file.tensor("token_embd.weight", Type::kQ4_0, {32, 1}, std::string(18, 'x'));
  file.tensor("cube", Type::kF32, {1, 1, 1}, raw(1.0f)).tensor_at("new", 77, {1, 1}, 32, std::string(8, 'x'));
  write_text(folder / "f", file.bytes());
  for (const char* name : {"", "token_embd.weight", "new"}) {
    const auto error = error_of(Table::open(folder / "f", {.tensor = name}));
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK(has(error.message, "windrow convert"));
  }
  CHECK(has(error_of(Table::open(folder / "f", {.tensor = "new"})).message, "type 77"));
  CHECK(has(error_of(Table::open(folder / "f", {.tensor = "cube"})).message, "two dimensions"));
}

TEST_CASE("open: nobody writes to a GGUF file", "[table]") {
  const TemporaryFolder folder;
  GgufFile file;
  file.tensor("token_embd.weight", Type::kF32, {2, 3}, raw_values(kValues));
  write_text(folder / "f", file.bytes());
  const auto before = read_all(folder / "f");
  CHECK(!Trainer::open(folder / "f", Sgd{}));
  CHECK(read_all(folder / "f") == before);
}

TEST_CASE("open: a GGUF file cut anywhere is an error or the whole table", "[table]") {
  const TemporaryFolder folder;
  GgufFile file;
  file.tokens({"a", "b", "c"}).tensor("token_embd.weight", Type::kF32, {2, 3}, raw_values(kValues));
  const std::string bytes = file.bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    write_text(folder / "f", bytes.substr(0, length));
    CHECK(!Table::open(folder / "f"));
  }
}
