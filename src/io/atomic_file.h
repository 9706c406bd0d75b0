#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/file.h"

namespace windrow::io {

// A file that appears whole or not at all: written under a temporary name in the same folder
// (`.NAME.tmp-<random>`), and given its name by commit(). The destructor removes what was not committed.
class AtomicFile {
 public:
  // Symbolic links are resolved first, so that a link stays a link. A file that will be replaced hands on its
  // permission bits; where there is none, `like` does, if one is named.
  static Result<AtomicFile> create(FileSystem& system, const std::string& path, const std::string& like = {});

  ~AtomicFile();
  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) noexcept;

  File& file() { return *file_; }
  // Adds bytes behind those written so far.
  Result<void> append(std::span<const uint8_t> bytes);
  // The same with bytes of another file (File::copy_from).
  Result<void> append_from(const File& source, uint64_t offset, uint64_t bytes);
  uint64_t position() const { return position_; }

  // Syncs the file, renames it over its name, syncs the folder. Right before the rename `last_look` says whether it may
  // still be done, since a sync can take long.
  Result<void> commit(const std::function<Result<void>()>& last_look = {});

 private:
  AtomicFile(FileSystem& system, std::string path, std::string temporary, std::unique_ptr<File> file);
  void discard();

  FileSystem* system_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<File> file_;
  uint64_t position_ = 0;
};

// Whether `name` is a temporary name of the table called `table_name` (both without folder).
bool is_temporary_of(const std::string& name, const std::string& table_name);

}  // namespace windrow::io
