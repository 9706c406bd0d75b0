#include "format/undo_journal.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "support/catch.h"

using namespace windrow;

namespace {

std::array<uint8_t, 16> some_uuid() {
  std::array<uint8_t, 16> uuid;
  for (size_t i = 0; i < uuid.size(); ++i) uuid[i] = static_cast<uint8_t>(i * 3 + 1);
  return uuid;
}

JournalHeader some_header() {
  return {.number = 1, .uuid = some_uuid(), .incarnation = 0x1122334455667788, .layout = 0xAABBCCDD, .image_bytes = 24};
}

std::vector<uint8_t> some_chunk(const ChunkHeader& header) {
  std::vector<uint8_t> chunk(header.bytes());
  for (size_t i = kChunkHeaderBytes; i < chunk.size(); ++i) chunk[i] = static_cast<uint8_t>(i);
  seal_chunk(header, some_uuid(), chunk);
  return chunk;
}

constexpr ChunkHeader kChunk{.incarnation = 7, .epoch = 5, .seq = 3, .group = 2, .rows = 2, .image_bytes = 24};

}  // namespace

TEST_CASE("undo journal: the first page stands as FORMAT.md says, and is read back", "[format]") {
  const auto page = encode_journal_header(some_header());
  const uint8_t* const at = page.data();
  CHECK(std::equal(at, at + 8, "WINDUNDO"));
  CHECK(load<uint32_t>(at + 8) == 1);
  CHECK(load<uint32_t>(at + 12) == 1);
  CHECK(at[16] == 1);
  CHECK(load<uint64_t>(at + 32) == 0x1122334455667788);
  CHECK(load<uint32_t>(at + 40) == 0xAABBCCDD);
  CHECK(load<uint32_t>(at + 44) == 24);
  CHECK(std::all_of(page.begin() + 52, page.end(), [](uint8_t byte) { return byte == 0; }));
  const auto read = decode_journal_header(page);
  REQUIRE(read);
  CHECK(*read == some_header());
}

TEST_CASE("undo journal: one flipped bit in the header of a page, or of a chunk, is noticed", "[format]") {
  const auto page = encode_journal_header(some_header());
  for (size_t bit = 0; bit < 52 * 8; ++bit) {
    auto bad = page;
    bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ (1u << bit % 8));
    CHECK(!decode_journal_header(bad));
  }
  CHECK(!decode_journal_header(std::span(page).first(kJournalPage - 1)));
  const auto chunk = some_chunk(kChunk);
  REQUIRE(peek_chunk(chunk));
  REQUIRE(is_whole_chunk(chunk, some_uuid()));
  for (size_t bit = 0; bit < chunk.size() * 8; ++bit) {
    auto bad = chunk;
    bad[bit / 8] = static_cast<uint8_t>(bad[bit / 8] ^ (1u << bit % 8));
    CHECK(!is_whole_chunk(bad, some_uuid()));
  }
  auto other = some_uuid();
  other[7] ^= 1;
  CHECK(!is_whole_chunk(chunk, other));
}

TEST_CASE("undo journal: a chunk stands as FORMAT.md says, and sizes must agree", "[format]") {
  const auto chunk = some_chunk(kChunk);
  CHECK(chunk.size() == 64 + 2 * (8 + 24));
  const uint8_t* const at = chunk.data();
  CHECK(std::equal(at + 4, at + 8, "WUC1"));
  CHECK(load<uint64_t>(at + 8) == 7);
  CHECK(load<uint64_t>(at + 16) == 5);
  CHECK(load<uint64_t>(at + 24) == 3);
  CHECK(load<uint64_t>(at + 32) == 2);
  CHECK(load<uint32_t>(at + 40) == 2);
  CHECK(load<uint32_t>(at + 44) == 24);
  CHECK(load<uint64_t>(at + 48) == 64);
  const auto header = peek_chunk(chunk);
  REQUIRE(header);
  CHECK((header->incarnation == 7 && header->epoch == 5 && header->seq == 3 && header->group == 2));
  CHECK((header->rows == 2 && header->image_bytes == 24));
  for (const size_t byte : {4, 40, 44, 48, 56, 60}) {
    auto bad = chunk;
    bad[byte] ^= 4;
    CHECK(!peek_chunk(bad));
  }
  // Sizes whose product does not fit into 64 bits.
  auto huge = chunk;
  store(huge.data() + 40, uint32_t{0xFFFFFFFF});
  store(huge.data() + 44, uint32_t{0xFFFFFFFA});
  store(huge.data() + 48, uint64_t{0xFFFFFFFF} * (8 + uint64_t{0xFFFFFFFA}));
  CHECK(!peek_chunk(huge));
  // And one that does, but that no writer makes.
  store(huge.data() + 40, uint32_t{0x10000});
  store(huge.data() + 44, uint32_t{0xFFFFFFFA});
  store(huge.data() + 48, uint64_t{0x10000} * (8 + uint64_t{0xFFFFFFFA}));
  CHECK(!peek_chunk(huge));
  auto none = chunk;
  store(none.data() + 40, uint32_t{0});
  store(none.data() + 48, uint64_t{0});
  CHECK(!peek_chunk(none));
  CHECK(!peek_chunk(std::span(chunk).first(63)));
  CHECK(!is_whole_chunk(std::span(chunk).first(63), some_uuid()));
}
