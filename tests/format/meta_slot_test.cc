#include "format/meta_slot.h"

#include <vector>

#include "support/catch.h"

using namespace windrow;

namespace {

MetaSlot example() {
  MetaSlot slot;
  slot.clean = true;
  slot.mixed = true;
  for (size_t i = 0; i < 16; ++i) {
    slot.uuid[i] = static_cast<uint8_t>(0xa0 + i);
    slot.boot_id[i] = static_cast<uint8_t>(0xc0 + i);
  }
  slot.generation = 5;
  slot.committed_epoch = 9;
  slot.incarnation = 0x1122334455667788;
  slot.layout = 0xdeadbeef;
  slot.level = DurabilityLevel::kPower;
  slot.rows_in_use = 1000003;
  slot.optimizer_id = 2;
  slot.step_count = 12345678901;
  slot.journal_chunks = 17;
  slot.tag = "epoch-7";
  slot.writer_features = 6;
  slot.row_format_id = 1;
  slot.dim = 300;
  return slot;
}

std::vector<uint8_t> from_hex(const std::string& digits) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Puts the right sum under bytes that a test has changed.
void seal(std::array<uint8_t, kSlotBytes>& bytes) {
  const uint32_t sum = sum32(std::span(bytes).first(508));
  for (int i = 0; i < 4; ++i) bytes[508 + static_cast<size_t>(i)] = static_cast<uint8_t>(sum >> 8 * i);
}

std::vector<uint8_t> meta_of(const std::array<uint8_t, kSlotBytes>& even,
                             const std::array<uint8_t, kSlotBytes>& odd) {
  std::vector<uint8_t> meta(kMetaBytes);
  std::copy(even.begin(), even.end(), meta.begin());
  std::copy(odd.begin(), odd.end(), meta.begin() + kSlotPage);
  return meta;
}

MetaSlot of_generation(uint64_t generation) {
  MetaSlot slot = example();
  slot.generation = generation;
  slot.step_count = 1000 + generation;
  return slot;
}

}  // namespace

// The expected bytes were put together by a Python program (struct.pack, and libxxhash for the sum), from the
// description of the slot in FORMAT.md.
TEST_CASE("meta slot: golden bytes", "[format]") {
  const auto head = from_hex(
      "57494e44524f57310100000003000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
      "050000000000000009000000000000008877665544332211c0c1c2c3c4c5c6c7"
      "c8c9cacbcccdcecfefbeadde0200000043420f00000000000200000000000000"
      "351cdcdf020000001100000000000000000001000700000065706f63682d3700");
  const auto features = from_hex("0000000006000000010000002c010000");
  const auto sum = from_hex("c15928ff");
  std::vector<uint8_t> expected(kSlotBytes);
  std::copy(head.begin(), head.end(), expected.begin());
  std::copy(features.begin(), features.end(), expected.begin() + 376);
  std::copy(sum.begin(), sum.end(), expected.begin() + 508);

  const auto bytes = encode_slot(example());
  CHECK(std::vector<uint8_t>(bytes.begin(), bytes.end()) == expected);
}

TEST_CASE("meta slot: golden bytes of rows with scales", "[format]") {
  MetaSlot slot = example();
  slot.row_format_id = 4;
  slot.scale_block = 32;
  slot.scale_type = 2;
  slot.scale_place = 1;
  const auto bytes = encode_slot(slot);
  const auto format = from_hex("040000002c010000200000000201"), sum = from_hex("f00290c0");
  CHECK(std::equal(format.begin(), format.end(), bytes.begin() + 384));
  CHECK(std::equal(sum.begin(), sum.end(), bytes.begin() + 508));
}

TEST_CASE("meta slot: every field is read back", "[format]") {
  MetaSlot slot = example();
  slot.scale_block = 128;
  slot.scale_type = 1;
  slot.scale_place = 1;
  const auto decoded = decode_slot(encode_slot(slot), 1);
  REQUIRE(decoded);
  CHECK(decoded->version == 1);
  CHECK(decoded->clean);
  CHECK(decoded->mixed);
  CHECK(decoded->uuid == slot.uuid);
  CHECK(decoded->generation == slot.generation);
  CHECK(decoded->committed_epoch == slot.committed_epoch);
  CHECK(decoded->incarnation == slot.incarnation);
  CHECK(decoded->boot_id == slot.boot_id);
  CHECK(decoded->layout == slot.layout);
  CHECK(decoded->level == slot.level);
  CHECK(decoded->rows_in_use == slot.rows_in_use);
  CHECK(decoded->optimizer_id == slot.optimizer_id);
  CHECK(decoded->step_count == slot.step_count);
  CHECK(decoded->journal_chunks == slot.journal_chunks);
  CHECK(decoded->checksum_block_bytes == 65536);
  CHECK(decoded->tag == slot.tag);
  CHECK(decoded->reader_features == 0);
  CHECK(decoded->writer_features == slot.writer_features);
  CHECK(decoded->row_format_id == slot.row_format_id);
  CHECK(decoded->dim == slot.dim);
  CHECK(decoded->scale_block == slot.scale_block);
  CHECK(decoded->scale_type == slot.scale_type);
  CHECK(decoded->scale_place == slot.scale_place);
}

TEST_CASE("meta slot: the flags are independent", "[format]") {
  for (const bool clean : {false, true}) {
    for (const bool mixed : {false, true}) {
      MetaSlot slot = example();
      slot.clean = clean;
      slot.mixed = mixed;
      const auto decoded = decode_slot(encode_slot(slot), 1);
      REQUIRE(decoded);
      CHECK(decoded->clean == clean);
      CHECK(decoded->mixed == mixed);
    }
  }
}

TEST_CASE("meta slot: tags of any bytes, up to 256 of them", "[format]") {
  for (const std::string& tag : {std::string(), std::string("\0 \xff\n", 4), std::string(256, 'x')}) {
    MetaSlot slot = example();
    slot.tag = tag;
    const auto decoded = decode_slot(encode_slot(slot), 1);
    REQUIRE(decoded);
    CHECK(decoded->tag == tag);
    CHECK(decoded->writer_features == slot.writer_features);  // the field behind the tag
  }
}

TEST_CASE("meta slot: a slot with any one bit flipped is refused", "[format]") {
  const auto bytes = encode_slot(example());
  REQUIRE(decode_slot(bytes, 1));
  for (size_t bit = 0; bit < 8 * kSlotBytes; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ 1 << bit % 8);
    CAPTURE(bit);
    REQUIRE_FALSE(decode_slot(damaged, 1));
  }
}

TEST_CASE("meta slot: values that make no sense are refused though the sum is right", "[format]") {
  auto bytes = encode_slot(example());
  SECTION("tag longer than its field") {
    bytes[116] = 1;
    bytes[117] = 1;
  }
  SECTION("unknown level") {
    bytes[76] = 3;
  }
  SECTION("another magic") {
    bytes[7] = '2';
  }
  SECTION("a generation of the other slot") {
    bytes[32] = 6;
  }
  seal(bytes);
  CHECK_FALSE(decode_slot(bytes, 1));
}

TEST_CASE("meta slot: too few bytes, and zeros, are no slot", "[format]") {
  const auto bytes = encode_slot(example());
  CHECK_FALSE(decode_slot(std::span(bytes).first(511), 1));
  CHECK_FALSE(decode_slot({}, 1));
  CHECK_FALSE(decode_slot(std::array<uint8_t, kSlotBytes>{}, 0));
}

TEST_CASE("meta: the slot with the higher generation counts", "[format]") {
  for (const uint64_t even : {uint64_t{4}, uint64_t{6}}) {
    auto slot = current_slot(meta_of(encode_slot(of_generation(even)), encode_slot(of_generation(5))));
    REQUIRE(slot);
    CHECK(slot->generation == std::max<uint64_t>(even, 5));
    CHECK(slot->step_count == 1000 + std::max<uint64_t>(even, 5));
  }
}

TEST_CASE("meta: a new file has slot 0 only", "[format]") {
  auto slot = current_slot(meta_of(encode_slot(of_generation(0)), {}));
  REQUIRE(slot);
  CHECK(slot->generation == 0);
}

TEST_CASE("meta: where one slot is torn, the other counts", "[format]") {
  const auto even = encode_slot(of_generation(6)), odd = encode_slot(of_generation(5));
  for (const size_t kept : {size_t{0}, size_t{8}, size_t{200}, size_t{511}}) {  // bytes that reached the disk
    auto torn = encode_slot(of_generation(4));
    std::copy_n(even.begin(), kept, torn.begin());
    if (kept >= 40) {  // a mix of two generations
      auto slot = current_slot(meta_of(torn, odd));
      REQUIRE(slot);
      CHECK(slot->generation == 5);
    } else {  // nothing of note was written: the former slot is still whole
      REQUIRE(decode_slot(torn, 0));
    }
  }
}

TEST_CASE("meta: neither slot valid is kMetaCorrupt", "[format]") {
  auto slot = current_slot(std::vector<uint8_t>(kMetaBytes));
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kMetaCorrupt);
  // The slots have changed places.
  slot = current_slot(meta_of(encode_slot(of_generation(5)), encode_slot(of_generation(4))));
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kMetaCorrupt);
  slot = current_slot(std::vector<uint8_t>(kMetaBytes - 1));
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kMetaCorrupt);
}

TEST_CASE("meta: a newer version, or a feature that readers must know, is kVersion", "[format]") {
  MetaSlot newer = of_generation(6);
  SECTION("version") {
    newer.version = 2;
  }
  SECTION("feature") {
    newer.reader_features = 4;
  }
  auto slot = current_slot(meta_of(encode_slot(newer), encode_slot(of_generation(5))));
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kVersion);
}

TEST_CASE("meta: a newer version may have moved its fields and is still told by its number", "[format]") {
  MetaSlot newer = of_generation(6);
  newer.version = 2;
  auto bytes = encode_slot(newer);
  bytes[76] = 200;
  bytes[117] = 255;
  seal(bytes);
  auto slot = current_slot(meta_of(bytes, encode_slot(of_generation(5))));
  REQUIRE_FALSE(slot);
  CHECK(slot.error().code == ErrorCode::kVersion);
  CHECK(slot.error().message.find("version 2") != std::string::npos);
}

TEST_CASE("meta: features that only writers must know do not keep readers out", "[format]") {
  MetaSlot slot = of_generation(4);
  slot.writer_features = 0xffffffff;
  CHECK(current_slot(meta_of(encode_slot(slot), {})));
}
