#include "table/row_counters.h"

#include <algorithm>
#include <atomic>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/fail.h"

namespace windrow {

namespace {

constexpr uint64_t kHeaderBytes = 4096;
constexpr uint64_t kFileBytes = kHeaderBytes + RowCounters::kCounters * sizeof(uint32_t);
constexpr std::string_view kMagic = "WINDSEQ1";
constexpr uint32_t kOneWriter = 1, kOneChange = 0x100;

using Header = std::array<uint8_t, 32>;

Header header_of(const std::array<uint8_t, 16>& uuid) {
  Header header{};
  std::copy(kMagic.begin(), kMagic.end(), header.begin());
  store(header.data() + 8, static_cast<uint32_t>(RowCounters::kCounters));
  std::copy(uuid.begin(), uuid.end(), header.begin() + 16);
  return header;
}

// Opens them if they are of this table.
Result<std::unique_ptr<io::File>> open_counters(io::FileSystem& system, const std::string& table_path,
                                                const std::array<uint8_t, 16>& uuid, io::Access access) {
  const std::string path = counters_path(table_path);
  // A link counts as none: what it leads to is not ours.
  if (system.resolve(path) != path) return nullptr;
  auto file = system.open(path, access);
  if (!file)
    return file.error().code == ErrorCode::kNotFound ? Result<std::unique_ptr<io::File>>(nullptr)
                                                     : pass(file);
  const auto size = (*file)->size();
  if (!size) return tl::make_unexpected(size.error());
  if (*size != kFileBytes) return nullptr;
  Header found;
  if (auto read = (*file)->read(0, found); !read) return pass(read);
  if (found != header_of(uuid)) return nullptr;
  return file;
}

Result<std::unique_ptr<io::File>> make_counters(io::FileSystem& system, const std::string& table_path,
                                                const std::array<uint8_t, 16>& uuid) {
  const std::string path = counters_path(table_path);
  if (auto removed = system.remove(path); !removed && removed.error().code != ErrorCode::kNotFound)
    return pass(removed);
  auto file = system.open(path, io::Access::kCreatePrivate);
  if (!file) return file;
  (*file)->take_permissions_of(table_path);
  std::vector<uint8_t> bytes(kFileBytes);
  const Header header = header_of(uuid);
  std::copy(header.begin(), header.end(), bytes.begin());
  if (auto written = (*file)->write(0, bytes); !written) return pass(written);
  return file;
}

}  // namespace

std::string counters_path(const std::string& table_path) {
  return table_path + "-seq";
}

RowCounters::RowCounters(io::Mapping mapping)
    : mapping_(std::move(mapping)), counters_(reinterpret_cast<uint32_t*>(mapping_.data + kHeaderBytes)) {}

Result<std::optional<RowCounters>> RowCounters::take(io::FileSystem& system, const std::string& table_path,
                                                     const std::array<uint8_t, 16>& uuid, bool create) {
  auto file = open_counters(system, table_path, uuid, io::Access::kWrite);
  if (!file) return pass(file);
  if (!*file && !create) return std::nullopt;
  if (!*file) {
    file = make_counters(system, table_path, uuid);
    if (!file) return pass(file);
  }
  auto mapping = (*file)->map_writable();
  if (!mapping) return pass(mapping);
  return RowCounters(std::move(*mapping));
}

Result<std::optional<RowCounters>> RowCounters::find(io::FileSystem& system, const std::string& table_path,
                                                     const std::array<uint8_t, 16>& uuid) {
  auto file = open_counters(system, table_path, uuid, io::Access::kRead);
  if (!file) return pass(file);
  if (!*file) return std::nullopt;
  auto mapping = (*file)->map();
  if (!mapping) return pass(mapping);
  return RowCounters(std::move(*mapping));
}

// Neighbours are spread out, or the hot rows at the front of a table would share cache lines (Knuth's multiplicative
// hashing).
uint32_t& RowCounters::counter_of(int64_t row) const {
  return counters_[static_cast<uint32_t>(static_cast<uint64_t>(row) * 0x9E3779B1u) >> 16];
}

void RowCounters::end_all_changes() const noexcept {
  for (uint64_t i = 0; i < kCounters; ++i) {
    const std::atomic_ref counter(counters_[i]);
    const uint32_t value = counter.load(std::memory_order_relaxed);
    if (is_changing(value)) counter.store((value & ~0xffu) + kOneChange, std::memory_order_release);
  }
}

// No store of the change may be seen before the counter. An acquiring addition keeps them behind its own load, and the
// fence behind its store.
void RowCounters::begin_change(int64_t row) const noexcept {
  std::atomic_ref(counter_of(row)).fetch_add(kOneWriter, std::memory_order_acq_rel);
  std::atomic_thread_fence(std::memory_order_release);
}

void RowCounters::end_change(int64_t row) const noexcept {
  std::atomic_ref(counter_of(row)).fetch_add(kOneChange - kOneWriter, std::memory_order_release);
}

uint32_t RowCounters::before_read(int64_t row) const noexcept {
  return std::atomic_ref(counter_of(row)).load(std::memory_order_acquire);
}

uint32_t RowCounters::behind_read(int64_t row) const noexcept {
  std::atomic_thread_fence(std::memory_order_acquire);
  return std::atomic_ref(counter_of(row)).load(std::memory_order_relaxed);
}

}  // namespace windrow
