#include "io/available_memory.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

#include "io/small_file.h"

namespace windrow::io {

namespace {

constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

// The number that `text` starts with, behind spaces.
std::optional<uint64_t> number_at(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  uint64_t value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// The number behind `key` at the start of a line.
std::optional<uint64_t> number_after(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return number_at(text.substr(at + key.size()));
  }
  return std::nullopt;
}

// "max" (no limit) is no number, and so is a file that is not there.
std::optional<uint64_t> number_in(const std::string& path) {
  const auto text = read_small_file(path);
  return text ? number_at(*text) : std::nullopt;
}

// How a version of control groups names things. Kernel documentation: admin-guide/cgroup-v2.rst, "Memory",
// and admin-guide/cgroup-v1/memory.rst.
struct Hierarchy {
  const char* mount;
  const char* limit;
  const char* usage;
  const char* inactive_file;
  const char* active_file;
};
constexpr Hierarchy kVersion2 = {"/sys/fs/cgroup", "/memory.max", "/memory.current", "inactive_file ",
                                 "active_file "};
constexpr Hierarchy kVersion1 = {"/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                 "total_inactive_file ", "total_active_file "};

// What one group has left: its limit less what it uses, where cached file pages do not count as used, since
// they can be dropped. (Nor do they in MemAvailable.) A limit of `total` or more is none, and spares reading
// the rest: this runs each time a table is opened.
uint64_t left_in_group(const std::string& folder, const Hierarchy& names, uint64_t total) {
  const auto limit = number_in(folder + names.limit);
  if (!limit || *limit >= total) return kUnlimited;
  const auto usage = number_in(folder + names.usage);
  if (!usage) return *limit;
  uint64_t cached = 0;
  if (const auto stat = read_small_file(folder + "/memory.stat")) {
    cached = number_after(*stat, names.inactive_file).value_or(0) +
             number_after(*stat, names.active_file).value_or(0);
  }
  const uint64_t used = *usage - std::min(*usage, cached);
  return *limit - std::min(*limit, used);
}

// The least that a group or one of its ancestors has left. In a container the group's own path is often not
// visible: the container's limit then stands at the root of the mount, which is visited last.
uint64_t left_in_hierarchy(const std::string& root, std::string group, const Hierarchy& names,
                           uint64_t total) {
  uint64_t left = kUnlimited;
  for (;;) {
    while (!group.empty() && group.back() == '/') group.pop_back();
    left = std::min(left, left_in_group(root + names.mount + group, names, total));
    if (group.empty()) return left;
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

// Lines of /proc/self/cgroup are "number:controllers:path"; version 2 has the number 0 and no controllers.
uint64_t left_in_groups(const std::string& root, uint64_t total) {
  const auto text = read_small_file(root + "/proc/self/cgroup");
  if (!text) return kUnlimited;
  uint64_t left = kUnlimited;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers = "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
    const std::string group(line.substr(second + 1));
    if (controllers == ",,")
      left = std::min(left, left_in_hierarchy(root, group, kVersion2, total));
    else if (controllers.find(",memory,") != std::string::npos)
      left = std::min(left, left_in_hierarchy(root, group, kVersion1, total));
  }
  return left;
}

}  // namespace

uint64_t available_memory_under(const std::string& root) {
  const auto meminfo = read_small_file(root + "/proc/meminfo");
  const auto kilobytes = meminfo ? number_after(*meminfo, "MemAvailable:") : std::nullopt;
  if (!kilobytes) return 0;  // unknown: nothing is promised
  const uint64_t total = number_after(*meminfo, "MemTotal:").value_or(kUnlimited / 1024) * 1024;
  return std::min(*kilobytes * 1024, left_in_groups(root, total));
}

}  // namespace windrow::io
