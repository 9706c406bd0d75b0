#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "format/npy.h"
#include "format/safetensors.h"
#include "io/file.h"

namespace windrow {

// An open safetensors, .npy or GGUF file, of which the header has been read and nothing else.
struct DataFile {
  std::unique_ptr<io::File> file;
  uint64_t file_bytes = 0;
  safetensors::Header header;        // empty for npy; of GGUF, its tensors and values in the same form
  uint32_t header_sum = 0;           // sum32 of a safetensors header, which `_meta` of a Windrow file repeats
  std::optional<npy::Header> array;  // set for npy
  bool is_gguf = false;

  bool rests = false;  // one of so many that it is open only while something is asked of it

  // Nothing more is asked of the file for now.
  void done() const {
    if (rests) file->rest();
  }

  const std::string& path() const { return file->path(); }
};

// Opens `path`, symbolic links resolved. kFormat for files of other kinds; the message names those that
// people try. kNotFound, kIo.
Result<DataFile> open_data_file(io::FileSystem& system, const std::string& path, io::Access access);

// kIo when a mapping of the file is shorter than the file was when its header was read: reading behind its end would end
// the process.
Result<void> check_length(const DataFile& data, const io::Mapping& mapping);

// `error` with the file in front of its message.
Error with_path(Error error, const std::string& path);

// "[3, 4]", for messages.
std::string shape_text(const std::vector<uint64_t>& shape);

}  // namespace windrow
