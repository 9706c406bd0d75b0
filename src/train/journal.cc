#include "train/journal.h"

#include <algorithm>
#include <exception>

#include "base/checked.h"
#include "base/fail.h"

namespace windrow {

namespace {

constexpr size_t kZeros = size_t{1} << 20;

}  // namespace

std::string journal_path(const std::string& table_path, uint64_t epoch) {
  return concat(table_path, "-undo", epoch % 2);
}

void remove_journals(io::FileSystem& system, const TableFile& table) {
  try {
    if (!table.file->is_current().value_or(false)) return;
    for (const uint64_t number : {0, 1}) (void)system.remove(journal_path(table.path(), number));
  } catch (const std::exception&) {
    // Out of memory for a name.
  }
}

Result<Journal> Journal::create(io::FileSystem& system, const std::string& table_path,
                                const JournalHeader& header, const JournalSizes& sizes, bool synced) {
  const std::string path = journal_path(table_path, header.number);
  if (auto removed = system.remove(path); !removed && removed.error().code != ErrorCode::kNotFound)
    return pass(removed);
  auto file = system.open(path, io::Access::kCreatePrivate);
  if (!file) return pass(file);
  Journal journal;
  journal.file_ = std::move(*file);
  journal.file_->take_permissions_of(table_path);
  journal.header_ = header;
  journal.sizes_ = sizes;
  journal.synced_ = synced;
  const uint64_t first = std::max(kJournalPage, std::min(sizes.first_bytes, sizes.limit_bytes));
  if (auto added = journal.add_bytes(first); !added) return pass(added);
  const auto page = encode_journal_header(header);
  if (auto written = journal.file_->write(0, page); !written) return pass(written);
  if (auto on_disk = journal.file_->sync(); !on_disk) return pass(on_disk);
  return journal;
}

void Journal::begin(uint64_t epoch) {
  epoch_ = epoch;
  end_ = kJournalPage;
  syncs_ = 0;
  chunks_.clear();
}

size_t Journal::most_rows_per_chunk() const {
  const ChunkHeader one{.rows = 1, .image_bytes = header_.image_bytes};
  return static_cast<size_t>(std::max<uint64_t>(1, kMaxChunkBytes / one.entry_bytes()));
}

std::span<uint8_t> Journal::room_for(size_t rows) {
  const ChunkHeader header{.rows = static_cast<uint32_t>(rows), .image_bytes = header_.image_bytes};
  const auto bytes = static_cast<size_t>(round_up(header.bytes(), kJournalPage));
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  // Behind the last entry the page is zeros.
  std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(header.bytes()),
            buffer_.begin() + static_cast<std::ptrdiff_t>(bytes), uint8_t{0});
  return std::span(buffer_).subspan(kChunkHeaderBytes, static_cast<size_t>(header.payload_bytes()));
}

Result<void> Journal::append(size_t rows) {
  const ChunkHeader header{.incarnation = header_.incarnation,
                           .epoch = epoch_,
                           .seq = chunks_.size(),
                           .group = syncs_,
                           .rows = static_cast<uint32_t>(rows),
                           .image_bytes = header_.image_bytes};
  const uint64_t bytes = round_up(header.bytes(), kJournalPage);
  if (auto room = make_room(end_ + bytes); !room) return room;
  // Behind the write nothing may fail.
  if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 64);
  const auto chunk = std::span(buffer_).first(static_cast<size_t>(bytes));
  seal_chunk(header, header_.uuid, chunk.first(static_cast<size_t>(header.bytes())));
  if (auto written = file_->write(end_, chunk); !written)
    return written.error().code == ErrorCode::kNoSpace ? full(written.error().message) : written;
  chunks_.push_back({end_, header});
  end_ += bytes;
  return {};
}

Result<void> Journal::sync() {
  auto synced = file_->sync();
  if (synced)
    ++syncs_;
  else
    broken_ = true;
  return synced;
}

Result<void> Journal::make_room(uint64_t end) {
  if (end <= capacity_) return {};
  if (end > sizes_.limit_bytes) {
    return full(concat("it may take ", sizes_.limit_bytes, " bytes, and ", end, " are needed"));
  }
  const uint64_t wanted = std::max(end, std::min(sizes_.limit_bytes, capacity_ + sizes_.piece_bytes));
  auto added = add_bytes(wanted);
  if (!added && added.error().code == ErrorCode::kNoSpace) return full(added.error().message);
  return added;
}

Result<void> Journal::add_bytes(uint64_t end) {
  if (auto reserved = file_->reserve(end); !reserved) return reserved;
  if (synced_) {
    const std::vector<uint8_t> zeros(static_cast<size_t>(std::min<uint64_t>(end - capacity_, kZeros)));
    for (uint64_t at = capacity_; at < end; at += zeros.size()) {
      const auto part =
          std::span(zeros).first(static_cast<size_t>(std::min<uint64_t>(end - at, zeros.size())));
      if (auto written = file_->write(at, part); !written) return written;
    }
    if (auto synced = file_->sync(); !synced) {
      broken_ = true;
      return synced;
    }
  }
  capacity_ = end;
  return {};
}

tl::unexpected<Error> Journal::full(const std::string& why) const {
  return fail(ErrorCode::kJournalFull, file_->path(), ": the journal cannot take more rows (", why,
              "); no row has changed. A checkpoint empties it");
}

}  // namespace windrow
