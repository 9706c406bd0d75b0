#include "formats/byte_reader.h"

#include "support/catch.h"

using namespace windrow::tools;

namespace {

// Longer than the reader's buffer, with a mark at a known place.
std::string long_text(size_t mark) {
  std::string text(1'000'000, 'a');
  text[mark] = '\n';
  return text;
}

}  // namespace

TEST_CASE("byte reader: find looks beyond the buffer, up to its limit", "[tools]") {
  for (const size_t mark : {0UL, 1UL, 262'143UL, 262'144UL, 262'145UL, 700'000UL, 999'999UL}) {
    ByteReader reader(bytes_in_memory(long_text(mark)));
    CAPTURE(mark);
    CHECK(*reader.find('\n', 1'000'000) == mark);
    CHECK(*reader.find('\n', mark + 1) == mark);
    CHECK(!*reader.find('\n', mark));
    CHECK(reader.position() == 0);
  }
}

TEST_CASE("byte reader: peek gives what is left, skip moves on", "[tools]") {
  ByteReader reader(bytes_in_memory("abcdef"));
  CHECK(*reader.peek(2) == "ab");
  reader.skip(2);
  CHECK(reader.position() == 2);
  CHECK(reader.left() == 4);
  CHECK(*reader.peek(100) == "cdef");
  reader.skip(4);
  CHECK(reader.left() == 0);
  CHECK(reader.peek(1)->empty());
  CHECK(!*reader.find('a', 10));
}

TEST_CASE("byte reader: an empty source has nothing", "[tools]") {
  ByteReader reader(bytes_in_memory(""));
  CHECK(reader.peek(1)->empty());
  CHECK(!*reader.find('a', 1));
}

TEST_CASE("byte reader: a missing file is reported with its name", "[tools]") {
  const auto source = open_bytes("/nowhere/at/all");
  REQUIRE(!source);
  CHECK(source.error().code == windrow::ErrorCode::kNotFound);
  CHECK(source.error().message.find("/nowhere/at/all") != std::string::npos);
}
