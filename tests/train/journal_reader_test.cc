#include "train/journal_reader.h"

#include <algorithm>
#include <numeric>

#include "base/bytes.h"
#include "support/catch.h"
#include "support/simulated_files.h"

using namespace windrow;

namespace {

constexpr const char* kTable = "folder/t";
constexpr uint32_t kImageBytes = 24;
constexpr uint64_t kEpoch = 5;
constexpr int64_t kTableRows = 100;

JournalHeader life() { return {.number = 1, .incarnation = 77, .layout = 88, .image_bytes = kImageBytes}; }

// A journal of an epoch, of these chunks of rows; each is synced, or none.
std::vector<uint8_t> written(const std::vector<std::vector<int64_t>>& chunks, bool synced) {
  SimulatedFiles files(1);
  files.put(kTable, {});
  auto journal = Journal::create(files, kTable, life(), {.first_bytes = 8192, .piece_bytes = 4096}, synced);
  REQUIRE(journal);
  journal->begin(kEpoch);
  for (const auto& rows : chunks) {
    uint8_t* to = journal->room_for(rows.size()).data();
    for (const int64_t row : rows) {
      store(to, row);
      std::fill_n(to + 8, kImageBytes, static_cast<uint8_t>(row));
      to += 8 + kImageBytes;
    }
    REQUIRE(journal->append(rows.size()));
    if (synced) REQUIRE(journal->sync());
  }
  return files.get(journal_path(kTable, kEpoch));
}

// A journal of these bytes, as it is read.
struct Read {
  SimulatedFiles files{1};
  std::unique_ptr<io::File> file;

  explicit Read(std::span<const uint8_t> bytes) {
    files.put("journal", bytes);
    auto opened = files.open("journal", io::Access::kRead);
    REQUIRE(opened);
    file = std::move(*opened);
  }
  Result<std::vector<ChunkPlace>> find(const JournalHeader& of = life(), int64_t table_rows = kTableRows,
                                       bool synced = true) const {
    return find_chunks(*file, of, kEpoch, table_rows, synced);
  }
};

const std::vector<std::vector<int64_t>> kThree = {{1}, {2, 99}, {3}};

}  // namespace

TEST_CASE("journal reader: chunks are found, and what they hold comes back last row first", "[train]") {
  const Read journal(written(kThree, true));
  const auto found = journal.find();
  REQUIRE(found);
  REQUIRE(found->size() == 3);
  CHECK(*first_epoch(*journal.file, life()) == kEpoch);
  std::vector<int64_t> rows;
  REQUIRE(read_backwards(*journal.file, life(), *found, [&](int64_t row, std::span<const uint8_t> image) {
    CHECK(image.size() == kImageBytes);
    CHECK(std::count(image.begin(), image.end(), static_cast<uint8_t>(row)) == kImageBytes);
    rows.push_back(row);
    return Result<void>();
  }));
  CHECK(rows == std::vector<int64_t>{3, 99, 2, 1});
}

TEST_CASE("journal reader: a chunk of rows that the table does not have is none", "[train]") {
  CHECK(Read(written(kThree, false)).find(life(), 99)->size() == 1);
  // But what was synced before the chunk behind it was written is no end of a journal.
  CHECK(Read(written(kThree, true)).find(life(), 99).error().code == ErrorCode::kJournalCorrupt);
}

TEST_CASE("journal reader: a chunk at another's place is none", "[train]") {
  auto bytes = written(kThree, false);
  const auto page = [&](uint64_t number) { return bytes.begin() + static_cast<std::ptrdiff_t>(number * kJournalPage); };
  std::copy(page(3), page(4), page(2));
  CHECK(Read(bytes).find()->size() == 1);
}

TEST_CASE("journal reader: where chunks are not synced one behind the end is damage", "[train]") {
  auto bytes = written(kThree, false);
  CHECK(Read(bytes).find(life(), kTableRows, false)->size() == 3);
  bytes[2 * kJournalPage + 100] ^= 1;
  // A loss of power may leave the third without the second; the end of a process does not.
  CHECK(Read(bytes).find(life(), kTableRows, true)->size() == 1);
  CHECK(Read(bytes).find(life(), kTableRows, false).error().code == ErrorCode::kJournalCorrupt);
  // The last one may be cut off.
  auto cut = written(kThree, false);
  cut[3 * kJournalPage + 80] ^= 1;
  CHECK(Read(cut).find(life(), kTableRows, false)->size() == 2);
}

TEST_CASE("journal reader: chunks of another life, or of other rows, are none", "[train]") {
  const Read journal(written(kThree, true));
  JournalHeader other = life();
  other.incarnation += 1;
  CHECK(journal.find(other)->empty());
  CHECK(*first_epoch(*journal.file, other) == 0);
  other = life();
  other.image_bytes += 8;
  CHECK(journal.find(other)->empty());
  other = life();
  other.uuid[3] = 1;
  CHECK(journal.find(other).error().code == ErrorCode::kJournalCorrupt);  // their headers stand there
}

TEST_CASE("journal reader: a file that is cut off has the chunks before", "[train]") {
  const auto bytes = written(kThree, false);
  for (size_t size = 4 * kJournalPage - 1; size >= kJournalPage; size -= size % kJournalPage == 10 ? 10 : 1) {
    if (size % kJournalPage > 10 && size % 251 != 0) continue;
    const Read journal(std::span<const uint8_t>(bytes).first(size));
    const auto found = journal.find();
    REQUIRE(found);
    CHECK(found->size() <= size / kJournalPage);
    CHECK(found->size() + 1 >= size / kJournalPage);
  }
}

TEST_CASE("journal reader: a chunk that changes while it is in use is told", "[train]") {
  const Read journal(written(kThree, true));
  auto chunks = *journal.find();
  const auto take = [](int64_t, std::span<const uint8_t>) { return Result<void>(); };
  const auto refused = [&] { return read_backwards(*journal.file, life(), chunks, take).error().code; };
  chunks[1].header.seq += 1;
  CHECK(refused() == ErrorCode::kJournalCorrupt);
  chunks[1].header.seq -= 1;
  chunks[1].header.epoch += 2;
  CHECK(refused() == ErrorCode::kJournalCorrupt);
  chunks[1].offset += 512;
  CHECK(refused() == ErrorCode::kJournalCorrupt);
}
