#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

// What the benchmark programs share.

[[noreturn]] inline void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

// A folder in $TMPDIR (or /tmp), removed with everything in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "windrow-bench-XXXXXX").string();
    if (!::mkdtemp(path_.data())) give_up("cannot make " + path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

enum class Stream { kUniform, kZipf };

inline const char* stream_name(Stream stream) {
  return stream == Stream::kZipf ? "zipf" : "uniform";
}

// Ids of a table with `rows` rows; the same for the same arguments.
inline std::vector<int64_t> draw_ids(Stream stream, int64_t rows, size_t count) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<int64_t> ids(count);
  for (auto& id : ids) {
    // Zipf with exponent 1: rank = rows^u, scattered over the table.
    const auto rank = stream == Stream::kZipf
                          ? static_cast<uint64_t>(std::pow(static_cast<double>(rows), unit(random)))
                          : random();
    id = static_cast<int64_t>(rank * 0x9E3779B97F4A7C15u % static_cast<uint64_t>(rows));
  }
  return ids;
}

// The offsets of bags of `bag` ids each.
inline std::vector<int64_t> equal_offsets(size_t ids, size_t bag) {
  std::vector<int64_t> offsets;
  for (size_t at = 0; at <= ids; at += bag) offsets.push_back(static_cast<int64_t>(at));
  return offsets;
}
