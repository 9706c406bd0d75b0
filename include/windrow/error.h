#pragma once

#include <string>
#include <tl/expected.hpp>

namespace windrow {

// Codes are for programs and are never renumbered; messages are for people.
enum class ErrorCode : int {
  kInvalidArgument = 1,   // a request that contradicts itself: wrong lengths, shapes, options
  kOutOfRange = 2,        // an id outside [0, rows); the message gives its position and value
  kNotFound = 3,          // no such file, tensor or token
  kIo = 4,                // the system refused or failed: the message names file and reason
  kFormat = 5,            // a file is not what it claims to be; the message names file and byte
  kUnsupported = 6,       // a valid file or request that this version cannot serve
  kVersion = 7,           // a file needs a newer Windrow
  kBusy = 8,              // another trainer holds the table
  kUnclean = 9,           // a trainer lives, or died, without closing the table
  kMetaCorrupt = 10,      // neither slot of `_meta` is valid
  kJournalMissing = 11,   // a trainer died with the table, and its journal is not beside it
  kJournalMismatch = 12,  // the journal beside the table is not that of its last trainer
  kJournalCorrupt = 13,   // the journal is damaged
  kJournalFull = 14,      // the journal can take no more rows: a checkpoint empties it
  kPoisoned = 15,         // an earlier sync failed; open the table again
  kNoState = 16,          // the table holds no state for this optimiser
  kNoMemory = 17,         // an allocation failed
  kNoSpace = 18,          // the file system is full, or a quota was reached
  kWrongBase = 19,        // a delta is for another state of the table
};

struct Error {
  ErrorCode code;
  std::string message;  // what was wrong, where (file, byte, row, position), and what to do
};

// Either a value or an Error. Test it before use: `if (!result) return result.error();`
template <class T>
using Result = tl::expected<T, Error>;

}  // namespace windrow
