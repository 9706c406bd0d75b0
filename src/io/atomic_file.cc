#include "io/atomic_file.h"

#include "base/fail.h"

namespace windrow::io {

namespace {

constexpr size_t kRandomDigits = 16;

// What the temporary names of a file begin with.
std::string temporary_prefix(std::string_view name) {
  return concat(".", name, ".tmp-");
}

std::string hex(uint64_t value) {
  std::string digits(kRandomDigits, '0');
  for (size_t i = kRandomDigits; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
  return digits;
}

}  // namespace

Result<AtomicFile> AtomicFile::create(FileSystem& system, const std::string& path, const std::string& like) {
  std::string real = system.resolve(path);
  const size_t slash = real.rfind('/');
  const size_t name_begin = slash == std::string::npos ? 0 : slash + 1;
  if (name_begin == real.size()) {
    return fail(ErrorCode::kInvalidArgument, "\"", path, "\": is not the name of a file");
  }
  std::string temporary =
      concat(real.substr(0, name_begin), temporary_prefix(std::string_view(real).substr(name_begin)),
             hex(system.random64()));
  const auto replaces = system.exists(real);
  if (!replaces) return tl::make_unexpected(replaces.error());
  const std::string& model = *replaces ? real : like;
  // What others may not read, they may not read under this name either, at no time.
  auto file = system.open(temporary, model.empty() ? Access::kCreate : Access::kCreatePrivate);
  if (!file) return fail(file.error().code, "cannot write ", path, ": ", file.error().message);
  if (!model.empty()) (*file)->take_permissions_of(model);
  return AtomicFile(system, std::move(real), std::move(temporary), std::move(*file));
}

AtomicFile::AtomicFile(FileSystem& system, std::string path, std::string temporary,
                       std::unique_ptr<File> file)
    : system_(&system), path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}

AtomicFile::~AtomicFile() {
  discard();
}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  system_ = other.system_;
  path_ = std::move(other.path_);
  temporary_ = std::move(other.temporary_);
  file_ = std::move(other.file_);
  position_ = other.position_;
  return *this;
}

// Nothing to do for a moved-from object (no file) and a committed one (no temporary name).
void AtomicFile::discard() {
  if (!file_ || temporary_.empty()) return;
  file_.reset();
  // Best effort: verify() reports what stays behind. A message may fail to be allocated; destructors do not
  // throw.
  try {
    (void)system_->remove(temporary_);
  } catch (...) {
  }
}

Result<void> AtomicFile::append(std::span<const uint8_t> bytes) {
  auto written = file_->write(position_, bytes);
  if (written) position_ += bytes.size();
  return written;
}

Result<void> AtomicFile::append_from(const File& source, uint64_t offset, uint64_t bytes) {
  auto copied = file_->copy_from(source, offset, position_, bytes);
  if (copied) position_ += bytes;
  return copied;
}

Result<void> AtomicFile::commit(const std::function<Result<void>()>& last_look) {
  if (auto synced = file_->sync(); !synced) return synced;
  if (last_look) {
    if (auto fine = last_look(); !fine) return fine;
  }
  if (auto renamed = system_->rename(temporary_, path_); !renamed) return renamed;
  temporary_.clear();
  if (auto synced = system_->sync_folder_of(path_); !synced) {
    return fail(synced.error().code, synced.error().message, " (", path_,
                " is in place and complete, but may not survive a power loss)");
  }
  return {};
}

bool is_temporary_of(const std::string& name, const std::string& table_name) {
  const std::string prefix = temporary_prefix(table_name);
  return name.size() == prefix.size() + kRandomDigits && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
}

}  // namespace windrow::io
