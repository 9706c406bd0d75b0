#pragma once

#include <windrow/error.h>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "io/file.h"

namespace windrow {

// Counters by which readers tell whether a row has changed while they read it, a seqlock for each of 65,536 sets of
// rows (H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012). They lie in a file
// beside the table, so that readers may be in other processes: FORMAT.md, "Row counters". The file stays when the
// trainer goes, since readers may have it mapped; whoever trains the table next goes on with it.
//
// The low byte of a counter is how many writers are changing rows of its set, the rest how many changes have ended.
class RowCounters {
 public:
  static constexpr uint64_t kCounters = 65536;

  RowCounters() = default;

  // For a trainer, which holds the table's lock: those beside the table, or new ones where `create` says so. Nothing when
  // there are none. A file that is of another table, or damaged, is made anew.
  static Result<std::optional<RowCounters>> take(io::FileSystem& system, const std::string& table_path,
                                                 const std::array<uint8_t, 16>& uuid, bool create);
  // For a reader. Nothing when there are none of this table.
  static Result<std::optional<RowCounters>> find(io::FileSystem& system, const std::string& table_path,
                                                 const std::array<uint8_t, 16>& uuid);

  // Around every change of a row; rows of one set may be changed by several threads at a time, up to 255.
  void begin_change(int64_t row) const noexcept;
  void end_change(int64_t row) const noexcept;

  // Ends the changes in the middle of which a writer was killed. Not before the rows are put right, and while nobody else
  // changes any: until then readers take those rows for what they are, torn.
  void end_all_changes() const noexcept;

  // Before a row is read, and behind: it was read whole if nobody was changing it and the two are the same.
  uint32_t before_read(int64_t row) const noexcept;
  uint32_t behind_read(int64_t row) const noexcept;
  static bool is_changing(uint32_t counter) { return (counter & 0xff) != 0; }

 private:
  explicit RowCounters(io::Mapping mapping);
  uint32_t& counter_of(int64_t row) const;

  io::Mapping mapping_;
  uint32_t* counters_ = nullptr;
};

// "NAME-seq".
std::string counters_path(const std::string& table_path);

}  // namespace windrow
