#include "io/available_memory.h"

#include "io/paging.h"
#include "support/temporary_folder.h"
#include "support/catch.h"

using namespace windrow;

namespace {

// A /proc and /sys made of plain files.
struct FakeSystem {
  TemporaryFolder folder;

  FakeSystem() {
    write_text(folder / "proc/meminfo",
               "MemTotal:       2000000 kB\nMemFree:          10000 kB\n"
               "MemAvailable:    1000000 kB\n");
  }
  void set(const std::string& path, const std::string& text) { write_text(folder / path, text); }
  uint64_t available() const { return io::available_memory_under(folder.path()); }
};

constexpr uint64_t kSystem = uint64_t{1000000} * 1024;

}  // namespace

TEST_CASE("available memory: this machine has some", "[io]") {
  CHECK(io::available_memory() > 0);
}

TEST_CASE("available memory: MemAvailable where there are no control groups", "[io]") {
  FakeSystem system;
  CHECK(system.available() == kSystem);
  system.set("proc/self/cgroup", "0::/\n");
  CHECK(system.available() == kSystem);
}

TEST_CASE("available memory: nothing is promised where the system does not tell", "[io]") {
  TemporaryFolder empty;
  CHECK(io::available_memory_under(empty.path()) == 0);
}

TEST_CASE("available memory: the limit of a version 2 group, less what it uses without its cached files",
          "[io]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "0::/a/b\n");
  system.set("sys/fs/cgroup/a/b/memory.max", "max\n");
  CHECK(system.available() == kSystem);
  system.set("sys/fs/cgroup/a/b/memory.max", "5000000\n");
  CHECK(system.available() == 5000000);
  system.set("sys/fs/cgroup/a/b/memory.current", "4000000\n");
  CHECK(system.available() == 1000000);
  system.set("sys/fs/cgroup/a/b/memory.stat",
             "anon 1000000\nfile 3000000\ninactive_file 2000000\nactive_file 500000\n");
  CHECK(system.available() == 3500000);
  system.set("sys/fs/cgroup/a/memory.max", "300000\n");  // ancestors count, too
  CHECK(system.available() == 300000);
  system.set("sys/fs/cgroup/a/memory.current", "400000\n");
  CHECK(system.available() == 0);
}

TEST_CASE("available memory: inside a container the limit stands at the root of the mount", "[io]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "0::/docker/0123\n");
  system.set("sys/fs/cgroup/memory.max", "70000\n");
  CHECK(system.available() == 70000);
}

TEST_CASE("available memory: version 1 groups", "[io]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "12:cpu,cpuacct:/c\n7:memory:/m\n0::/unified\n");
  system.set("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(system.available() == kSystem);
  system.set("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "900000\n");
  system.set("sys/fs/cgroup/memory/m/memory.usage_in_bytes", "800000\n");
  system.set("sys/fs/cgroup/memory/m/memory.stat",
             "inactive_file 1\ntotal_inactive_file 30000\ntotal_active_file 5\n");
  CHECK(system.available() == 130005);
}

TEST_CASE("available memory: files that make no sense are no limit", "[io]") {
  FakeSystem system;
  system.set("proc/self/cgroup", "nonsense\n:\n::\n0::\n\n");
  system.set("sys/fs/cgroup/memory.max", "\n");
  CHECK(system.available() == kSystem);
}
