#include "table/request.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/fail.h"

namespace windrow {

namespace {

// The message for the first position at which `bounds` is no valid array of offsets, if there is one.
Result<void> check_offsets(std::span<const int64_t> bounds, int64_t ids) {
  if (bounds[0] != 0) {
    return fail(ErrorCode::kInvalidArgument, "offsets: the first is ", bounds[0], ", and must be 0");
  }
  for (size_t b = 0; b + 1 < bounds.size(); ++b) {
    if (bounds[b + 1] < bounds[b]) {
      return fail(ErrorCode::kInvalidArgument, "offsets: bag ", b, " would end at ", bounds[b + 1],
                  ", before its start at ", bounds[b]);
    }
  }
  if (bounds.back() != ids) {
    return fail(ErrorCode::kInvalidArgument, "offsets: the last is ", bounds.back(), ", but there are ", ids,
                " ids; it must be their number");
  }
  return {};
}

// One pass without branches, which the compiler turns into vector code: an id or what is left up to the last
// row is negative where the id is no row. Unsigned, since the difference may wrap where the id is negative.
template <class Id>
bool all_in_range(const Id* ids, size_t count, int64_t rows) {
  using Bits = std::make_unsigned_t<Id>;
  const auto last = static_cast<Bits>(std::min<int64_t>(rows - 1, std::numeric_limits<Id>::max()));
  Bits outside = 0;
  for (size_t i = 0; i < count; ++i)
    outside |= static_cast<Bits>(ids[i]) | (last - static_cast<Bits>(ids[i]));
  return static_cast<Id>(outside) >= 0;
}

bool all_in_range(Ids ids, size_t begin, size_t end, int64_t rows) {
  if (ids.type == IdType::kI32)
    return all_in_range(static_cast<const int32_t*>(ids.data) + begin, end - begin, rows);
  return all_in_range(static_cast<const int64_t*>(ids.data) + begin, end - begin, rows);
}

template <class View>
Result<void> check_view(const View& view, size_t rows, int64_t dim, const char* what) {
  if (view.rows != rows) {
    return fail(ErrorCode::kInvalidArgument, what, ": holds ", view.rows, " rows, and must hold ", rows);
  }
  if (rows > 0 && view.row_stride < static_cast<size_t>(dim)) {
    return fail(ErrorCode::kInvalidArgument, what, ": a row stride of ", view.row_stride,
                " values is less than the table's dim of ", dim);
  }
  if (rows > 0 && view.data == nullptr) return fail(ErrorCode::kInvalidArgument, what, ": no memory given");
  if (view.type > ValueType::kBf16) {
    return fail(ErrorCode::kInvalidArgument, what, ": value type number ", static_cast<int>(view.type),
                " is unknown");
  }
  if (rows > 0 && view.row_stride > static_cast<size_t>(std::numeric_limits<int64_t>::max() / 4) / rows) {
    return fail(ErrorCode::kInvalidArgument, what, ": ", rows, " rows of ", view.row_stride,
                " values are more than memory can hold");
  }
  return {};
}

}  // namespace

int64_t* BagOffsets::make_room(size_t count) {
  count_ = count;
  if (count <= inline_.size()) return inline_.data();
  heap_.resize(count);
  return heap_.data();
}

Result<void> BagOffsets::read(const Bags& bags) {
  const auto ids = static_cast<int64_t>(bags.ids.count);
  if (!bags.weights.empty() && bags.weights.size() != bags.ids.count) {
    return fail(ErrorCode::kInvalidArgument, "weights: ", bags.weights.size(), " given for ", ids,
                " ids; give one for each, or none");
  }
  if (bags.offsets.count > 0 && bags.lengths.count > 0) {
    return fail(ErrorCode::kInvalidArgument, "give either offsets or lengths of bags, not both");
  }
  const bool by_offsets = bags.offsets.count > 0;
  const Ids& given = by_offsets ? bags.offsets : bags.lengths;
  if (given.count > 0 && given.data == nullptr) {
    return fail(ErrorCode::kInvalidArgument, by_offsets ? "offsets: " : "lengths: ", given.count,
                " are announced, but no memory is given");
  }
  if (by_offsets && given.type == IdType::kI64) {
    count_ = given.count;
    borrowed_ = static_cast<const int64_t*>(given.data);
    return check_offsets(bounds(), ids);
  }
  if (by_offsets) {
    int64_t* own = make_room(given.count);
    for (size_t b = 0; b < given.count; ++b) own[b] = given[b];
    return check_offsets(bounds(), ids);
  }
  int64_t* own = make_room(given.count + 1);
  own[0] = 0;
  for (size_t b = 0; b < given.count; ++b) {
    const int64_t length = given[b];
    if (length < 0 || length > ids - own[b]) {
      return fail(ErrorCode::kInvalidArgument, "lengths: bag ", b, " has length ", length, ", but ",
                  ids - own[b], " of ", ids, " ids are left for it");
    }
    own[b + 1] = own[b] + length;
  }
  if (own[given.count] != ids) {
    return fail(ErrorCode::kInvalidArgument, "lengths: they sum to ", own[given.count], ", but there are ",
                ids, " ids");
  }
  return {};
}

Result<CheckedIds> check_ids(Ids ids, int64_t rows, std::optional<int64_t> padding_id, BadIds bad_ids,
                             std::span<const int64_t> bounds) {
  CheckedIds checked;
  checked.filter.padding_id = padding_id;
  checked.filter.rows = rows;
  const size_t begin = bounds.empty() ? 0 : static_cast<size_t>(bounds.front());
  const size_t end = bounds.empty() ? ids.count : static_cast<size_t>(bounds.back());
  if (end > begin && ids.data == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "ids: ", end - begin, " are announced, but no memory is given");
  }
  if (all_in_range(ids, begin, end, rows)) return checked;
  for (size_t i = begin; i < end; ++i) {
    const int64_t id = ids[i];
    if (checked.filter.is_row(id) || (padding_id && id == *padding_id)) continue;
    ++checked.skipped;
    if (bad_ids == BadIds::kSkip) continue;
    std::string bag;
    if (bounds.size() > 1) {
      const auto next = std::upper_bound(bounds.begin(), bounds.end(), static_cast<int64_t>(i));
      bag = concat(" (bag ", static_cast<int64_t>(next - bounds.begin()) - 1, ")");
    }
    return fail(ErrorCode::kOutOfRange, "id ", id, " at position ", i - begin, bag,
                " is no row: the table has ", rows > 0 ? concat(rows, " rows, 0 to ", rows - 1) : "none");
  }
  checked.filter.skips_bad_ids = checked.skipped > 0;
  return checked;
}

namespace {

template <class Id>
int64_t count_used(const IdFilter& filter, const Id* ids, size_t count) {
  int64_t unused = 0;
  if (!filter.skips_bad_ids) {  // a loop that the compiler turns into vector code
    const int64_t padding_id = *filter.padding_id;
    for (size_t i = 0; i < count; ++i) unused += ids[i] == padding_id;
  } else {
    for (size_t i = 0; i < count; ++i) unused += !filter.used(ids[i]);
  }
  return static_cast<int64_t>(count) - unused;
}

}  // namespace

int64_t IdFilter::count(Ids ids, size_t begin, size_t end) const {
  if (uses_all() || begin == end) return static_cast<int64_t>(end - begin);
  if (ids.type == IdType::kI32)
    return count_used(*this, static_cast<const int32_t*>(ids.data) + begin, end - begin);
  return count_used(*this, static_cast<const int64_t*>(ids.data) + begin, end - begin);
}

Result<void> check_rows(const RowsIn& view, size_t rows, int64_t dim, const char* what) {
  return check_view(view, rows, dim, what);
}
Result<void> check_rows(const RowsOut& view, size_t rows, int64_t dim, const char* what) {
  return check_view(view, rows, dim, what);
}

}  // namespace windrow
