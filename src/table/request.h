#pragma once

#include <windrow/error.h>
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
  // kInvalidArgument: offsets or lengths that break the rule of `Bags`; weights of another length than ids.
  static Result<BagOffsets> from(const Bags& bags);

  size_t bags() const { return count_ - 1; }
  // bags() + 1 entries, from 0 to the number of ids.
  std::span<const int64_t> bounds() const { return {borrowed_ ? borrowed_ : own_data(), count_}; }

 private:
  const int64_t* own_data() const { return heap_.empty() ? inline_.data() : heap_.data(); }

  size_t count_ = 1;
  const int64_t* borrowed_ = nullptr;
  std::array<int64_t, 65> inline_{};
  std::vector<int64_t> heap_;
};

// kOutOfRange when an id other than `padding_id` is outside [0, rows): names its position, and its bag when
// `bounds` is given.
Result<void> check_ids(Ids ids, int64_t rows, std::optional<int64_t> padding_id,
                       std::span<const int64_t> bounds = {});

// Ids of positions [begin, end) that are not padding.
int64_t used_ids(Ids ids, size_t begin, size_t end, std::optional<int64_t> padding_id);

// kInvalidArgument unless `view` has `rows` rows of at least `dim` values; `what` names it in the message.
Result<void> check_rows(const RowsIn& view, size_t rows, int64_t dim, const char* what);
Result<void> check_rows(const RowsOut& view, size_t rows, int64_t dim, const char* what);

}  // namespace windrow
