#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "io/file.h"
#include "train/journal.h"

namespace windrow {

// The chunks of an epoch in a journal: its longest prefix of chunks that are whole, follow each other, and name rows of
// the table only. A trainer that dies leaves at most one behind it that is cut off.
// Errors: kJournalCorrupt  behind the prefix is a chunk that was written when chunks before it were there already, on the
//                          disk or, if the journal is not `synced`, in the file: no crash leaves that, but damage does
//         kIo
Result<std::vector<ChunkPlace>> find_chunks(const io::File& journal, const JournalHeader& of, uint64_t epoch,
                                            int64_t table_rows, bool synced);

// The epoch of the chunk at the front, if it is whole and of this life of the table; 0 if there is none.
Result<uint64_t> first_epoch(const io::File& journal, const JournalHeader& of);

using TakeImage = std::function<Result<void>(int64_t row, std::span<const uint8_t> image)>;

// Hands on what the chunks hold, from the last row to the first: of a row that stands there twice, the oldest image is
// the last. kJournalCorrupt: a chunk is no longer what it was when it was found; kIo; and those of `take`.
Result<void> read_backwards(const io::File& journal, const JournalHeader& of,
                            std::span<const ChunkPlace> chunks, const TakeImage& take);

}  // namespace windrow
