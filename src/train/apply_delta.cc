#include "train/apply_delta.h"

#include <algorithm>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "delta/delta_file.h"
#include "delta/row_tokens.h"
#include "format/text.h"
#include "table/optimizer_state.h"
#include "table/replacement.h"
#include "table/vocabulary_format.h"
#include "train/copy_table.h"
#include "train/incarnation.h"
#include "train/locked_table.h"
#include "train/quiet_table.h"
#include "train/row_patcher.h"
#include "train/undo.h"

namespace windrow {

namespace {

constexpr size_t kBytesAtOnce = size_t{1} << 20;

// What the table's slot says when the delta is applied.
MetaSlot slot_behind(const TableFile& table, const DeltaFile& delta) {
  MetaSlot slot = *table.slot;
  const MetaSlot& target = delta.target();
  ++slot.generation;
  slot.clean = true;
  slot.mixed = slot.mixed || target.mixed;
  slot.journal_chunks = 0;
  slot.tag = target.tag;
  slot.content = target.content;
  if (slot.optimizer_id != kNoOptimizer && slot.optimizer_id == target.optimizer_id)
    slot.step_count = target.step_count;
  return slot;
}

bool is_applied(const TableFile& table, const DeltaFile& delta) {
  const MetaSlot &now = *table.slot, &target = delta.target();
  if (now.content != target.content) return false;
  // A checkpoint without changes leads from a content to itself, with another tag, or step count, or none.
  const MetaSlot behind = slot_behind(table, delta);
  return delta.base().content != target.content ||
         (now.tag == behind.tag && now.step_count == behind.step_count);
}

Result<void> check_base(const TableFile& table, const DeltaFile& delta) {
  if (table.slot->content == delta.base().content) return {};
  const auto tagged = [](const MetaSlot& slot) {
    return slot.tag.empty() ? std::string() : concat(" (tag ", in_quotes(slot.tag), ")");
  };
  return fail(ErrorCode::kWrongBase, delta.path(), ": the delta leads from generation ",
              delta.base().generation, tagged(delta.base()), " of its table to generation ",
              delta.target().generation, tagged(delta.target()), ", and ", table.path(), tagged(*table.slot),
              " is neither: apply those before it first, or make one by `windrow delta` from the two tables");
}

Result<void> check_fits(const TableFile& table, const DeltaFile& delta, const RowImages& images) {
  const auto misfit = [&](const auto&... why) {
    return fail(ErrorCode::kInvalidArgument, delta.path(), ": the delta does not fit ", table.path(), ": ",
                why...);
  };
  const MetaSlot &now = *table.slot, &target = delta.target();
  if (target.rows_in_use != static_cast<uint64_t>(table.rows))
    return misfit("it is for ", target.rows_in_use, " rows, and the table has ", table.rows);
  if (target.row_format_id != now.row_format_id || target.dim != now.dim ||
      target.scale_block != now.scale_block || target.scale_type != now.scale_type ||
      target.scale_place != now.scale_place) {
    return misfit("rows of another format or dim");
  }
  const auto kept = images.parts();
  if (kept.size() > 1 && !delta.has_state()) {
    return misfit(
        "the table has an optimiser's state, and the delta has none, so that rows and state would no longer "
        "belong together; make the delta with state, or strip() the table");
  }
  if (kept.size() > 1 && (now.optimizer_id != target.optimizer_id || kept.size() != delta.parts().size()))
    return misfit("the state of another optimiser");
  for (size_t p = 0; p < kept.size(); ++p) {
    const auto& part = delta.parts()[p];
    if (part.tensor->name != kept[p].name || (!delta.rows().empty() && part.row_bytes != kept[p].bytes))
      return misfit("rows of \"", kept[p].name, "\" have ", kept[p].bytes, " bytes, and \"",
                    part.tensor->name, "\" has ", part.row_bytes);
  }
  return {};
}

// `mapping` is that of the table's file.
Result<void> check_tokens(const TableFile& table, const io::Mapping& mapping, const DeltaFile& delta) {
  if (!delta.has_tokens()) return {};
  const auto vocabulary = VocabularyReader::read(table.header, mapping, table.rows, table.path());
  if (!vocabulary) return tl::make_unexpected(vocabulary.error());
  const auto own = tokens_of_rows(*vocabulary, delta.rows(), table.path());
  if (!own) return tl::make_unexpected(own.error());
  const auto theirs = delta.read_tokens();
  if (!theirs) return tl::make_unexpected(theirs.error());
  const auto [mine, other] = std::mismatch(own->begin(), own->end(), theirs->tokens.begin());
  if (mine == own->end()) return {};
  return fail(ErrorCode::kWrongBase, delta.path(), ": row ",
              delta.rows()[static_cast<size_t>(mine - own->begin())], " has the token ", in_quotes(*other),
              " in the delta, and ", in_quotes(*mine), " in ", table.path());
}

// Everything that can be wrong is found here, before anything changes.
Result<void> check(const TableFile& table, const io::Mapping& mapping, const DeltaFile& delta,
                   const RowImages& images) {
  if (auto base = check_base(table, delta); !base) return base;
  if (auto fits = check_fits(table, delta, images); !fits) return fits;
  if (auto whole = delta.verify(); !whole) return whole;
  return check_tokens(table, mapping, delta);
}

// Writes the delta's rows, and the checksums of the blocks they lie in, into a file that is laid out as the table.
Result<void> patch(io::File& file, const TableFile& table, const RowImages& images, const DeltaFile& delta,
                   const RowCounters* counters = nullptr) {
  RowPatcher patcher(file, table, images, counters);
  const size_t rows = delta.rows().size(), at_once = std::max<size_t>(1, kBytesAtOnce / images.bytes());
  std::vector<std::vector<uint8_t>> parts(images.parts().size());
  std::vector<uint8_t> image(images.bytes());
  for (size_t first = 0; first < rows; first += at_once) {
    const size_t count = std::min(at_once, rows - first);
    for (size_t p = 0; p < parts.size(); ++p) {
      parts[p].resize(count * images.parts()[p].bytes);
      if (auto read = delta.read(p, first, parts[p]); !read) return read;
    }
    for (size_t i = 0; i < count; ++i) {
      auto to = image.begin();
      for (size_t p = 0; p < parts.size(); ++p) {
        const size_t bytes = images.parts()[p].bytes;
        to = std::copy_n(parts[p].begin() + static_cast<std::ptrdiff_t>(i * bytes), bytes, to);
      }
      if (auto patched = patcher.patch(delta.rows()[first + i], image); !patched) return patched;
    }
  }
  return patcher.refresh_checksums();
}

ApplyReport report_of(const MetaSlot& slot, size_t rows, bool was_applied) {
  return {static_cast<int64_t>(rows),
          was_applied,
          {slot.generation, slot.tag, static_cast<int64_t>(slot.step_count)}};
}

// Journals that hold the delta's rows and not much more.
JournalSizes journal_sizes(const DeltaFile& delta, const RowImages& images) {
  JournalSizes sizes;
  const uint64_t bytes = delta.rows().size() * (8 + images.bytes());
  sizes.first_bytes = 2 * kJournalPage;
  sizes.piece_bytes = std::min(sizes.piece_bytes, bytes + bytes / 64 + 2 * kJournalPage);
  return sizes;
}

// All rows go into a journal, are synced once, and then changed: what a trainer does in a step and close().
Result<void> change(io::FileSystem& system, TableFile& table, const io::Mapping& mapping,
                    const RowImages& images, const DeltaFile& delta) {
  const Incarnation life{.number = system.random64(),
                         .durability = Durability::kPower,
                         .epoch = table.slot->committed_epoch + 1,
                         .image_bytes = static_cast<uint32_t>(images.bytes()),
                         .sizes = journal_sizes(delta, images)};
  // Whoever wrote the present slot may have been killed before it was on the disk: see open_trainer().
  if (auto settled = write_slot(table, MetaSlot(*table.slot)); !settled) return settled;
  const auto counters = RowCounters::take(system, table.path(), table.slot->uuid, false);
  if (!counters) return tl::make_unexpected(counters.error());
  if (*counters) (*counters)->end_all_changes();
  auto log = make_journals(system, table, life);
  if (!log) return pass(log);
  if (auto marked = mark_unclean(system, table, life, table.slot->optimizer_id); !marked) return marked;
  if (!delta.rows().empty()) {
    auto kept = log->keep_new(delta.rows(), images, mapping.data, 1);
    // What a trainer would be told, that a checkpoint empties its journal, is no way out here.
    if (!kept && kept.error().code == ErrorCode::kJournalFull) {
      return fail(ErrorCode::kNoSpace, table.path(), ": there is no room beside the table for a journal of ",
                  delta.rows().size(), " rows, by which they could be put back; nothing was changed");
    }
    if (!kept) return kept;
  }
  if (auto patched = patch(*table.file, table, images, delta, *counters ? &**counters : nullptr); !patched)
    return patched;
  return table.file->sync();
}

// The rows are on the disk: whichever slot is found there after an error is right, and nothing may be put back.
Result<void> commit(io::FileSystem& system, TableFile& table, const DeltaFile& delta) {
  MetaSlot slot = slot_behind(table, delta);
  ++slot.committed_epoch;
  if (auto written = write_slot(table, slot); !written) return written;
  // Not before the table says that it needs them no more.
  remove_journals(system, table);
  return {};
}

Result<ApplyReport> apply_in_place(io::FileSystem& system, const std::string& path, const DeltaFile& delta) {
  auto table = open_clean(system, path);
  if (!table) return pass(table);
  if (is_applied(*table, delta)) return report_of(*table->slot, 0, true);
  auto images = RowImages::of(*table);
  if (!images) return pass(images);
  auto to_map = open_to_map(system, *table);
  if (!to_map) return pass(to_map);
  auto mapping = (*to_map)->map();
  if (!mapping) return pass(mapping);
  if (auto whole = check_length(*table, *mapping); !whole) return pass(whole);
  if (auto fits = check(*table, *mapping, delta, *images); !fits) return pass(fits);
  auto changed = guard([&] { return change(system, *table, *mapping, *images, delta); });
  if (!changed) {
    // If it cannot be put back now, the next open does it.
    if (!table->slot->clean)
      (void)guard([&]() -> Result<UndoReport> { return undo_unfinished(system, *table); });
    return pass(changed);
  }
  auto committed = guard([&] { return commit(system, *table, delta); });
  if (!committed) return pass(committed);
  return report_of(*table->slot, delta.rows().size(), false);
}

Result<ApplyReport> apply_to_copy(io::FileSystem& system, const std::string& path, const DeltaFile& delta,
                                  const ApplyOptions& options) {
  if (system.resolve(path) == system.resolve(options.target)) {
    return fail(ErrorCode::kInvalidArgument, path,
                ": the copy would take the place of the table; without a target it is changed in place");
  }
  auto table = open_quiet(system, path);
  if (!table) return pass(table);
  auto images = RowImages::of(*table);
  if (!images) return pass(images);
  const bool was_applied = is_applied(*table, delta);
  if (!was_applied) {
    auto mapping = table->file->map();
    if (!mapping) return pass(mapping);
    if (auto whole = check_length(*table, *mapping); !whole) return pass(whole);
    if (auto fits = check(*table, *mapping, delta, *images); !fits) return pass(fits);
  }
  auto file = copy_table(system, *table, options.target, options.progress);
  if (!file) return pass(file);
  const MetaSlot slot = was_applied ? *table->slot : slot_behind(*table, delta);
  if (!was_applied) {
    if (auto patched = patch(file->file(), *table, *images, delta); !patched) return pass(patched);
    // The slot that was there is not of these rows: it goes.
    std::vector<uint8_t> meta(kMetaBytes);
    const auto encoded = encode_slot(slot);
    std::copy(encoded.begin(), encoded.end(),
              meta.begin() + static_cast<std::ptrdiff_t>(slot.generation % 2 * kSlotPage));
    if (auto written = file->file().write(table->header.find("_meta")->begin, meta); !written)
      return pass(written);
  }
  auto named = file->commit([&] { return refuse_if_trained(system, options.target); });
  if (!named) return pass(named);
  return report_of(slot, was_applied ? 0 : delta.rows().size(), was_applied);
}

}  // namespace

Result<ApplyReport> apply_delta(io::FileSystem& system, const std::string& table_path,
                                const std::string& delta_path, const ApplyOptions& options) {
  const auto delta = DeltaFile::open(system, delta_path);
  if (!delta) return tl::make_unexpected(delta.error());
  return options.target.empty() ? apply_in_place(system, table_path, *delta)
                                : apply_to_copy(system, table_path, *delta, options);
}

Result<ApplyReport> apply_delta(const std::string& table_path, const std::string& delta_path,
                                const ApplyOptions& options) {
  return guard([&] { return apply_delta(io::posix(), table_path, delta_path, options); });
}

}  // namespace windrow
