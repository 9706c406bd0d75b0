#pragma once

#include <windrow/delta.h>
#include <windrow/error.h>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/meta_slot.h"
#include "table/data_file.h"

namespace windrow {

// An open delta. Its header, its slots and the numbers of its rows have been read and are sound; verify() looks at the
// rest.
class DeltaFile {
 public:
  // What it holds of each row, besides the number.
  struct Part {
    const safetensors::Tensor* tensor;
    size_t row_bytes;
  };

  // Errors: kFormat   no delta, or one that contradicts itself, or that another program has saved anew
  //         kVersion  a newer Windrow wrote it
  //         kNotFound, kIo, kNoMemory
  static Result<DeltaFile> open(io::FileSystem& system, const std::string& path);

  const std::string& path() const { return file_.path(); }
  const MetaSlot& base() const { return base_; }
  const MetaSlot& target() const { return target_; }
  std::span<const int64_t> rows() const { return rows_; }  // ascending, each once, all in the table
  std::span<const Part> parts() const { return parts_; }   // `weight`, then states, in the order of the table
  bool has_state() const { return parts_.size() > 1; }
  bool has_tokens() const { return token_offsets_ != nullptr; }
  DeltaInfo info() const;

  // Compares everything with its checksums. kFormat names the tensor and byte where they do not match.
  Result<void> verify() const;

  // What a part holds of the delta's rows number first, first + 1, ... kIo.
  Result<void> read(size_t part, size_t first, std::span<uint8_t> bytes) const;

  // The tokens of all rows. kFormat, kIo, kNoMemory.
  struct Tokens {
    std::vector<char> bytes;
    std::vector<std::string_view> tokens;
  };
  Result<Tokens> read_tokens() const;

 private:
  Result<void> read_ends();
  Result<void> read_rows();
  Result<void> find_parts();
  Result<void> find_tokens();
  tl::unexpected<Error> bad(const std::string& why) const;

  DataFile file_;
  MetaSlot base_, target_;
  std::vector<int64_t> rows_;
  std::vector<Part> parts_;
  const safetensors::Tensor* token_bytes_ = nullptr;
  const safetensors::Tensor* token_offsets_ = nullptr;
};

}  // namespace windrow
