#include "format/safetensors.h"

#include <chrono>
#include <cstring>

#include "base/bytes.h"
#include "format/read_data.h"
#include "support/catch.h"

using namespace windrow;

namespace {

using Bytes = std::vector<uint8_t>;

// A file: header length, `json`, `data_bytes` zeros.
Bytes file_of(const std::string& json, uint64_t data_bytes = 0) {
  Bytes file(8 + json.size() + data_bytes);
  store<uint64_t>(file.data(), json.size());
  if (!json.empty()) std::memcpy(file.data() + 8, json.data(), json.size());
  return file;
}

Result<safetensors::Header> parse(const Bytes& file) {
  return safetensors::parse(file, file.size());
}
Result<safetensors::Header> parse(const std::string& json, uint64_t data_bytes = 0) {
  return parse(file_of(json, data_bytes));
}

// The message of a refusal; empty when the file is accepted.
std::string refusal(const Bytes& file) {
  const auto header = parse(file);
  if (header) return "";
  CHECK(header.error().code == ErrorCode::kFormat);
  CHECK(!header.error().message.empty());
  return header.error().message;
}
std::string refusal(const std::string& json, uint64_t data_bytes = 0) {
  return refusal(file_of(json, data_bytes));
}

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != message.npos;
}

std::string entry(const std::string& name, uint64_t begin, uint64_t end) {
  return "\"" + name + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) +
         R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace

// Rules are numbered in the order in which the reader applies them.

TEST_CASE("safetensors: rule 1, a file shorter than 8 bytes is refused", "[format]") {
  for (size_t size = 0; size < 8; ++size) CHECK(says(refusal(Bytes(size)), "too short"));
}

TEST_CASE("safetensors: rules 2 to 4, header lengths 0, 1, past the end, 2^63, 2^64-1 are refused",
          "[format]") {
  Bytes file = file_of("{}", 0);
  const auto with_length = [&](uint64_t length) {
    store(file.data(), length);
    return refusal(file);
  };
  CHECK(with_length(2).empty());
  CHECK(says(with_length(0), "cannot hold a JSON object"));
  CHECK(says(with_length(1), "cannot hold a JSON object"));
  CHECK(says(with_length(3), "the file ends at byte 10"));
  CHECK(says(with_length(100'000'000), "the file ends at byte 10"));
  CHECK(says(with_length(100'000'001), "above the limit"));
  CHECK(says(with_length(uint64_t{1} << 63), "above the limit"));
  CHECK(says(with_length(UINT64_MAX), "above the limit"));
}

TEST_CASE("safetensors: header_bytes needs only the first 8 bytes of the file", "[format]") {
  const Bytes file = file_of("{} ", 0);
  const auto bytes = safetensors::header_bytes(std::span(file).first(8), file.size());
  REQUIRE(bytes);
  CHECK(*bytes == 11);
  CHECK(!safetensors::header_bytes(std::span(file).first(7), file.size()));
  CHECK(!safetensors::parse(std::span(file).first(10), file.size()));
}

TEST_CASE("safetensors: rule 5, NUL padding is refused and named", "[format]") {
  using namespace std::string_literals;
  CHECK(says(refusal("{}\0\0\0"s), "padded with NUL bytes from byte 10"));
  CHECK(says(refusal("{\0}"s), "NUL byte at byte 9"));
  // nlohmann/json alone would stop at the NUL and drop the rest.
  CHECK(says(refusal("{}\0{}"s), "NUL byte at byte 10"));
}

TEST_CASE("safetensors: rule 5, a byte order mark is refused", "[format]") {
  CHECK(says(refusal("\xEF\xBB\xBF{}"), "byte order mark"));
}

TEST_CASE("safetensors: rule 6, a header that is not strict UTF-8 is refused", "[format]") {
  for (const char* bad : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) {
    const std::string json = std::string(R"({"__metadata__":{"k":")") + bad + "\"}}";
    CHECK(says(refusal(json), "not UTF-8 at byte 30"));
  }
  CHECK(refusal(R"({"__metadata__":{"k":"é 語 😀"}})").empty());
}

TEST_CASE("safetensors: rule 7, anything but one JSON object is refused", "[format]") {
  for (const char* bad : {"[]", "5 ", "null", "true", R"("a")", "1.5", "-1", "[{}]"}) {
    CAPTURE(bad);
    CHECK(says(refusal(bad), "not a JSON object"));
  }
  for (const char* bad :
       {"{} {}", "{}x", "{,}", "{ ", R"({"a"})", "  ", "\v{}", "{}\f", "{}//c", R"({"a":{"x":01}})",
        R"({"__metadata__":{"a":"b",}})", "{'a':1}", R"({"__metadata__":{"a":"\ud800"}})"}) {
    CAPTURE(bad);
    CHECK(says(refusal(bad), "not valid JSON"));
  }
}

TEST_CASE("safetensors: rule 7, nesting deeper than 8 is refused", "[format]") {
  // The unknown key stands at depth 2, so that n arrays reach depth 2 + n.
  const auto nested = [](int arrays) {
    return R"({"a":{"x":)" + std::string(arrays, '[') + std::string(arrays, ']') +
           R"(,"dtype":"U8","shape":[0],"data_offsets":[0,0]}})";
  };
  CHECK(refusal(nested(6)).empty());
  CHECK(says(refusal(nested(7)), "deeper than 8"));
  CHECK(says(refusal(nested(1'000'000)), "deeper than 8"));
}

TEST_CASE("safetensors: rule 8, a key twice is refused, also when one is escaped", "[format]") {
  CHECK(says(refusal("{" + entry("a", 0, 4) + "," + entry("a", 4, 8) + "}", 8), "tensor 'a' twice"));
  CHECK(says(refusal("{" + entry("a", 0, 4) + "," + entry(R"(\u0061)", 4, 8) + "}", 8), "tensor 'a' twice"));
  CHECK(says(refusal(R"({"__metadata__":null,"__metadata__":{}})"), "__metadata__ twice"));
  CHECK(says(refusal(R"({"__metadata__":null,"\u005f_metadata__":{}})"), "__metadata__ twice"));
  CHECK(says(refusal(R"({"__metadata__":{"k":"1","\u006b":"2"}})"), "'k' twice"));
  CHECK(says(refusal(R"({"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1),
             "'dtype' twice"));
  CHECK(says(refusal(R"({"a":{"dtype":"U8","shape":[],"\u0073hape":[],"data_offsets":[0,1]}})", 1),
             "'shape' twice"));
  CHECK(says(refusal(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"data_offsets":[0,1]}})", 1),
             "'data_offsets' twice"));
  CHECK(says(refusal(R"({"a":{"x":1,"x":1,"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 1), "'x' twice"));
}

TEST_CASE("safetensors: rule 9, __metadata__ is absent, null, or an object of strings", "[format]") {
  for (const char* good :
       {"{}", R"({"__metadata__":null})", R"({"__metadata__":{}})", R"({"__metadata__":{"a":""}})"}) {
    CAPTURE(good);
    CHECK(refusal(good).empty());
  }
  for (const char* bad : {R"({"__metadata__":5})", R"({"__metadata__":[]})", R"({"__metadata__":"a"})",
                          R"({"__metadata__":{"a":1}})", R"({"__metadata__":{"a":null}})",
                          R"({"__metadata__":{"a":{}}})", R"({"__metadata__":{"a":[]}})",
                          R"({"__metadata__":{"a":true}})", R"({"__metadata__":{"dtype":1.5}})"}) {
    CAPTURE(bad);
    CHECK(says(refusal(bad), "__metadata__"));
  }
}

TEST_CASE("safetensors: rule 9, no tensor can be named __metadata__", "[format]") {
  CHECK(says(refusal("{" + entry("__metadata__", 0, 4) + "}", 4), "__metadata__: 'shape' is an array"));
}

TEST_CASE("safetensors: rule 10, a missing key is refused by name", "[format]") {
  CHECK(says(refusal(R"({"a":{"shape":[],"data_offsets":[0,1]}})", 1), "tensor 'a' has no 'dtype'"));
  CHECK(says(refusal(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1), "tensor 'a' has no 'shape'"));
  CHECK(says(refusal(R"({"a":{"dtype":"U8","shape":[]}})", 1), "tensor 'a' has no 'data_offsets'"));
  CHECK(says(refusal(R"({"a":{}})"), "tensor 'a' has no"));
}

TEST_CASE("safetensors: rule 10, a value of a wrong type is refused", "[format]") {
  for (const char* bad : {"5", "null", "true", R"("F32")", R"(["U8",[],[0,1]])", "1.5", "-1"}) {
    CAPTURE(bad);
    CHECK(says(refusal(std::string(R"({"a":)") + bad + "}"), "tensor 'a' is described by"));
  }
  for (const char* bad : {"5", "null", "[]", "{}", "false"}) {
    CAPTURE(bad);
    CHECK(says(refusal(std::string(R"({"a":{"dtype":)") + bad + R"(,"shape":[],"data_offsets":[0,1]}})", 1),
               "'dtype' is"));
  }
  for (const char* bad : {"5", "null", R"("[1]")", R"({"0":1})", "true"}) {
    CAPTURE(bad);
    CHECK(says(refusal(std::string(R"({"a":{"dtype":"U8","shape":)") + bad + R"(,"data_offsets":[0,1]}})", 1),
               "'shape' is"));
    CHECK(says(refusal(std::string(R"({"a":{"dtype":"U8","shape":[],"data_offsets":)") + bad + "}}", 1),
               "'data_offsets' is"));
  }
}

TEST_CASE("safetensors: rule 10, integers are digits only and below 2^64", "[format]") {
  for (const char* bad : {"1.0", "1e2", "1E0", "-0", "-1", "18446744073709551616", "null", "true", R"("1")",
                          "[1]", "{}", "1e-400"}) {
    CAPTURE(bad);
    CHECK(
        says(refusal(std::string(R"({"a":{"dtype":"U8","shape":[)") + bad + R"(],"data_offsets":[0,1]}})", 1),
             "'shape' holds"));
    CHECK(says(refusal(std::string(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[)") + bad + ",1]}}", 1),
               "'data_offsets' holds"));
  }
}

TEST_CASE("safetensors: rule 10, data_offsets has exactly two numbers", "[format]") {
  for (const auto& [offsets, count] : {std::pair("", 0), {"0", 1}, {"0,1,1", 3}, {"0,1,1,1", 4}}) {
    CAPTURE(offsets);
    CHECK(says(refusal(std::string(R"({"a":{"dtype":"U8","shape":[],"data_offsets":[)") + offsets + "]}}", 1),
               "has " + std::to_string(count) + " numbers"));
  }
}

namespace {

std::string sized(const std::string& dtype, const std::string& shape, uint64_t begin, uint64_t end) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}}";
}

}  // namespace

TEST_CASE("safetensors: rule 11, shape products that wrap are refused", "[format]") {
  // 2 * (2^64 - 2) wraps to 2^64 - 4; 2^32 * 2^32 to 0; 2^63 * 2 * 4 bytes to 0.
  CHECK(says(refusal(sized("I32", "[2,18446744073709551614]", 0, 16), 16), "product of shape"));
  CHECK(says(refusal(sized("U8", "[4294967296,4294967296]", 0, 0)), "product of shape"));
  CHECK(says(refusal(sized("U8", "[4294967296,4294967297]", 0, 4294967296)), "product of shape"));
  CHECK(says(refusal(sized("F32", "[9223372036854775808]", 0, 0)), "above 2^64-1 bits"));
  // From left to right: a 0 in front hides what would overflow behind it, and only there.
  CHECK(refusal(sized("U8", "[0,4294967296,4294967296]", 0, 0)).empty());
  CHECK(says(refusal(sized("U8", "[4294967296,4294967296,0]", 0, 0)), "product of shape"));
  CHECK(says(refusal(sized("NEW", "[4294967296,4294967296]", 0, 0)), "product of shape"));
}

TEST_CASE("safetensors: rule 11, a sub-byte tensor that does not end on a byte is refused", "[format]") {
  CHECK(says(refusal(sized("F4", "[3]", 0, 1), 1), "whole byte"));
  CHECK(says(refusal(sized("F4", "[3]", 0, 2), 2), "whole byte"));
  CHECK(says(refusal(sized("F6_E2M3", "[2]", 0, 2), 2), "whole byte"));
  CHECK(refusal(sized("F4", "[1,2]", 0, 1), 1).empty());
  CHECK(refusal(sized("F6_E3M2", "[4]", 0, 3), 3).empty());
}

TEST_CASE("safetensors: rule 12, offsets that do not fit shape and dtype are refused", "[format]") {
  CHECK(says(refusal(sized("F32", "[2]", 8, 0), 8), "end before they begin"));
  CHECK(says(refusal(sized("NEW", "[2]", 8, 0), 8), "end before they begin"));
  CHECK(says(refusal(sized("F32", "[2]", 0, 7), 7), "takes 8 bytes, but data_offsets [0, 7] give it 7"));
  CHECK(says(refusal(sized("F32", "[2]", 0, 9), 9), "takes 8 bytes"));
  CHECK(says(refusal(sized("F32", "[]", 0, 0)), "takes 4 bytes"));
  CHECK(says(refusal(sized("F32", "[0]", 0, 4), 4), "takes 0 bytes"));
}

TEST_CASE("safetensors: rule 12, the size of every dtype is known", "[format]") {
  const std::pair<const char*, uint64_t> kBytesOfFour[] = {
      {"BOOL", 4}, {"U8", 4},          {"I8", 4},          {"F8_E4M3", 4}, {"F8_E5M2", 4}, {"F8_E8M0", 4},
      {"I16", 8},  {"F8_E4M3FNUZ", 4}, {"F8_E5M2FNUZ", 4}, {"U16", 8},     {"F16", 8},     {"BF16", 8},
      {"I32", 16}, {"U32", 16},        {"F32", 16},        {"I64", 32},    {"U64", 32},    {"F64", 32},
      {"C64", 32}, {"F4", 2},          {"F6_E2M3", 3},     {"F6_E3M2", 3}};
  for (const auto& [dtype, bytes] : kBytesOfFour) {
    CAPTURE(dtype);
    CHECK(safetensors::bits_of(dtype) == bytes * 2);
    CHECK(refusal(sized(dtype, "[2,2]", 0, bytes), bytes).empty());
    CHECK(!refusal(sized(dtype, "[2,2]", 0, bytes + 1), bytes + 1).empty());
  }
  CHECK(!safetensors::bits_of("f32"));
  CHECK(!safetensors::bits_of(""));
}

TEST_CASE("safetensors: rule 13, a hole between two tensors is refused", "[format]") {
  const std::string json = "{" + entry("b", 8, 12) + "," + entry("a", 0, 4) + "}";
  const std::string message = refusal(json, 12);
  CHECK(says(message, "a hole of 4 bytes at byte " + std::to_string(8 + json.size() + 4)));
  CHECK(says(message, "between 'a' and 'b'"));
}

TEST_CASE("safetensors: rule 13, a hole before the first tensor is refused", "[format]") {
  CHECK(says(refusal("{" + entry("a", 1, 5) + "}", 5), "between the header and 'a'"));
}

TEST_CASE("safetensors: rule 13, overlapping tensors are refused", "[format]") {
  CHECK(says(refusal("{" + entry("a", 0, 4) + "," + entry("b", 3, 8) + "}", 8), "'a' and 'b' overlap"));
  CHECK(says(refusal("{" + entry("a", 0, 8) + "," + entry("b", 4, 4) + "}", 8), "'a' and 'b' overlap"));
  CHECK(says(refusal("{" + entry("a", 0, 8) + "," + entry("b", 0, 8) + "," + entry("c", 0, 8) + "}", 8),
             "'a' and 'b' overlap"));
}

TEST_CASE("safetensors: rule 13, trailing bytes are refused", "[format]") {
  CHECK(says(refusal("{" + entry("a", 0, 4) + "}", 5), "1 trailing bytes"));
  CHECK(says(refusal("{}", 3), "3 trailing bytes"));
}

TEST_CASE("safetensors: rule 13, a truncated file is refused", "[format]") {
  const std::string json = "{" + entry("a", 0, 4) + "}";
  const std::string message = refusal(json, 3);
  CHECK(says(message, "the file ends at byte " + std::to_string(8 + json.size() + 3)));
  CHECK(says(message, "truncated?"));
  // The sum of data_begin and end would wrap.
  CHECK(says(refusal(sized("NEW", "[]", 0, UINT64_MAX), 3), "beyond 2^64-1"));
}

TEST_CASE("safetensors: whitespace around the object is accepted", "[format]") {
  CHECK(refusal("\t\n\r {} \t\r\n").empty());
  CHECK(refusal("{} ").empty());
}

TEST_CASE("safetensors: a file without tensors opens", "[format]") {
  const auto header = parse(R"({"__metadata__":{"framework":"pt","a\n":"\"\u00e9"}})");
  REQUIRE(header);
  CHECK(header->tensors.empty());
  CHECK(header->metadata == std::map<std::string, std::string>{{"framework", "pt"}, {"a\n", "\"é"}});
  CHECK(header->find("a") == nullptr);
}

TEST_CASE("safetensors: tensors come by ascending begin, whatever the order of the text", "[format]") {
  const std::string json =
      R"({"b":{"data_offsets":[8,12],"shape":[2],"dtype":"I16"},)" + entry("z", 12, 12) +
      R"(,"a":{"shape":[1,2],"dtype":"F32","data_offsets":[0,8]},"__metadata__":{"k":"v"}})";
  const auto header = parse(json, 12);
  REQUIRE(header);
  const uint64_t data_begin = 8 + json.size();
  CHECK(header->data_begin == data_begin);
  REQUIRE(header->tensors.size() == 3);
  CHECK(header->tensors[0].name == "a");
  CHECK(header->tensors[1].name == "b");
  CHECK(header->tensors[2].name == "z");
  const safetensors::Tensor* b = header->find("b");
  REQUIRE(b != nullptr);
  CHECK(b->dtype == "I16");
  CHECK(b->shape == std::vector<uint64_t>{2});
  CHECK(b->begin == data_begin + 8);
  CHECK(b->end == data_begin + 12);
}

TEST_CASE("safetensors: rank 0 and zero-sized tensors are accepted", "[format]") {
  CHECK(refusal(sized("I32", "[]", 0, 4), 4).empty());
  CHECK(refusal(sized("I32", "[2,0]", 0, 0)).empty());
  // Two at one offset between others, one at the end.
  CHECK(refusal("{" + entry("a", 0, 4) + "," + entry("b", 4, 8) + "," + entry("y", 4, 4) + "," +
                    entry("x", 4, 4) + "," + entry("z", 8, 8) + "}",
                8)
            .empty());
}

TEST_CASE("safetensors: a file written with numpy is read", "[format]") {
  const Bytes file = read_data("rows_and_ids.safetensors");
  const auto header = parse(file);
  REQUIRE(header);
  CHECK(header->metadata == std::map<std::string, std::string>{{"format", "pt"}, {"made by", "numpy é"}});
  REQUIRE(header->tensors.size() == 4);
  const safetensors::Tensor* half = header->find("half");
  REQUIRE(half != nullptr);
  CHECK(half->dtype == "F16");
  CHECK(half->shape == std::vector<uint64_t>{3, 4});
  CHECK(half->end == file.size());
  const safetensors::Tensor* rows = header->find("rows");
  REQUIRE(rows != nullptr);
  CHECK(load<float>(file.data() + rows->begin + 4 * 11) == 0.875f);
}

TEST_CASE("safetensors: unknown keys of an entry are ignored", "[format]") {
  const char* json =
      R"({"a":{"x":{"dtype":7,"y":[[{}],-1,1.5,null,true,"s"]},"dtype":"U8","z":[1,{"shape":3}],)"
      R"("shape":[2],"w":-0,"data_offsets":[0,2],"v":"s"}})";
  const auto header = parse(json, 2);
  REQUIRE(header);
  CHECK(header->tensors[0].dtype == "U8");
  CHECK(header->tensors[0].shape == std::vector<uint64_t>{2});
}

TEST_CASE("safetensors: an unknown dtype is accepted, but not a hole behind it", "[format]") {
  CHECK(refusal(sized("F3_E1M1", "[5]", 0, 7), 7).empty());
  CHECK(says(refusal(sized("F3_E1M1", "[5]", 0, 7), 8), "trailing"));
}

TEST_CASE("safetensors: data may begin at any byte", "[format]") {
  for (size_t spaces = 0; spaces < 64; ++spaces) {
    const std::string json = sized("F32", "[2]", 0, 8) + std::string(spaces, ' ');
    const auto header = parse(json, 8);
    REQUIRE(header);
    CHECK(header->tensors[0].begin == 8 + json.size());
  }
}

TEST_CASE("safetensors: a very long name is cut in the message", "[format]") {
  const std::string message = refusal("{\"" + std::string(1'000'000, 'x') + "\\n\":5}");
  CHECK(says(message, "xxx...'"));
  CHECK(message.size() < 300);
}

TEST_CASE("safetensors: 100,000 tensors are read in bounded time", "[format]") {
  const int kTensors = 100'000;
  std::string json = "{";
  for (int i = kTensors; i-- > 0;) {  // backwards, so that sorting has something to do
    json += entry("model.layers." + std::to_string(i) + ".weight", i * 8ull, i * 8ull + 8);
    json += i > 0 ? "," : "}";
  }
  const Bytes file = file_of(json, 8 * kTensors);
  const auto start = std::chrono::steady_clock::now();
  const auto header = parse(file);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  REQUIRE(header);
  CHECK(header->tensors.size() == kTensors);
  CHECK(header->tensors[7].name == "model.layers.7.weight");
  // About 0.15 s; the bound leaves room for sanitizers and busy machines, not for a quadratic loop (minutes).
  CHECK(seconds.count() < 10);
}
