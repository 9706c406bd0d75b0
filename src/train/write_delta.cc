#include <algorithm>
#include <cstring>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "delta/delta_writer.h"
#include "delta/row_tokens.h"
#include "format/checksum.h"
#include "table/optimizer_state.h"
#include "table/row_images.h"
#include "table/vocabulary_format.h"
#include "train/quiet_table.h"
#include "windrow/delta.h"

namespace windrow {

namespace {

constexpr size_t kBytesAtOnce = size_t{4} << 20;

// What must be the same in both tables, byte for byte: tokens and the like.
bool stands_beside_rows(const std::string& name) {
  return is_checksummed(name) && name != "weight" && !name.starts_with(kStatePrefix);
}

// Reads a range of two files side by side, in parts.
template <class Take>
Result<void> read_both(const TableFile& a, uint64_t a_begin, const TableFile& b, uint64_t b_begin,
                       uint64_t bytes, uint64_t part_bytes, const Take& take) {
  std::vector<uint8_t> left(std::min(part_bytes, bytes)), right(left.size());
  for (uint64_t at = 0; at < bytes; at += left.size()) {
    const auto part = static_cast<size_t>(std::min<uint64_t>(left.size(), bytes - at));
    if (auto read = a.file->read(a_begin + at, std::span(left).first(part)); !read) return read;
    if (auto read = b.file->read(b_begin + at, std::span(right).first(part)); !read) return read;
    if (auto taken =
            take(at, std::span<const uint8_t>(left).first(part), std::span<const uint8_t>(right).first(part));
        !taken) {
      return taken;
    }
  }
  return {};
}

class Comparison {
 public:
  Comparison(const TableFile& before, const TableFile& after, RowImages images,
             const RewriteProgress& progress)
      : before_(before), after_(after), images_(std::move(images)), progress_(progress) {}

  Result<std::vector<int64_t>> changed_rows(bool with_state) {
    const size_t parts = with_state ? images_.parts().size() : 1;
    for (size_t p = 0; p < parts; ++p)
      total_ += static_cast<uint64_t>(before_.rows) * images_.parts()[p].stride;
    differs_.resize(static_cast<size_t>(before_.rows));
    for (size_t p = 0; p < parts; ++p) {
      if (auto compared = compare_part(p); !compared) return pass(compared);
    }
    std::vector<int64_t> rows;
    for (size_t r = 0; r < differs_.size(); ++r) {
      if (differs_[r]) rows.push_back(static_cast<int64_t>(r));
    }
    return rows;
  }

  // The tensors beside rows and state.
  Result<void> check_others() const {
    for (const TableFile* side : {&before_, &after_}) {
      const TableFile& other = side == &before_ ? after_ : before_;
      for (const auto& tensor : side->header.tensors) {
        if (!stands_beside_rows(tensor.name)) continue;
        const auto* twin = other.header.find(tensor.name);
        if (!twin || twin->dtype != tensor.dtype || twin->shape != tensor.shape)
          return other_differs(tensor.name);
        const uint64_t bytes = side == &before_ ? tensor.end - tensor.begin : 0;  // once is enough
        auto same = read_both(*side, tensor.begin, other, twin->begin, bytes, kBytesAtOnce,
                              [&](uint64_t, auto left, auto right) -> Result<void> {
                                if (std::equal(left.begin(), left.end(), right.begin())) return {};
                                return other_differs(tensor.name);
                              });
        if (!same) return same;
      }
    }
    return {};
  }

 private:
  tl::unexpected<Error> other_differs(const std::string& name) const {
    return fail(ErrorCode::kInvalidArgument, after_.path(), ": its tensor \"", name, "\" is not that of ",
                before_.path(), "; a delta has rows only: publish the new table as a whole");
  }

  Result<void> compare_part(size_t p) {
    const auto& part = images_.parts()[p];
    const uint64_t at_once = std::max<uint64_t>(1, kBytesAtOnce / part.stride) * part.stride;
    const auto* twin = after_.header.find(part.name);
    return read_both(
        before_, part.begin, after_, twin->begin, static_cast<uint64_t>(before_.rows) * part.stride, at_once,
        [&](uint64_t at, auto left, auto right) -> Result<void> {
          done_ += left.size();
          if (progress_ && !progress_(done_, total_))
            return fail(ErrorCode::kIo, after_.path(), ": stopped as asked; no delta was written");
          if (std::memcmp(left.data(), right.data(), left.size()) == 0) return {};
          for (size_t r = 0; r < left.size(); r += part.stride) {
            if (std::memcmp(left.data() + r, right.data() + r, part.bytes) != 0)
              differs_[static_cast<size_t>((at + r) / part.stride)] = true;
          }
          return {};
        });
  }

  const TableFile &before_, &after_;
  RowImages images_;  // of the table before
  const RewriteProgress& progress_;
  uint64_t done_ = 0, total_ = 0;
  std::vector<bool> differs_;
};

Result<void> check_fit(const TableFile& before, const TableFile& after, bool with_state) {
  const auto misfit = [&](const auto&... why) {
    return fail(ErrorCode::kInvalidArgument, after.path(), ": no delta leads here from ", before.path(), ": ",
                why...);
  };
  for (const TableFile* table : {&before, &after}) {
    if (table->slot->content != 0) continue;
    return fail(
        ErrorCode::kUnsupported, table->path(),
        ": the table is from a Windrow without deltas: its content has no number before a checkpoint");
  }
  if (before.rows != after.rows) return misfit("they have ", before.rows, " and ", after.rows, " rows");
  const auto same_parts = [&](bool state) {
    const auto left = delta_parts(before, 1, state), right = delta_parts(after, 1, state);
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& a, const auto& b) {
      return a.name == b.name && a.dtype == b.dtype && a.shape == b.shape;
    });
  };
  const MetaSlot &left = *before.slot, &right = *after.slot;
  if (!same_parts(false) || left.dim != right.dim || left.row_format_id != right.row_format_id ||
      left.scale_block != right.scale_block || left.scale_type != right.scale_type ||
      before.format.stride_bytes != after.format.stride_bytes) {
    return misfit("their rows have different formats");
  }
  if (with_state && (!same_parts(true) || left.optimizer_id != right.optimizer_id))
    return misfit("they have the state of different optimisers; without state it is possible");
  return {};
}

Result<DeltaReport> compare(io::FileSystem& system, const TableFile& before, const TableFile& after,
                            const std::string& path, const DeltaOptions& options,
                            const RewriteProgress& progress) {
  auto images = RowImages::of(before);
  if (!images) return pass(images);
  auto places = RowImages::of(after);
  if (!places) return pass(places);
  if (auto fit = check_fit(before, after, options.state); !fit) return pass(fit);
  Comparison comparison(before, after, *images, progress);
  if (auto others = comparison.check_others(); !others) return pass(others);
  const auto rows = comparison.changed_rows(options.state);
  if (!rows) return tl::make_unexpected(rows.error());
  if (!rows->empty() && before.slot->content == after.slot->content) {
    return fail(
        ErrorCode::kInvalidArgument, after.path(), ": row ", rows->front(), " is not that of ", before.path(),
        ", although both say that they hold the same; `windrow verify` finds out which one is damaged");
  }
  NewDelta delta{.base = *before.slot,
                 .target = *after.slot,
                 .parts = delta_parts(after, rows->size(), options.state),
                 .rows = *rows};
  const auto mapping = after.file->map();
  if (!mapping) return tl::make_unexpected(mapping.error());
  if (auto whole = check_length(after, *mapping); !whole) return pass(whole);
  std::vector<std::string_view> tokens;
  if (options.tokens) {
    const auto vocabulary = VocabularyReader::read(after.header, *mapping, after.rows, after.path());
    if (!vocabulary) return tl::make_unexpected(vocabulary.error());
    auto found = tokens_of_rows(*vocabulary, *rows, after.path());
    if (!found) return tl::make_unexpected(found.error());
    tokens = std::move(*found);
    delta.tokens = tokens;
  }
  const FillRows fill = [&](size_t part, size_t first, std::span<uint8_t> bytes) -> Result<void> {
    const auto& of = places->parts()[part];
    for (size_t i = first; !bytes.empty(); ++i, bytes = bytes.subspan(of.bytes)) {
      if (auto read = after.file->read(of.at((*rows)[i]), bytes.first(of.bytes)); !read) return read;
    }
    return {};
  };
  auto file = write_delta_file(system, path, after.path(), delta, fill);
  if (!file) return pass(file);
  for (const TableFile* table : {&before, &after}) {
    if (auto quiet = check_quiet(*table); !quiet) return pass(quiet);
  }
  const DeltaReport report{static_cast<int64_t>(rows->size()), file->position()};
  if (auto committed = file->commit(); !committed) return pass(committed);
  return report;
}

}  // namespace

Result<DeltaReport> write_delta(const std::string& old_path, const std::string& new_path,
                                const std::string& delta_path, const DeltaOptions& options,
                                const RewriteProgress& progress) {
  return guard([&]() -> Result<DeltaReport> {
    auto& system = io::posix();
    for (const auto& table : {old_path, new_path}) {
      if (system.resolve(table) != system.resolve(delta_path)) continue;
      return fail(ErrorCode::kInvalidArgument, delta_path, ": the delta would take the place of a table");
    }
    const auto before = open_quiet(system, old_path);
    if (!before) return tl::make_unexpected(before.error());
    const auto after = open_quiet(system, new_path);
    if (!after) return tl::make_unexpected(after.error());
    return compare(system, *before, *after, delta_path, options, progress);
  });
}

}  // namespace windrow
