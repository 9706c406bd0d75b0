#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench_ids.h"

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
  constexpr double kZipfExponent = 1.05;
  return windrow::tools::draw_ids({stream == Stream::kZipf ? kZipfExponent : 0}, rows, count);
}

// The offsets of bags of `bag` ids each.
inline std::vector<int64_t> equal_offsets(size_t ids, size_t bag) {
  std::vector<int64_t> offsets;
  for (size_t at = 0; at <= ids; at += bag) offsets.push_back(static_cast<int64_t>(at));
  return offsets;
}
