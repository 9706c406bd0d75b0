#include "formats/gguf.h"

#include <cmath>
#include <cstring>
#include <random>

#include "formats/gguf_blocks.h"
#include "support/catch.h"
#include "support/gguf_file.h"
#include "tools/command.h"
#include "tools/vectors.h"

using namespace windrow;
using namespace windrow::tools;
using gguf::Type;

namespace {

// --- Blocks by the book: a value at a time, from the tables of the formats.

float half(const uint8_t* at) {
  const int bits = at[0] | at[1] << 8, exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return static_cast<float>(mantissa ? NAN : sign * INFINITY);
  return static_cast<float>(exponent == 0 ? sign * std::ldexp(mantissa, -24)
                                          : sign * std::ldexp(1024 + mantissa, exponent - 25));
}

int bit(const uint8_t* bytes, int number) { return bytes[number / 8] >> number % 8 & 1; }

// The low nibble of byte i belongs to value i of 2n, the high one to value n + i.
int nibble(const uint8_t* bytes, int n, int i) { return i < n ? bytes[i] % 16 : bytes[i - n] / 16; }

// Scale (first) and minimum of the j-th 32 values in a Q4_K or Q5_K block.
std::pair<int, int> six_bits(const uint8_t* s, int j) {
  if (j < 4) return {s[j] % 64, s[4 + j] % 64};
  return {s[4 + j] % 16 + s[j - 4] / 64 * 16, s[4 + j] / 16 + s[j] / 64 * 16};
}

float value_of(Type type, const uint8_t* b, int i) {
  const float d = half(b), second = half(b + 2);
  switch (type) {
    case Type::kQ8_0: return static_cast<float>(static_cast<int8_t>(b[2 + i])) * d;
    case Type::kQ4_0: return static_cast<float>(nibble(b + 2, 16, i) - 8) * d;
    case Type::kQ4_1: return static_cast<float>(nibble(b + 4, 16, i)) * d + second;
    case Type::kQ5_0: return static_cast<float>(nibble(b + 6, 16, i) + 16 * bit(b + 2, i) - 16) * d;
    case Type::kQ5_1: return static_cast<float>(nibble(b + 8, 16, i) + 16 * bit(b + 4, i)) * d + second;
    case Type::kQ4_K: {
      const auto [scale, min] = six_bits(b + 4, i / 32);
      const float step = d * static_cast<float>(scale), low = second * static_cast<float>(min);
      return step * static_cast<float>(nibble(b + 16 + i / 64 * 32, 32, i % 64)) - low;
    }
    case Type::kQ5_K: {
      const auto [scale, min] = six_bits(b + 4, i / 32);
      const float step = d * static_cast<float>(scale), low = second * static_cast<float>(min);
      const int fifth = b[16 + i % 32] >> i / 32 & 1;
      return step * static_cast<float>(nibble(b + 48 + i / 64 * 32, 32, i % 64) + 16 * fifth) - low;
    }
    case Type::kQ6_K: {
      const int two = b[128 + i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
      const int code = nibble(b + i / 128 * 64, 64, i % 128) + 16 * two - 32;
      const float step = half(b + 208) * static_cast<float>(static_cast<int8_t>(b[192 + i / 16]));
      return step * static_cast<float>(code);
    }
    default: return NAN;
  }
}

const std::vector<Type> kQuantized = {Type::kQ8_0, Type::kQ4_0, Type::kQ4_1, Type::kQ5_0,
                                      Type::kQ5_1, Type::kQ4_K, Type::kQ5_K, Type::kQ6_K};

std::string random_blocks(Type type, size_t count, uint64_t seed) {
  const auto* info = gguf::find_type(static_cast<uint32_t>(type));
  std::string bytes(count * info->block_bytes, '\0');
  std::mt19937_64 random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void set_half(std::string& bytes, size_t at, uint16_t bits) { std::memcpy(bytes.data() + at, &bits, 2); }

// Where the scales of a block are.
std::vector<size_t> scales_in(Type type) {
  if (type == Type::kQ6_K) return {208};
  if (type == Type::kQ8_0 || type == Type::kQ4_0 || type == Type::kQ5_0) return {0};
  return {0, 2};
}

std::vector<float> decoded(Type type, const std::string& blocks) {
  const auto* info = gguf::find_type(static_cast<uint32_t>(type));
  const size_t count = blocks.size() / info->block_bytes;
  std::vector<float> values(count * info->values_in_block);
  decoder_of_blocks(info->type)(reinterpret_cast<const uint8_t*>(blocks.data()), count, values.data());
  return values;
}

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return true;
}

// --- Files.

Vectors read(const std::string& bytes, const std::string& tensor = "") {
  Source source;
  source.table.open.tensor = tensor;
  return read_vectors(read_gguf(bytes_in_memory(bytes, "m.gguf"), source));
}

void check_fails(const std::string& bytes, std::string_view message, const std::string& tensor = "") {
  const Vectors vectors = read(bytes, tensor);
  INFO(vectors.error);
  CHECK(contains(vectors.error, message));
}

GgufFile small() {
  GgufFile file;
  file.text("general.architecture", "llama").number("llama.embedding_length", 2).tokens({"a", "", "\xFF\xE2"});
  file.tensor("token_embd.weight", Type::kF32, {2, 3}, raw_values<float>({1, 2, 3, 4, 5, 6}));
  return file;
}

std::vector<std::string> remarks(const std::string& bytes, const std::string& tensor = "") {
  Source source;
  source.table.open.tensor = tensor;
  const auto reader = read_gguf(bytes_in_memory(bytes, "m.gguf"), source);
  REQUIRE(reader);
  return (*reader)->findings().remarks;
}

}  // namespace

TEST_CASE("gguf blocks: every type is what its table says, value by value", "[tools]") {
  for (const Type type : kQuantized) {
    const auto* info = gguf::find_type(static_cast<uint32_t>(type));
    CAPTURE(info->name);
    std::string blocks = random_blocks(type, 200, 7);
    // Scales of all kinds: zeros of both signs, subnormal, smallest normal, largest, one; some infinite or NaN.
    const uint16_t scales[] = {0x0000, 0x8000, 0x0001, 0x83ff, 0x03ff, 0x0400,
                               0x7bff, 0xfbff, 0x3c00, 0x7c00, 0xfe00, 0x2e66};
    for (size_t block = 0; block < std::size(scales); ++block) {
      for (const size_t at : scales_in(type)) set_half(blocks, block * info->block_bytes + at, scales[block]);
    }
    std::vector<float> expected;
    for (size_t block = 0; block < 200; ++block) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(blocks.data()) + block * info->block_bytes;
      for (uint32_t i = 0; i < info->values_in_block; ++i)
        expected.push_back(value_of(type, bytes, static_cast<int>(i)));
    }
    CHECK(same(decoded(type, blocks), expected));
  }
}

TEST_CASE("gguf blocks: codes of all bits at either end", "[tools]") {
  for (const Type type : kQuantized) {
    const auto* info = gguf::find_type(static_cast<uint32_t>(type));
    for (const char fill : {'\0', '\xff', '\x0f', '\xf0', '\x3f', '\xc0'}) {
      CAPTURE(info->name, int{fill});
      std::string block(info->block_bytes, fill);
      for (const size_t at : scales_in(type)) set_half(block, at, 0x3800);  // 0.5
      std::vector<float> expected;
      for (uint32_t i = 0; i < info->values_in_block; ++i) {
        expected.push_back(value_of(type, reinterpret_cast<const uint8_t*>(block.data()), static_cast<int>(i)));
      }
      CHECK(same(decoded(type, block), expected));
    }
  }
}

TEST_CASE("gguf blocks: values worked out by hand", "[tools]") {
  std::string q8 = raw(uint16_t{0x3800}) + std::string(32, '\0');  // d = 0.5
  q8[2] = '\x7f';
  q8[33] = '\x80';
  CHECK(decoded(Type::kQ8_0, q8).front() == 63.5f);
  CHECK(decoded(Type::kQ8_0, q8).back() == -64.0f);
  const std::string q4 = raw(uint16_t{0x0001}) + std::string(16, '\xf0');  // d = 2^-24, subnormal
  CHECK(decoded(Type::kQ4_0, q4)[0] == -8 * 0x1p-24f);
  CHECK(decoded(Type::kQ4_0, q4)[16] == 7 * 0x1p-24f);
  // d = 1, min = 2; the scale of the last 32 is 2 + 16 * 3 = 50, its minimum 1 + 16 * 2 = 33; codes 0 and 15.
  std::string q4k = raw(uint16_t{0x3c00}) + raw(uint16_t{0x4000}) + std::string(12 + 128, '\0');
  q4k[4 + 3] = '\xc0';
  q4k[4 + 7] = '\x80';
  q4k[4 + 11] = '\x12';
  q4k[16 + 127] = '\xf0';
  const auto k = decoded(Type::kQ4_K, q4k);
  CHECK(k[254] == -66.0f);
  CHECK(k[255] == 750.0f - 66.0f);
  CHECK(k[223] == 0.0f);
  // Value 255 of Q6_K: its nibble is the high one of byte 127, its upper bits are bits 6 and 7 of byte 191.
  std::string q6k(210, '\0');
  q6k[127] = '\x50';
  q6k[191] = '\xc0';
  q6k[207] = '\xfe';  // -2
  set_half(q6k, 208, 0x3c00);
  CHECK(decoded(Type::kQ6_K, q6k)[255] == -2.0f * (5 + 48 - 32));
}

TEST_CASE("gguf: rows come with their tokens", "[tools]") {
  const Vectors vectors = read(small().bytes());
  CHECK(vectors.error == "");
  CHECK(vectors.dim == 2);
  CHECK(vectors.values == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(vectors.tokens == std::vector<std::string>{"a", "", "\xFF\xE2"});
  CHECK(remarks(small().bytes()).empty());
}

TEST_CASE("gguf: rows say where they begin, and how they are stored", "[tools]") {
  for (const Type type : {Type::kF16, Type::kQ4_K}) {
    const auto* info = gguf::find_type(static_cast<uint32_t>(type));
    GgufFile file;
    const std::string data = random_blocks(type, 512 / info->values_in_block * 3, 3);
    file.tensor("x", Type::kF32, {1}, raw(1.0f)).tensor("t", type, {512, 3}, data);
    const std::string bytes = file.bytes();
    Source source;
    const auto reader = read_gguf(bytes_in_memory(bytes), source);
    REQUIRE(reader);
    CHECK((*reader)->header().stored_as == (type == Type::kF16 ? "f16" : "q4_k"));
    CHECK((*reader)->header().row_format.has_value() == (type == Type::kF16));
    CHECK(!(*reader)->header().has_tokens);
    RowBlock block;
    REQUIRE((*reader)->next(block));
    REQUIRE(block.rows == 3);
    CHECK(!block.has_tokens());
    for (size_t i = 0; i < 3; ++i) {
      const size_t row_bytes = data.size() / 3;
      REQUIRE(block.begin(i));
      CHECK(bytes.substr(*block.begin(i), row_bytes) == data.substr(i * row_bytes, row_bytes));
    }
    CHECK(same(block.values, decoded(type, data)));
    REQUIRE((*reader)->next(block));
    CHECK(block.rows == 0);
  }
}

TEST_CASE("gguf: more tokens than rows, and fewer", "[tools]") {
  GgufFile more;
  more.tokens({"a", "b", "c", "d"}).tensor("token_embd.weight", Type::kF32, {1, 2}, raw_values<float>({1, 2}));
  CHECK(read(more.bytes()).tokens == std::vector<std::string>{"a", "b"});
  CHECK(contains(remarks(more.bytes()).at(0), "last 2 tokens were left out"));

  GgufFile fewer;
  fewer.tokens({"a"}).tensor("token_embd.weight", Type::kF32, {1, 3}, raw_values<float>({1, 2, 3}));
  CHECK(read(fewer.bytes()).tokens == std::vector<std::string>{"a"});
  CHECK(read(fewer.bytes()).values == std::vector<float>{1, 2, 3});
  CHECK(contains(remarks(fewer.bytes()).at(0), "last 2 rows have none"));
  // A block has a token for every row or for none.
  const auto reader = read_gguf(bytes_in_memory(fewer.bytes()), Source());
  REQUIRE(reader);
  RowBlock block;
  REQUIRE((*reader)->next(block));
  CHECK((block.rows == 1 && block.tokens.size() == 1));
  REQUIRE((*reader)->next(block));
  CHECK((block.rows == 2 && block.tokens.size() == 0));
  CHECK(block.begin(0));

  GgufFile none;
  none.tokens({}).tensor("token_embd.weight", Type::kF32, {1, 1}, raw(1.0f));
  CHECK(read(none.bytes()).tokens.empty());
}

TEST_CASE("gguf: tokens are those of token_embd.weight, and of what has as many rows", "[tools]") {
  GgufFile file = small();
  file.tensor("output.weight", Type::kF32, {2, 3}, raw_values<float>({6, 5, 4, 3, 2, 1}));
  file.tensor("blk.0.attn_q.weight", Type::kF32, {2, 2}, raw_values<float>({7, 7, 7, 7}));
  CHECK(read(file.bytes(), "output.weight").tokens.size() == 3);
  const Vectors other = read(file.bytes(), "blk.0.attn_q.weight");
  CHECK(other.tokens.empty());
  CHECK(other.values == std::vector<float>{7, 7, 7, 7});
}

TEST_CASE("gguf: the only matrix is meant where there is no token_embd.weight, or one has to be named", "[tools]") {
  GgufFile file;
  file.tensor("norm", Type::kF32, {2}, raw_values<float>({1, 2}));
  check_fails(file.bytes(), "holds no table");
  file.tensor("a", Type::kQ8_0, {32, 1}, random_blocks(Type::kQ8_0, 1, 1));
  CHECK(read(file.bytes()).values.size() == 32);
  file.tensor("b", Type::kF16, {1, 2}, raw(1.0f));
  check_fails(file.bytes(), "a  Q8_0 [1, 32]");
  check_fails(file.bytes(), "no tensor is named 'c'; there are", "c");
  check_fails(file.bytes(), "a table has two dimensions", "norm");
  check_fails(GgufFile().bytes(), "0 tensors in all");
}

TEST_CASE("gguf: a type that is not read is refused by its name", "[tools]") {
  GgufFile file;
  file.tensor_at("q2", 10, {256, 1}, 0, std::string(96, 'x')).tensor_at("new", 99, {3, 1}, 0, "");
  check_fails(file.bytes(), "is of type Q2_K, which cannot be read; those that can are F32, F16, BF16, Q8_0, Q4_0",
              "q2");
  check_fails(file.bytes(), "is of type type 99", "new");
}

TEST_CASE("gguf: a model that says another length of rows is told of", "[tools]") {
  GgufFile file;
  file.text("general.architecture", "x").number("x.embedding_length", 7);
  file.tensor("token_embd.weight", Type::kF32, {2, 1}, raw_values<float>({1, 2}));
  CHECK(contains(remarks(file.bytes()).at(0), "x.embedding_length is 7, but rows have 2 values"));
}

TEST_CASE("gguf: long tokens are read up to 64 KiB", "[tools]") {
  GgufFile file;
  file.tokens({std::string(65'536, 'x'), "y"})
      .tensor("token_embd.weight", Type::kF32, {1, 2}, raw_values<float>({1, 2}));
  CHECK(read(file.bytes()).tokens.at(0).size() == 65'536);
  GgufFile longer;
  longer.tokens({"y", std::string(65'537, 'x')})
      .tensor("token_embd.weight", Type::kF32, {1, 2}, raw_values<float>({1, 2}));
  check_fails(longer.bytes(), "the token of row 1 has 65537 bytes");
}

TEST_CASE("gguf: many blocks of rows, with the seam of tokens inside", "[tools]") {
  const size_t rows = 700, tokens = 451;
  GgufFile file;
  std::vector<std::string> words;
  for (size_t i = 0; i < tokens; ++i) words.push_back("w" + std::to_string(i));
  const std::string data = random_blocks(Type::kQ8_0, rows * 32, 5);
  file.tokens(words).tensor("token_embd.weight", Type::kQ8_0, {1024, rows}, data);
  const Vectors vectors = read(file.bytes());
  CHECK(vectors.error == "");
  CHECK(vectors.tokens == words);
  CHECK(same(vectors.values, decoded(Type::kQ8_0, data)));
}

TEST_CASE("gguf: a file cut anywhere is an error, and so is none with a byte changed a crash", "[tools]") {
  GgufFile file = small();
  file.tensor("q", Type::kQ4_K, {256, 1}, random_blocks(Type::kQ4_K, 1, 9));
  const std::string bytes = file.bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(!read(bytes.substr(0, length)).error.empty());
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const Vectors vectors = read(changed);
      CHECK((vectors.error.empty() ? vectors.values.size() == 6 || vectors.values.size() == 256 : true));
    }
  }
}

TEST_CASE("the command reads GGUF: info, lookup and convert", "[tools]") {
  const TemporaryFolder folder;
  write_text(folder / "m.gguf", small().bytes());
  const auto info = windrow_command(folder, {"info", "m.gguf"});
  INFO(info.err);
  CHECK(info.status == 0);
  CHECK(info.says("gguf file, opened in place, read-only"));
  CHECK(info.says("general.architecture = llama"));
  const auto row = windrow_command(folder, {"lookup", "m.gguf", "1"});
  INFO(row.err);
  CHECK(row.says("3 4"));
  const auto made = windrow_command(folder, {"convert", "m.gguf", "t.safetensors"});
  INFO(made.err);
  CHECK(made.status == 0);
  CHECK(windrow_command(folder, {"lookup", "t.safetensors", "--token", "a"}).says("1 2"));

  GgufFile quantized;
  quantized.tokens({"x", "y"}).tensor("emb", Type::kQ6_K, {256, 2}, random_blocks(Type::kQ6_K, 2, 1));
  write_text(folder / "q.gguf", quantized.bytes());
  CHECK(windrow_command(folder, {"info", "q.gguf"}).says("windrow convert"));
  const auto decoded = windrow_command(folder, {"convert", "q.gguf", "q.safetensors", "--tensor", "emb"});
  INFO(decoded.err);
  CHECK(decoded.status == 0);
  CHECK(windrow_command(folder, {"info", "q.safetensors"}).says("2 x 256, f32"));
  CHECK(windrow_command(folder, {"convert", "q.gguf", "z.safetensors", "--tensor", "none"}).status == 1);
}
