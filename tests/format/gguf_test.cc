#include "format/gguf.h"

#include <chrono>
#include <cstring>
#include <string>

#include "base/fail.h"
#include "support/catch.h"
#include "support/gguf_file.h"

using namespace windrow;
using gguf::Type;

namespace {

Result<gguf::Header> read(const std::string& file) {
  const auto bytes = [&](uint64_t offset, std::span<uint8_t> room) -> Result<void> {
    if (offset > file.size() || room.size() > file.size() - offset) return fail(ErrorCode::kIo, "read past the end");
    std::memcpy(room.data(), file.data() + offset, room.size());
    return {};
  };
  return gguf::read_header(bytes, file.size());
}

std::string refusal(const std::string& file, ErrorCode code = ErrorCode::kFormat) {
  const auto header = read(file);
  if (header) return "";
  INFO(header.error().message);
  CHECK(header.error().code == code);
  return header.error().message;
}

bool says(const std::string& message, const std::string& part) {
  INFO(message);
  return message.find(part) != message.npos;
}

GgufFile small() {
  GgufFile file;
  file.text("general.architecture", "llama").number("llama.embedding_length", 2).tokens({"a", "", "\xFF\xE2"});
  file.tensor("token_embd.weight", Type::kF32, {2, 3}, raw_values<float>({1, 2, 3, 4, 5, 6}));
  return file;
}

}  // namespace

TEST_CASE("gguf: tensors, values and the place of the tokens are read", "[format]") {
  for (const uint32_t version : {2u, 3u}) {
    GgufFile file = small();
    file.version = version;
    file.tensor("b", Type::kQ8_0, {64, 2}, std::string(2 * 2 * 34, 'x'));
    const std::string bytes = file.bytes();
    const auto header = read(bytes);
    REQUIRE(header);
    REQUIRE(header->tensors.size() == 2);
    const auto* tensor = header->find("token_embd.weight");
    REQUIRE(tensor);
    CHECK(tensor->shape == std::vector<uint64_t>{3, 2});  // rows come first
    CHECK(tensor->begin == header->data_begin);
    CHECK(tensor->end - tensor->begin == 24);
    CHECK(bytes.substr(tensor->begin, 24) == raw_values<float>({1, 2, 3, 4, 5, 6}));
    CHECK(header->tensors[1].begin == header->data_begin + 32);
    CHECK(header->tensors[1].end == bytes.size());
    CHECK(header->metadata.at("general.architecture") == "llama");
    CHECK(header->metadata.at("llama.embedding_length") == "2");
    REQUIRE(header->tokens);
    CHECK(header->tokens->count == 3);
    CHECK(bytes.substr(header->tokens->begin, header->tokens->end - header->tokens->begin) ==
          gguf_string("a") + gguf_string("") + gguf_string("\xFF\xE2"));
    CHECK(!header->find("c"));
  }
}

TEST_CASE("gguf: every type of value is passed over, and numbers are kept", "[format]") {
  GgufFile file;
  const uint8_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  for (uint32_t type = 0; type < 13; ++type) {
    if (sizes[type] == 0) continue;
    file.value("v" + std::to_string(type), type, std::string(sizes[type], '\1'));
    file.value("a" + std::to_string(type), kGgufArray,
               raw(type) + raw(uint64_t{3}) + std::string(3 * sizes[type], '\2'));
  }
  file.strings("s", {"x", std::string(70'000, 'y'), ""}).text("long", std::string(100'000, 'z')).text("bad", "a\nb");
  file.value("none", kGgufArray, raw(kGgufF32) + raw(uint64_t{0}));
  file.tensor("t", Type::kF32, {1, 1}, raw(1.0f));
  const auto header = read(file.bytes());
  REQUIRE(header);
  CHECK(header->metadata.at("v0") == "1");
  CHECK(header->metadata.at("v5") == "16843009");
  CHECK(header->metadata.at("v7") == "true");
  CHECK(header->metadata.at("v11") == "72340172838076673");
  CHECK(header->metadata.size() == 11);  // no lists, no long texts, none that would break a line
  CHECK(!header->tokens);
}

TEST_CASE("gguf: what is no file of versions 2 and 3 is refused", "[format]") {
  CHECK(says(refusal(""), "truncated"));
  CHECK(says(refusal("GGUX" + std::string(20, '\0')), "does not start with"));
  GgufFile file = small();
  file.version = 1;
  CHECK(says(refusal(file.bytes(), ErrorCode::kUnsupported), "version 1"));
  file.version = 0;
  CHECK(says(refusal(file.bytes()), "version 0"));
  file.version = 4;
  CHECK(says(refusal(file.bytes()), "version 4"));
  for (const uint32_t swapped : {0x03000000u, 0x02000000u, 0x01000000u}) {
    file.version = swapped;
    CHECK(says(refusal(file.bytes(), ErrorCode::kUnsupported), "big-endian"));
  }
}

TEST_CASE("gguf: numbers that the file cannot bear out are refused before anything is allocated", "[format]") {
  for (const uint64_t huge : {uint64_t{1} << 20, uint64_t{1} << 32, uint64_t{1} << 60, UINT64_MAX}) {
    CAPTURE(huge);
    GgufFile tensors = small();
    tensors.counts = raw(huge) + raw(uint64_t{3});
    CHECK(!refusal(tensors.bytes()).empty());
    GgufFile values = small();
    values.counts = raw(uint64_t{1}) + raw(huge);
    CHECK(says(refusal(values.bytes()), "promises"));
    GgufFile key;
    key.counts = raw(uint64_t{0}) + raw(uint64_t{1});
    CHECK(says(refusal(key.header() + raw(huge) + std::string(40, 'k')), "a key of"));
    CHECK(says(refusal(GgufFile().value("s", kGgufString, raw(huge) + "abc").bytes()), "bytes"));
    CHECK(says(refusal(GgufFile().value("a", kGgufArray, raw(kGgufString) + raw(huge)).bytes()), "entries"));
    CHECK(says(refusal(GgufFile().value("a", kGgufArray, raw(kGgufU64) + raw(huge)).bytes()), "entries"));
    CHECK(says(
        refusal(
            GgufFile().tokens({"a"}).value("a", kGgufArray, raw(kGgufString) + raw(uint64_t{1}) + raw(huge)).bytes()),
        "entry of a list"));
    GgufFile rows;
    rows.tensor("t", Type::kF32, {2, huge}, raw_values<float>({1, 2}));
    CHECK(!refusal(rows.bytes()).empty());
    GgufFile columns;
    columns.tensor("t", Type::kF16, {huge, huge, huge, huge}, raw_values<float>({1, 2}));
    CHECK(!refusal(columns.bytes()).empty());
    GgufFile offset;
    offset.tensor_at("t", 0, {1, 1}, huge & ~uint64_t{31}, raw_values<float>({1, 2}));
    CHECK(says(refusal(offset.bytes()), "truncated"));
  }
}

TEST_CASE("gguf: what contradicts itself is refused", "[format]") {
  CHECK(says(refusal(GgufFile().number("a", 1).number("b", 2).number("a", 3).bytes()), "'a' is there twice"));
  GgufFile twice;
  twice.tensor("t", Type::kF32, {1, 1}, raw(1.0f)).tensor("t", Type::kF32, {1, 1}, raw(1.0f));
  CHECK(says(refusal(twice.bytes()), "tensor 't' is there twice"));
  CHECK(says(refusal(GgufFile()
                         .value("a", kGgufArray, raw(kGgufArray) + raw(uint64_t{1}) + raw(kGgufU32) + raw(uint64_t{0}))
                         .bytes()),
             "list of lists"));
  CHECK(says(refusal(GgufFile().value("a", 13, raw(uint64_t{1})).bytes()), "unknown type 13"));
  CHECK(
      says(refusal(GgufFile().value("a", kGgufArray, raw(uint32_t{99}) + raw(uint64_t{1}) + raw(uint64_t{1})).bytes()),
           "unknown type 99"));
  CHECK(says(refusal(GgufFile().text("tokenizer.ggml.tokens", "abc").bytes()), "no list of strings"));
  CHECK(says(
      refusal(
          GgufFile().value("tokenizer.ggml.tokens", kGgufArray, raw(kGgufU32) + raw(uint64_t{1}) + raw(1u)).bytes()),
      "not of strings"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kF32, {}, raw(1.0f)).bytes()), "has 0 dimensions"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kF32, {1, 1, 1, 1, 1}, raw(1.0f)).bytes()), "has 5 dimensions"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kF32, {0, 1}, raw(1.0f)).bytes()), "dimension of 0"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kF32, {1, 0}, raw(1.0f)).bytes()), "dimension of 0"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kQ4_0, {33, 1}, std::string(64, 'x')).bytes()), "blocks of 32"));
  CHECK(says(refusal(GgufFile().tensor("t", Type::kQ6_K, {32, 8}, std::string(210, 'x')).bytes()), "blocks of 256"));
  CHECK(says(refusal(GgufFile().tensor_at("t", 0, {1, 1}, 8, std::string(32, 'x')).bytes()),
             "multiple of the alignment"));
}

TEST_CASE("gguf: the alignment is what the file says, wherever it says so", "[format]") {
  for (const uint32_t alignment : {8u, 64u, 4096u, 1u << 20}) {
    CAPTURE(alignment);
    GgufFile file;
    file.alignment = alignment;
    file.text("a", "b").number("general.alignment", alignment);
    file.tensor("t", Type::kF32, {1, 1}, raw(1.0f)).tensor("u", Type::kF32, {1, 1}, raw(2.0f));
    const auto header = read(file.bytes());
    REQUIRE(header);
    CHECK(header->data_begin % alignment == 0);
    CHECK(header->tensors[1].begin == header->data_begin + alignment);
  }
  for (const uint32_t alignment : {0u, 1u, 4u, 7u, 33u, 48u, 1u << 21, 0xffffffffu}) {
    CAPTURE(alignment);
    CHECK(says(refusal(GgufFile().number("general.alignment", alignment).bytes()), "power of two"));
  }
  CHECK(says(refusal(GgufFile().value("general.alignment", kGgufU64, raw(uint64_t{32})).bytes()), "no u32"));
}

TEST_CASE("gguf: a type of another tensor that is not known does not matter", "[format]") {
  GgufFile file = small();
  file.tensor_at("new", 99, {7, 3}, 32, std::string(100, 'x'));
  const auto header = read(file.bytes());
  REQUIRE(header);
  CHECK(header->tensors[1].begin == header->tensors[1].end);
  CHECK(gguf::type_name(99) == "type 99");
  CHECK(gguf::type_name(12) == "Q4_K");
}

TEST_CASE("gguf: a file cut anywhere is refused", "[format]") {
  const std::string bytes = small().bytes();
  REQUIRE(read(bytes));
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(!refusal(bytes.substr(0, length)).empty());
  }
  CHECK(read(bytes + "more"));
}

TEST_CASE("gguf: whatever byte of a header is changed, what is read stays inside the file", "[format]") {
  const std::string bytes = small().tensor("blk.0.x", Type::kQ4_K, {256, 2}, std::string(288, 'x')).bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      CAPTURE(at, value);
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const auto header = read(changed);
      if (!header) {
        CHECK(!header.error().message.empty());
        continue;
      }
      bool inside = true;
      for (const auto& tensor : header->tensors)
        inside = inside && tensor.begin <= tensor.end && tensor.end <= changed.size();
      if (header->tokens)
        inside = inside && header->tokens->begin <= header->tokens->end && header->tokens->end <= changed.size();
      CHECK(inside);
    }
  }
}

TEST_CASE("gguf: names in a header that no memory should hold are refused", "[format]") {
  GgufFile file;
  for (int i = 0; i < 1100; ++i) file.value(std::to_string(i) + std::string(65'000, 'k'), kGgufBool, "x");
  CHECK(says(refusal(file.bytes()), "no model's do"));
  CHECK(says(refusal(GgufFile().number(std::string(65'536, 'k'), 1).bytes()), "at most 65535"));
}
