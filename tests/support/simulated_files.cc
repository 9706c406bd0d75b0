#include "support/simulated_files.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/fail.h"

using namespace windrow;
using io::Access;

namespace {

constexpr size_t kSector = 512;
constexpr size_t kMostBytes = size_t{1} << 20;  // of a file; only what is used takes memory

tl::unexpected<Error> no_power() {
  return fail(ErrorCode::kIo, "the machine has stopped");
}

bool is_journal(const std::string& path) { return path.find("-undo") != std::string::npos; }

}  // namespace

struct SimulatedFiles::Node {
  std::string path;
  uint8_t* seen;  // kMostBytes
  size_t size = 0;
  std::vector<uint8_t> on_disk;
  std::vector<uint8_t> at_last_call;  // of a mapped file
  bool mapped = false;
  bool being_written = false;
  const void* holder = nullptr;  // of the lock

  explicit Node(std::string path)
      : path(std::move(path)),
        seen(static_cast<uint8_t*>(::mmap(nullptr, kMostBytes, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}
  ~Node() { ::munmap(seen, kMostBytes); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::span<const uint8_t> bytes() const { return {seen, size}; }
};

class SimulatedFile final : public io::File {
 public:
  using Node = SimulatedFiles::Node;

  SimulatedFile(SimulatedFiles& system, std::shared_ptr<Node> node) : system_(system), node_(std::move(node)) {}
  ~SimulatedFile() override {
    if (node_->holder == this) node_->holder = nullptr;
  }

  const std::string& path() const override { return node_->path; }
  Result<uint64_t> size() const override {
    if (system_.ended_) return no_power();
    return node_->size;
  }

  Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const override {
    if (system_.ended_) return no_power();
    if (offset > node_->size || bytes.size() > node_->size - offset)
      return fail(ErrorCode::kIo, path(), ": the file ends");
    std::copy_n(node_->seen + offset, bytes.size(), bytes.begin());
    return {};
  }

  Result<void> write(uint64_t offset, std::span<const uint8_t> bytes) override {
    if (system_.ended_) return no_power();
    const bool goes_on = system_.begin_call();
    const bool ignored = system_.disobedience_.write_of_journals && is_journal(path()) && offset > 0;
    if (!ignored) put(offset, goes_on ? bytes : bytes.first(system_.random_() % (bytes.size() + 1)));
    return end_call(goes_on);
  }

  Result<void> write_durable(uint64_t offset, std::span<const uint8_t> bytes) override {
    if (system_.ended_) return no_power();
    const bool goes_on = system_.begin_call();
    // One sector: whole, or not begun, or garbage.
    node_->being_written = true;
    if (goes_on || system_.one_in(2)) put(offset, bytes);
    if (goes_on && !system_.disobedience_.durable_write) {
      node_->on_disk.resize(std::max(node_->on_disk.size(), static_cast<size_t>(offset + bytes.size())));
      std::copy(bytes.begin(), bytes.end(), node_->on_disk.begin() + static_cast<std::ptrdiff_t>(offset));
      node_->being_written = false;
    }
    return end_call(goes_on);
  }

  Result<void> copy_from(const File& source, uint64_t from, uint64_t to, uint64_t bytes) override {
    std::vector<uint8_t> buffer(bytes);
    if (auto read = source.read(from, buffer); !read) return read;
    return write(to, buffer);
  }

  Result<void> reserve(uint64_t bytes) override {
    if (system_.ended_) return no_power();
    const bool goes_on = system_.begin_call();
    if (goes_on) node_->size = std::max<size_t>(node_->size, bytes);
    return end_call(goes_on);
  }

  Result<void> own_blocks() override {
    if (system_.ended_) return no_power();
    return {};
  }

  Result<void> sync() override {
    if (system_.ended_) return no_power();
    const bool goes_on = system_.begin_call();
    const auto& disobedience = system_.disobedience_;
    const bool ignored = is_journal(path()) ? disobedience.sync_of_journals : disobedience.sync_of_table;
    if (goes_on && !ignored) {
      node_->on_disk.assign(node_->seen, node_->seen + node_->size);
      node_->being_written = false;
    }
    return end_call(goes_on);
  }

  Result<io::Mapping> map() const override { return map_here(); }
  Result<io::Mapping> map_writable() override {
    node_->mapped = true;
    return map_here();
  }

  Result<void> lock() override {
    if (system_.ended_) return no_power();
    if (node_->holder) return fail(ErrorCode::kBusy, path(), ": locked");
    node_->holder = this;
    return {};
  }
  Result<bool> is_locked_elsewhere() const override { return node_->holder && node_->holder != this; }
  Result<bool> is_current() const override {
    if (system_.ended_) return no_power();
    const auto named = system_.seen_.find(path());
    return named != system_.seen_.end() && named->second == node_;
  }

  Result<io::FileId> id() const override {
    if (system_.ended_) return no_power();
    return io::FileId{1, reinterpret_cast<uintptr_t>(node_.get()), node_->size};
  }

  void take_permissions_of(const std::string&) override {}
  void evict() const override {}
  void rest() const override {}

 private:
  void put(uint64_t offset, std::span<const uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), node_->seen + offset);
    node_->size = std::max<size_t>(node_->size, offset + bytes.size());
  }

  Result<void> end_call(bool goes_on) {
    if (!goes_on) {
      system_.stop();
      return no_power();
    }
    system_.remember_mapped();
    return {};
  }

  Result<io::Mapping> map_here() const {
    if (system_.ended_) return no_power();
    return io::Mapping{node_->seen, node_->size, node_};
  }

  SimulatedFiles& system_;
  std::shared_ptr<Node> node_;
};

SimulatedFiles::SimulatedFiles(uint64_t seed, Disobedience disobedience)
    : random_(seed), disobedience_(disobedience) {}
SimulatedFiles::~SimulatedFiles() = default;

void SimulatedFiles::put(const std::string& path, std::span<const uint8_t> bytes) {
  const auto node = std::make_shared<Node>(path);
  std::copy(bytes.begin(), bytes.end(), node->seen);
  node->size = bytes.size();
  node->on_disk.assign(bytes.begin(), bytes.end());
  seen_[path] = on_disk_[path] = node;
}

std::vector<uint8_t> SimulatedFiles::get(const std::string& path) const {
  const auto found = seen_.find(path);
  if (found == seen_.end()) return {};
  return {found->second->bytes().begin(), found->second->bytes().end()};
}

void SimulatedFiles::end_at(uint64_t calls, End end) {
  last_call_ = calls_ + calls;
  end_ = end;
}

bool SimulatedFiles::begin_call() {
  write_back_some();
  return ++calls_ < last_call_;
}

// The system writes back when it likes.
void SimulatedFiles::write_back_some() {
  if (!one_in(3)) return;
  for (auto& [path, node] : seen_) {
    node->on_disk.resize(node->size);
    for (size_t at = 0; at < node->size; at += kSector) {
      const size_t bytes = std::min(kSector, node->size - at);
      if (one_in(4)) std::copy_n(node->seen + at, bytes, node->on_disk.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  if (one_in(4)) on_disk_ = seen_;
}

void SimulatedFiles::remember_mapped() {
  for (auto& [path, node] : seen_) {
    if (node->mapped) node->at_last_call.assign(node->seen, node->seen + node->size);
  }
}

std::vector<uint8_t> SimulatedFiles::left_of_process(const Node& node) {
  std::vector<uint8_t> left(node.seen, node.seen + node.size);
  if (!node.mapped || node.at_last_call.size() != left.size() || one_in(2)) return left;
  constexpr size_t kWord = 8;
  for (size_t at = 0; at + kWord <= left.size(); at += kWord) {
    if (one_in(2)) std::memcpy(left.data() + at, node.at_last_call.data() + at, kWord);
  }
  return left;
}

std::vector<uint8_t> SimulatedFiles::left_of_power(const Node& node) {
  const std::vector<uint8_t> seen = left_of_process(node);
  std::vector<uint8_t> left = node.on_disk;
  if (seen.size() > left.size() && one_in(2)) left.resize(seen.size());
  for (size_t at = 0; at < std::min(left.size(), seen.size()); at += kSector) {
    const size_t bytes = std::min({kSector, left.size() - at, seen.size() - at});
    if (std::equal(seen.begin() + static_cast<std::ptrdiff_t>(at),
                   seen.begin() + static_cast<std::ptrdiff_t>(at + bytes),
                   left.begin() + static_cast<std::ptrdiff_t>(at))) {
      continue;
    }
    if (one_in(2)) std::memcpy(left.data() + at, seen.data() + at, bytes);
    // Only where a write was under way, and never rows: those are undone by their images.
    if ((is_journal(node.path) || (node.being_written && at >= 4096 && at < 12288)) && one_in(4)) {
      for (size_t i = 0; i < bytes; ++i) left[at + i] = static_cast<uint8_t>(random_());
    }
  }
  return left;
}

void SimulatedFiles::stop() {
  ended_ = true;
  left_.clear();
  end_ == End::kProcess ? leave_process() : leave_power();
}

// The system goes on: what the disk has is what it had.
void SimulatedFiles::leave_process() {
  for (const auto* names : {&seen_, &on_disk_}) {
    for (const auto& [path, node] : *names) {
      const auto seen = seen_.find(path), old = on_disk_.find(path);
      const Node& named = seen != seen_.end() ? *seen->second : *node;
      left_[path] = {left_of_process(named), named.on_disk, seen != seen_.end(), old != on_disk_.end()};
    }
  }
}

void SimulatedFiles::leave_power() {
  std::set<std::string> paths;
  for (const auto& [path, node] : seen_) paths.insert(path);
  for (const auto& [path, node] : on_disk_) paths.insert(path);
  for (const auto& path : paths) {
    const auto seen = seen_.find(path), old = on_disk_.find(path);
    const bool same = seen != seen_.end() && old != on_disk_.end() && seen->second == old->second;
    const auto& names = same || one_in(2) ? seen_ : on_disk_;
    const auto found = names.find(path);
    if (found == names.end()) continue;
    const auto bytes = left_of_power(*found->second);
    left_[path] = {bytes, bytes};
  }
}

void SimulatedFiles::start_again() {
  seen_.clear();
  on_disk_.clear();
  for (const auto& [path, left] : left_) {
    const auto node = std::make_shared<Node>(path);
    std::copy(left.seen.begin(), left.seen.end(), node->seen);
    node->size = left.seen.size();
    node->on_disk = left.on_disk;
    if (left.is_named) seen_[path] = node;
    if (left.is_named_on_disk) on_disk_[path] = node;
  }
  ended_ = false;
  last_call_ = UINT64_MAX;
  if (end_ == End::kPower) ++boots_;
}

Result<std::unique_ptr<io::File>> SimulatedFiles::open(const std::string& path, Access access) {
  if (ended_) return no_power();
  auto found = seen_.find(path);
  if (access == Access::kCreate || access == Access::kCreatePrivate) {
    if (found != seen_.end()) return fail(ErrorCode::kIo, path, ": exists");
    const bool goes_on = begin_call();
    found = seen_.emplace(path, std::make_shared<Node>(path)).first;
    if (!goes_on) {
      stop();
      return no_power();
    }
    remember_mapped();
  } else if (found == seen_.end()) {
    return fail(ErrorCode::kNotFound, path, ": no such file");
  }
  return std::make_unique<SimulatedFile>(*this, found->second);
}

Result<bool> SimulatedFiles::exists(const std::string& path) const {
  if (ended_) return no_power();
  return seen_.contains(path);
}

Result<io::FileId> SimulatedFiles::id_of(const std::string& path) const {
  if (ended_) return no_power();
  const auto found = seen_.find(path);
  if (found == seen_.end()) return fail(ErrorCode::kNotFound, path, ": no such file");
  return io::FileId{1, reinterpret_cast<uintptr_t>(found->second.get()), found->second->size};
}

Result<void> SimulatedFiles::rename(const std::string& from, const std::string& to) {
  if (ended_) return no_power();
  const bool goes_on = begin_call();
  if (goes_on || one_in(2)) {
    seen_[to] = seen_.at(from);
    seen_.erase(from);
  }
  if (goes_on) return {};
  stop();
  return no_power();
}

Result<void> SimulatedFiles::remove(const std::string& path) {
  if (ended_) return no_power();
  if (!seen_.contains(path)) return fail(ErrorCode::kNotFound, path, ": no such file");
  const bool goes_on = begin_call();
  if (goes_on || one_in(2)) seen_.erase(path);
  if (goes_on) return {};
  stop();
  return no_power();
}

Result<void> SimulatedFiles::sync_folder_of(const std::string&) {
  if (ended_) return no_power();
  const bool goes_on = begin_call();
  if (goes_on && !disobedience_.sync_of_folder) on_disk_ = seen_;
  if (goes_on) return {};
  stop();
  return no_power();
}

Result<std::vector<std::string>> SimulatedFiles::list_folder_of(const std::string&) const {
  std::vector<std::string> names;
  for (const auto& [path, node] : seen_) names.push_back(path.substr(path.rfind('/') + 1));
  return names;
}

std::array<uint8_t, 16> SimulatedFiles::boot_id() const {
  std::array<uint8_t, 16> id{};
  id[0] = static_cast<uint8_t>(boots_);
  id[1] = static_cast<uint8_t>(boots_ >> 8);
  return id;
}
