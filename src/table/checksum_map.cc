#include "table/checksum_map.h"

#include "base/fail.h"
#include "format/checksum.h"

namespace windrow {

Result<std::vector<ChecksummedTensor>> checksummed_tensors(const DataFile& file, uint32_t block_bytes) {
  std::vector<ChecksummedTensor> list;
  if (block_bytes == 0) return list;
  if (block_bytes != kChecksumBlockBytes) {
    return fail(ErrorCode::kUnsupported, file.path(), ": its checksums are of blocks of ", block_bytes,
                " bytes, this version knows blocks of ", kChecksumBlockBytes);
  }
  const auto* checksum = file.header.find("checksum");
  const uint64_t entries = block_count(file.header.tensors);
  if (!checksum || checksum->dtype != "I64" || (checksum->end - checksum->begin) / 8 != entries) {
    return fail(ErrorCode::kFormat, file.path(), ": the tensor \"checksum\" is missing, or does not have ",
                entries, " entries of type I64, one for each block of ", kChecksumBlockBytes, " bytes");
  }
  uint64_t next = checksum->begin;
  for (const auto& tensor : file.header.tensors) {
    if (!is_checksummed(tensor.name)) continue;
    list.push_back({&tensor, next});
    next += 8 * block_count(tensor.end - tensor.begin);
  }
  return list;
}

Result<std::vector<ChecksummedTensor>> checksummed_tensors(const TableFile& table) {
  return checksummed_tensors(table, table.slot->checksum_block_bytes);
}

}  // namespace windrow
