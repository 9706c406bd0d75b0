#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "example_error.h"
#include "example_numbering.h"

namespace examples::factorize {

struct Interaction {
  int32_t user, item;
  double time;  // 0 where the log has none
};

// A log, its names replaced by numbers.
struct Log {
  Numbering users, items;
  std::vector<Interaction> interactions;  // in the order of the file
  std::string format;                     // as it was detected, for people
  bool has_times = false;
  size_t lines = 0;      // that are interactions
  size_t low = 0;        // of these, below the rating wanted: left out
  size_t malformed = 0;  // left out, too
};

struct LogOptions {
  std::optional<double> min_rating;
  bool lenient = false;  // malformed lines are counted instead of being an error
};

// Reads a log in one pass, in memory for its interactions and different names.
//
// Errors: kNotFound, kIo     the file cannot be read
//         kFormat            a malformed line, which the message names; a first line that has no two fields
//         kInvalidArgument   min_rating for a log without ratings
Result<Log> read_log(const std::string& path, const LogOptions& options);

}  // namespace examples::factorize
