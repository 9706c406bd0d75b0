#pragma once

#include <windrow/error.h>
#include <windrow/lookup.h>
#include <windrow/views.h>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace windrow {

// Checks of a request, shared by lookups and training: everything is validated before any output is written.

// The bags of a request as 64-bit offsets, whichever way they were given. The caller's array is used where it
// has that form; a few bags need no allocation.
class BagOffsets {
 public:
  BagOffsets() {}  // leaves the room for few bags as it is

  // kInvalidArgument: offsets or lengths that break the rule of `Bags`; weights of another length than ids.
  Result<void> read(const Bags& bags);

  size_t bags() const { return count_ - 1; }
  // bags() + 1 entries, from 0 to the number of ids.
  std::span<const int64_t> bounds() const { return {borrowed_ ? borrowed_ : own_data(), count_}; }

 private:
  const int64_t* own_data() const { return heap_.empty() ? inline_.data() : heap_.data(); }
  int64_t* make_room(size_t count);

  size_t count_ = 1;
  const int64_t* borrowed_ = nullptr;
  std::array<int64_t, 65> inline_;
  std::vector<int64_t> heap_;
};

// Which ids of a request are used: those that are not padding, and, where there are bad ids to be skipped,
// those that are rows.
struct IdFilter {
  std::optional<int64_t> padding_id = {};
  int64_t rows = 0;
  bool skips_bad_ids = false;  // some ids are no rows

  bool used(int64_t id) const {
    if (padding_id && id == *padding_id) return false;
    return !skips_bad_ids || is_row(id);
  }
  bool is_row(int64_t id) const { return static_cast<uint64_t>(id) < static_cast<uint64_t>(rows); }
  bool uses_all() const { return !padding_id && !skips_bad_ids; }
  // Used ids of positions [begin, end).
  int64_t count(Ids ids, size_t begin, size_t end) const;
};

struct CheckedIds {
  IdFilter filter;
  int64_t skipped = 0;
};

// Looks at positions [bounds[0], bounds.back()), or at all without bounds. kOutOfRange when an id other than
// padding is outside [0, rows) and such are errors: names its position, and its bag when `bounds` is given.
Result<CheckedIds> check_ids(Ids ids, int64_t rows, std::optional<int64_t> padding_id, BadIds bad_ids,
                             std::span<const int64_t> bounds = {});

// kInvalidArgument unless `view` has `rows` rows of at least `dim` values; `what` names it in the message.
Result<void> check_rows(const RowsIn& view, size_t rows, int64_t dim, const char* what);
Result<void> check_rows(const RowsOut& view, size_t rows, int64_t dim, const char* what);

}  // namespace windrow
