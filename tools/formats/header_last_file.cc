#include "formats/header_last_file.h"

#include "base/bytes.h"
#include "base/fail.h"

namespace windrow::tools {

Result<HeaderLastFile> HeaderLastFile::create(const std::string& path, std::string_view first_header) {
  auto file = io::AtomicFile::create(io::posix(), path);
  if (!file) return pass(file);
  if (const auto done = file->append(bytes_of(first_header)); !done) return tl::make_unexpected(done.error());
  return HeaderLastFile(path, std::move(*file), first_header.size());
}

Result<void> HeaderLastFile::append(std::string_view bytes) {
  return file_.append(bytes_of(bytes));
}

Result<void> HeaderLastFile::finish(std::string_view header) {
  if (header.size() != header_bytes_) {
    return fail(ErrorCode::kInvalidArgument, path_, ": a header of ", header.size(), " bytes, where ",
                header_bytes_, " were reserved");
  }
  if (const auto done = file_.file().write(0, bytes_of(header)); !done) return done;
  return file_.commit();
}

}  // namespace windrow::tools
