#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <functional>

#include "table/checksum_map.h"
#include "table/table_file.h"

namespace windrow {

// Computes the entries of those blocks of a tensor that are chosen by their number, from the bytes that the file has
// now, and writes them to the file. Reading goes through the file and not through a mapping: an error of the disk is an
// error, and rows that change meanwhile are torn, and nothing worse. May throw bad_alloc.
Result<void> refresh_checksums(io::File& file, const ChecksummedTensor& of,
                               const std::function<bool(uint64_t block)>& chosen, int threads = 1);

}  // namespace windrow
