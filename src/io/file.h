#pragma once

#include <windrow/error.h>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace windrow::io {

// The one interface to files: nothing else in the library opens, reads, writes, maps, renames, syncs or locks.
// Every error names the file and the system's reason. posix() is the real thing; tests may bring others.

// A whole file in memory, from offset 0, at an address aligned to 2 MiB. Unmapped with its last owner.
struct Mapping {
  uint8_t* data = nullptr;  // writable only when mapped so
  uint64_t size = 0;
  std::shared_ptr<void> owner;
};

// What tells a file from one that has taken its name, and from itself when it was cut off or grew.
struct FileId {
  uint64_t device = 0, inode = 0, bytes = 0;
  bool operator==(const FileId&) const = default;
};

enum class Access : uint8_t {
  kRead,           // an existing file, for reading
  kWrite,          // an existing file, for reading and writing
  kCreate,         // a file that must not exist yet, for reading and writing
  kCreatePrivate,  // the same, for nobody but its owner: until take_permissions_of(), if at all
};

class File {
 public:
  virtual ~File() = default;

  virtual const std::string& path() const = 0;
  virtual Result<uint64_t> size() const = 0;

  // Whole or an error: short transfers are continued, and the end of the file inside the range is kIo.
  virtual Result<void> read(uint64_t offset, std::span<uint8_t> bytes) const = 0;
  virtual Result<void> write(uint64_t offset, std::span<const uint8_t> bytes) = 0;
  // Durable on return, without flushing anything else of the file.
  virtual Result<void> write_durable(uint64_t offset, std::span<const uint8_t> bytes) = 0;

  // Copies bytes of another file into this one, within the file system where it can: file systems with reflinks then
  // share the blocks. Whole or an error, as read() and write(). Not within one file.
  virtual Result<void> copy_from(const File& source, uint64_t from_offset, uint64_t to_offset,
                                 uint64_t bytes) = 0;

  // Makes the file at least this long, with its blocks allocated, so that a full disk is an error here and not a
  // SIGBUS at a store into a mapping. A file system that cannot reserve is no error.
  virtual Result<void> reserve(uint64_t bytes) = 0;
  // Takes blocks for holes of the file (a copy may have been made sparse), and blocks of its own for what it shares with
  // copies (reflinks, on XFS), so that a store into a mapping needs no new ones: a full disk is an error here, and not a
  // SIGBUS there. Where the file system cannot, it is no error.
  virtual Result<void> own_blocks() = 0;
  // Data and size are on disk on return (fdatasync).
  virtual Result<void> sync() = 0;

  virtual Result<Mapping> map() const = 0;
  // Shared: stores reach the file. The file must have been opened for writing.
  virtual Result<Mapping> map_writable() = 0;

  // An exclusive lock of this open file, not of the process; kBusy when another holds it. Ends with the File.
  virtual Result<void> lock() = 0;
  // Whether another open file holds the lock.
  virtual Result<bool> is_locked_elsewhere() const = 0;
  // Whether the path still leads to this file (it may have been replaced by a rename).
  virtual Result<bool> is_current() const = 0;
  virtual Result<FileId> id() const = 0;

  // Takes on the permission bits of the file at `path`, if there is one. A system that cannot is no error: then the
  // file keeps those it was made with.
  virtual void take_permissions_of(const std::string& path) = 0;

  // Asks the system to drop the file's clean pages from its cache. A hint: failure is not reported.
  virtual void evict() const = 0;

  // Lets go of the open file, so that any number of Files can wait. What is asked of it next opens the path
  // again, and fails with kIo unless that is the same file with the same size. For files opened for reading.
  virtual void rest() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // kNotFound when there is no such file; kNoSpace, kIo.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Access access) = 0;
  virtual Result<bool> exists(const std::string& path) const = 0;
  // Of the file to which the path leads now; kNotFound.
  virtual Result<FileId> id_of(const std::string& path) const = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes renames and removals in the folder of `path` durable.
  virtual Result<void> sync_folder_of(const std::string& path) = 0;
  // Names (without folder) in the folder of `path`.
  virtual Result<std::vector<std::string>> list_folder_of(const std::string& path) const = 0;
  // `path` with symbolic links resolved; unchanged when there is no such file.
  virtual std::string resolve(const std::string& path) const = 0;

  virtual std::array<uint8_t, 16> boot_id() const = 0;
  virtual uint64_t random64() = 0;
};

FileSystem& posix();

}  // namespace windrow::io
