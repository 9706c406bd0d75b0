#include "format/npy.h"

#include <cstring>

#include "base/bytes.h"
#include "format/read_data.h"
#include "support/catch.h"

using namespace windrow;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes file_of(const std::string& text, uint64_t data_bytes, uint8_t major = 1, uint8_t minor = 0) {
  Bytes file = {0x93, 'N', 'U', 'M', 'P', 'Y', major, minor};
  const size_t length_bytes = major == 1 ? 2 : 4;
  for (size_t i = 0; i < length_bytes; ++i) file.push_back(static_cast<uint8_t>(text.size() >> (8 * i)));
  file.insert(file.end(), text.begin(), text.end());
  file.resize(file.size() + data_bytes);
  return file;
}

Result<npy::Header> parse(const Bytes& file) {
  return npy::parse(file, file.size());
}
Result<npy::Header> parse(const std::string& text, uint64_t data_bytes = 48) {
  return parse(file_of(text, data_bytes));
}

std::string dict(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}
std::string with_descr(const std::string& descr) {
  return dict("'" + descr + "'", "False", "(2, 3)");
}
std::string with_shape(const std::string& shape) {
  return dict("'<f4'", "False", shape);
}

std::string refusal(const Result<npy::Header>& header, ErrorCode code = ErrorCode::kFormat) {
  if (header) return "";
  CHECK(header.error().code == code);
  return header.error().message;
}

bool says(const std::string& message, const std::string& part) {
  return message.find(part) != message.npos;
}

using Shape = std::vector<uint64_t>;

}  // namespace

TEST_CASE("npy: files written by numpy are read", "[format]") {
  struct Case {
    const char* name;
    const char* descr;
    bool fortran_order;
    Shape shape;
    uint64_t data_begin, data_bytes;
  };
  const Case cases[] = {
      {"f4_3x4.npy", "<f4", false, {3, 4}, 128, 48},
      {"f4_12.npy", "<f4", false, {12}, 128, 48},
      {"f4_3x4_fortran.npy", "<f4", true, {3, 4}, 128, 48},
      {"f4_3x4_big_endian.npy", ">f4", false, {3, 4}, 128, 48},
      {"f4_0x4.npy", "<f4", false, {0, 4}, 128, 0},
      {"f8_scalar.npy", "<f8", false, {}, 128, 8},
      {"i8_5.npy", "<i8", false, {5}, 128, 40},
      {"f4_3x4_v2.npy", "<f4", false, {3, 4}, 128, 48},
      {"f4_3x4_v3.npy", "<f4", false, {3, 4}, 128, 48},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Bytes file = read_data(c.name);
    const auto start = npy::header_bytes(std::span(file).first(12), file.size());
    REQUIRE(start);
    CHECK(*start == c.data_begin);
    const auto header = npy::parse(std::span(file).first(*start), file.size());
    REQUIRE(header);
    CHECK(header->descr == c.descr);
    CHECK(header->fortran_order == c.fortran_order);
    CHECK(header->shape == c.shape);
    CHECK(header->data_begin == c.data_begin);
    CHECK(header->data_bytes == c.data_bytes);
    CHECK(file.size() == c.data_begin + c.data_bytes);
  }
  CHECK(load<float>(read_data("f4_3x4.npy").data() + 128 + 4 * 11) == 0.875f);
}

TEST_CASE("npy: records and pickled objects written by numpy are refused", "[format]") {
  CHECK(says(refusal(parse(read_data("records.npy")), ErrorCode::kUnsupported), "records"));
  CHECK(says(refusal(parse(read_data("objects.npy")), ErrorCode::kUnsupported), "pickle"));
}

TEST_CASE("npy: every cut of a file is refused", "[format]") {
  const Bytes file = read_data("f4_3x4.npy");
  for (size_t size = 0; size < file.size(); ++size) {
    const auto header = npy::parse(std::span(file).first(size), size);
    CHECK(!header);
  }
  CHECK(says(refusal(npy::parse(file, file.size() - 1)), "truncated?"));
}

TEST_CASE("npy: bytes behind the array are legal", "[format]") {
  Bytes file = read_data("f4_3x4.npy");
  file.push_back(1);
  CHECK(parse(file));
}

TEST_CASE("npy: versions other than 1.0, 2.0 and 3.0 are refused", "[format]") {
  const std::string text = with_shape("(3, 4)");
  for (const auto& [major, minor] : {std::pair(1, 1), {0, 0}, {0, 1}, {2, 2}, {4, 0}, {255, 255}}) {
    Bytes file = file_of(text, 48);
    file[6] = static_cast<uint8_t>(major);
    file[7] = static_cast<uint8_t>(minor);
    CHECK(says(refusal(parse(file)), "version " + std::to_string(major) + "." + std::to_string(minor)));
  }
  for (const uint8_t major : {1, 2, 3}) CHECK(parse(file_of(text, 48, major)));
}

TEST_CASE("npy: a wrong magic is refused", "[format]") {
  for (size_t i = 0; i < 6; ++i) {
    Bytes file = file_of(with_shape("(3, 4)"), 48);
    file[i] ^= 0x20;
    CHECK(says(refusal(parse(file)), "not a npy file"));
  }
  CHECK(says(refusal(parse(Bytes{})), "not a npy file"));
}

TEST_CASE("npy: a header above 64 KiB is refused, one of 64 KiB is not", "[format]") {
  const std::string text = with_shape("(3, 4)");
  const size_t prefix = 12;
  std::string padded = text;
  padded.resize(npy::kMaxHeaderBytes - prefix, ' ');
  CHECK(parse(file_of(padded, 48, 2)));
  padded += ' ';
  CHECK(says(refusal(parse(file_of(padded, 48, 2))), "limit"));
  Bytes file = file_of(text, 48, 2);
  store<uint32_t>(file.data() + 8, UINT32_MAX);
  CHECK(says(refusal(parse(file)), "limit"));
}

TEST_CASE("npy: keys in any order, either quote, with or without a last comma, any space", "[format]") {
  for (const char* text :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n",
        "{'shape': (3, 4), 'descr': '<f4', 'fortran_order': False}",
        "{\"descr\":\"<f4\",'fortran_order':False,\"shape\":(3,4)}",
        " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 3 , 4 , ) , } \t\r\n\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }"}) {
    CAPTURE(text);
    const auto header = parse(text);
    REQUIRE(header);
    CHECK(header->descr == "<f4");
    CHECK(header->shape == Shape{3, 4});
    CHECK(header->data_begin == 10 + std::strlen(text));
  }
}

TEST_CASE("npy: anything that numpy does not write is refused", "[format]") {
  for (const std::string& text : {
           std::string(""),
           std::string("\n"),
           std::string("{}"),
           std::string("["),
           std::string("{,}"),
           std::string("{'descr': '<f4', 'fortran_order': False}"),
           std::string("{'descr': '<f4', 'shape': (3, 4)}"),
           std::string("{'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4),, }"),
           std::string("{'descr': '<f4' 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}{}"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}\0", 56),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'x': 1}"),
           std::string("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'shape': (3, 4)}"),
           std::string("{'descr': '<f\\u0034', 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr\": '<f4', 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{descr: '<f4', 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': <f4, 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': '<f4, 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': u'<f4', 'fortran_order': False, 'shape': (3, 4)}"),
           std::string("{'descr': None, 'fortran_order': False, 'shape': (3, 4)}"),
           dict("'<f4'", "false", "(3, 4)"),
           dict("'<f4'", "0", "(3, 4)"),
           dict("'<f4'", "None", "(3, 4)"),
           dict("'<f4'", "'False'", "(3, 4)"),
           dict("'<f4'", "Falsey", "(3, 4)"),
       }) {
    CAPTURE(text);
    CHECK(!refusal(parse(text)).empty());
  }
}

TEST_CASE("npy: shapes", "[format]") {
  const std::pair<const char*, Shape> kGood[] = {{"()", {}},    {"(3,)", {3}},      {"(3L,)", {3}},
                                                 {"(0,)", {0}}, {"(2,3,)", {2, 3}}, {"(1, 2, 3)", {1, 2, 3}}};
  for (const auto& [text, shape] : kGood) {
    CAPTURE(text);
    const auto header = parse(with_shape(text));
    REQUIRE(header);
    CHECK(header->shape == shape);
  }
  for (const char* bad : {"(3)",     "3",
                          "[3, 4]",  "(3 4)",
                          "(,)",     "(3,,4)",
                          "(-3,)",   "(+3,)",
                          "(3.0,)",  "(3e1,)",
                          "(0x3,)",  "(03,)",
                          "(00,)",   "(3_0,)",
                          "(3LL,)",  "(L,)",
                          "(None,)", "('3',)",
                          "(3,",     "(",
                          "((3,),)", "(18446744073709551616,)",
                          "(3, 4"}) {
    CAPTURE(bad);
    CHECK(!refusal(parse(with_shape(bad))).empty());
  }
}

TEST_CASE("npy: sizes that wrap are refused", "[format]") {
  CHECK(says(refusal(parse(with_shape("(4611686018427387904,)"))), "2^64-1"));    // 2^62 * 4 wraps to 0
  CHECK(says(refusal(parse(with_shape("(4294967296, 4294967296)"))), "2^64-1"));  // 2^64 wraps to 0
  CHECK(
      says(refusal(parse(with_shape("(4611686018427387903,)"))), "2^64-1"));  // only data_begin makes it wrap
  CHECK(parse(with_shape("(0, 18446744073709551615)")));
}

TEST_CASE("npy: types that can be used, and their sizes", "[format]") {
  const std::pair<const char*, uint64_t> kGood[] = {
      {"<f2", 2}, {"<f4", 4}, {"<f8", 8}, {"|i1", 1}, {"|u1", 1}, {"|b1", 1}, {"<i4", 4}, {"<u4", 4},
      {"<i2", 2}, {">u2", 2}, {"<i8", 8}, {"<u8", 8}, {">f4", 4}, {">i8", 8}, {"|V1", 1}, {"|V2", 2}, {"<V2", 2}};
  for (const auto& [descr, bytes] : kGood) {
    CAPTURE(descr);
    const auto header = parse(with_descr(descr));
    REQUIRE(header);
    CHECK(header->descr == descr);
    CHECK(header->item_bytes == bytes);
    CHECK(header->data_bytes == 6 * bytes);
  }
  for (const char* bad : {"O",   "|O",  "|O8",     "=f4", "f4", "|f4", "i1", "=i1", "<f16", "<c8",
                          "<U5", "|S3", "<M8[ns]", "i2",  "V2", "|V4", "",   "<",   "<<f4", "<f4 "}) {
    CAPTURE(bad);
    CHECK(!refusal(parse(with_descr(bad)), ErrorCode::kUnsupported).empty());
  }
  CHECK(says(refusal(parse(with_descr("O")), ErrorCode::kUnsupported), "pickle"));
  CHECK(says(refusal(parse(with_descr("=f4")), ErrorCode::kUnsupported), "byte order"));
  CHECK(says(refusal(parse(dict("[('x', '<f4')]", "False", "(3,)")), ErrorCode::kUnsupported), "records"));
}

TEST_CASE("npy: column-major order is the same as row-major where at most one dimension counts", "[format]") {
  const auto c_order = [](const char* order, const char* shape) {
    const auto header = parse(dict("'<f4'", order, shape));
    REQUIRE(header);
    return header->c_order();
  };
  CHECK(c_order("False", "(3, 4)"));
  CHECK(!c_order("True", "(3, 4)"));
  for (const char* shape : {"()", "(3,)", "(3, 1)", "(1, 3)", "(1, 1)", "(0, 4)", "(4, 0)", "(1, 3, 1)"}) {
    CAPTURE(shape);
    CHECK(c_order("True", shape));
  }
  CHECK(!c_order("True", "(2, 1, 2)"));
}

TEST_CASE("npy header_for: the same bytes as numpy", "[format]") {
  const auto starts_like = [](const char* name, const char* descr, const Shape& shape) {
    CAPTURE(name);
    const Bytes file = read_data(name);
    const Bytes header = npy::header_for(descr, shape);
    REQUIRE(header.size() <= file.size());
    CHECK(Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(header.size())) == header);
  };
  starts_like("f4_3x4.npy", "<f4", {3, 4});
  starts_like("f4_12.npy", "<f4", {12});
  starts_like("f4_0x4.npy", "<f4", {0, 4});
  starts_like("f8_scalar.npy", "<f8", {});
  starts_like("i8_5.npy", "<i8", {5});

  const std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }";
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += text + std::string(128 - 10 - text.size() - 1, ' ') + "\n";
  const Bytes header = npy::header_for("<f4", Shape{3, 4});
  CHECK(std::string(header.begin(), header.end()) == expected);
}

TEST_CASE("npy header_for: 64 spaces where the text alone would end on a multiple of 64", "[format]") {
  // As numpy does: it pads by 64 - size % 64, which is never 0. Thirteen dimensions of 1 and a last one of
  // one, two, three digits: 126, 127 and 128 bytes before padding.
  Shape shape(14, 1);
  CHECK(npy::header_for("<f4", shape).size() == 128);
  shape.back() = 10;
  CHECK(npy::header_for("<f4", shape).size() == 128);
  shape.back() = 100;
  CHECK(npy::header_for("<f4", shape).size() == 192);
}

TEST_CASE("npy header_for: what is written is read back", "[format]") {
  for (const Shape& shape : {Shape{}, Shape{7}, Shape{0, 5}, Shape{123456789, 3}, Shape{1, 2, 3}}) {
    for (const char* descr : {"<f4", "<f2", "|u1", "<i8"}) {
      const Bytes header = npy::header_for(descr, shape);
      CHECK(header.size() % 64 == 0);
      const auto parsed = npy::parse(header, uint64_t{1} << 40);
      REQUIRE(parsed);
      CHECK(parsed->descr == descr);
      CHECK(parsed->shape == shape);
      CHECK(!parsed->fortran_order);
      CHECK(parsed->data_begin == header.size());
    }
  }
}
