// The input is a whole journal beside a table of 3000 rows. Whatever is found in it is whole, in order, and of the table.

#include "format/undo_journal.h"

#include "fuzz/require.h"
#include "support/simulated_files.h"
#include "train/journal_reader.h"

using namespace windrow;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kRows = 3000;
  if (size > 500'000) return 0;
  SimulatedFiles files(1);
  files.put("journal", {data, size});
  const auto file = files.open("journal", io::Access::kRead);
  WINDROW_REQUIRE(file.has_value());
  // As the journal says itself, or else of some life.
  JournalHeader of{.incarnation = 7, .image_bytes = 8};
  if (const auto header = decode_journal_header({data, size})) of = *header;
  const auto first = first_epoch(**file, of);
  WINDROW_REQUIRE(first.has_value());
  for (const uint64_t epoch : {*first, uint64_t{1}, uint64_t{2}}) {
    for (const bool synced : {true, false}) {
      const auto chunks = find_chunks(**file, of, epoch, kRows, synced);
      if (!chunks) {
        WINDROW_REQUIRE(chunks.error().code == ErrorCode::kJournalCorrupt);
        continue;
      }
      uint64_t rows = 0, given = 0;
      for (const ChunkPlace& chunk : *chunks) {
        WINDROW_REQUIRE(chunk.offset + chunk.header.bytes() <= size && chunk.offset % kJournalPage == 0);
        rows += chunk.header.rows;
      }
      const auto read = read_backwards(**file, of, *chunks, [&](int64_t row, std::span<const uint8_t> image) -> Result<void> {
        WINDROW_REQUIRE(row >= 0 && row < kRows && image.size() == of.image_bytes);
        ++given;
        return {};
      });
      WINDROW_REQUIRE(read.has_value() && given == rows);
    }
  }
  return 0;
}
