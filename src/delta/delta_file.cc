#include "delta/delta_file.h"

#include <algorithm>
#include <limits>

#include "base/fail.h"
#include "base/guard.h"
#include "delta/delta_format.h"
#include "format/checksum.h"
#include "table/check_blocks.h"
#include "table/optimizer_state.h"

namespace windrow {

namespace {

std::span<uint8_t> writable_bytes(std::vector<int64_t>& numbers) {
  return {reinterpret_cast<uint8_t*>(numbers.data()), numbers.size() * sizeof(int64_t)};
}

}  // namespace

tl::unexpected<Error> DeltaFile::bad(const std::string& why) const {
  return fail(ErrorCode::kFormat, path(), ": ", why, "; make the delta anew, with `windrow delta`");
}

Result<DeltaFile> DeltaFile::open(io::FileSystem& system, const std::string& path) {
  auto file = open_data_file(system, path, io::Access::kRead);
  if (!file) return pass(file);
  DeltaFile delta;
  delta.file_ = std::move(*file);
  if (auto read = delta.read_ends(); !read) return pass(read);
  if (auto read = delta.read_rows(); !read) return pass(read);
  if (auto found = delta.find_parts(); !found) return pass(found);
  if (auto found = delta.find_tokens(); !found) return pass(found);
  return delta;
}

Result<void> DeltaFile::read_ends() {
  const auto* tensor = file_.header.find(kDeltaEnds);
  if (!tensor || tensor->dtype != "U8" || tensor->end - tensor->begin != 2 * kSlotBytes) {
    return fail(ErrorCode::kFormat, path(), ": not a delta (there is no tensor \"", kDeltaEnds, "\" of ",
                2 * kSlotBytes, " bytes); `windrow delta OLD NEW -o FILE` makes one of two tables");
  }
  std::vector<uint8_t> bytes(2 * kSlotBytes);
  if (auto read = file_.file->read(tensor->begin, bytes); !read) return read;
  for (const size_t end : {0, 1}) {
    const auto part = std::span<const uint8_t>(bytes).subspan(end * kSlotBytes, kSlotBytes);
    auto slot = decode_slot(part, 0);
    if (!slot) slot = decode_slot(part, 1);
    if (!slot)
      return bad(concat("byte ", tensor->begin + end * kSlotBytes, ": this slot of \"", kDeltaEnds,
                        "\" is damaged"));
    if (auto known = check_known(*slot); !known) return tl::make_unexpected(with_path(known.error(), path()));
    (end == 0 ? base_ : target_) = std::move(*slot);
  }
  if (target_.layout != file_.header_sum)
    return bad("the header is not the one that was written, as if another program had saved the file anew");
  if (base_.content == 0 || target_.content == 0 || base_.rows_in_use != target_.rows_in_use)
    return bad("its two slots do not belong together");
  return {};
}

Result<void> DeltaFile::read_rows() {
  const auto* tensor = file_.header.find(kDeltaRows);
  if (!tensor || tensor->dtype != "I64" || tensor->shape.size() != 1)
    return bad(concat("there is no tensor \"", kDeltaRows, "\" of I64 in one dimension"));
  rows_.resize(tensor->shape[0]);  // no more than the file has bytes
  if (auto read = file_.file->read(tensor->begin, writable_bytes(rows_)); !read) return read;
  int64_t above = -1;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i] <= above || static_cast<uint64_t>(rows_[i]) >= target_.rows_in_use) {
      return bad(concat("byte ", tensor->begin + 8 * i, ": row ", rows_[i], " behind ", above,
                        ": rows must ascend, and the table has ", target_.rows_in_use));
    }
    above = rows_[i];
  }
  return {};
}

Result<void> DeltaFile::find_parts() {
  for (const auto& tensor : file_.header.tensors) {
    if (tensor.name != "weight" && !tensor.name.starts_with(kStatePrefix)) continue;
    if (tensor.shape.empty() || tensor.shape[0] != rows_.size())
      return bad(concat("the tensor \"", tensor.name, "\" is not of ", rows_.size(), " rows"));
    const uint64_t bytes = tensor.end - tensor.begin;
    if (!rows_.empty() && (bytes == 0 || bytes % rows_.size() != 0))
      return bad(
          concat("the tensor \"", tensor.name, "\" has ", bytes, " bytes for ", rows_.size(), " rows"));
    parts_.push_back({&tensor, rows_.empty() ? 0 : static_cast<size_t>(bytes / rows_.size())});
  }
  if (parts_.empty() || parts_[0].tensor->name != "weight")
    return bad("there is no tensor \"weight\" before the states");
  return {};
}

Result<void> DeltaFile::find_tokens() {
  token_bytes_ = file_.header.find(kDeltaTokenBytes);
  token_offsets_ = file_.header.find(kDeltaTokenOffsets);
  if (!token_bytes_ && !token_offsets_) return {};
  if (!token_bytes_ || !token_offsets_ || token_offsets_->dtype != "I64" ||
      token_offsets_->shape != std::vector<uint64_t>{rows_.size() + 1}) {
    return bad(concat("there are no \"", kDeltaTokenBytes, "\" and \"", kDeltaTokenOffsets,
                      "\" of a token for each of ", rows_.size(), " rows"));
  }
  return {};
}

DeltaInfo DeltaFile::info() const {
  DeltaInfo info;
  info.rows = static_cast<int64_t>(rows_.size());
  info.table_rows = static_cast<int64_t>(target_.rows_in_use);
  info.dim = target_.dim;
  info.base_content = base_.content;
  info.target_content = target_.content;
  info.base_generation = base_.generation;
  info.target = {target_.generation, target_.tag, static_cast<int64_t>(target_.step_count)};
  info.has_state = has_state();
  info.has_tokens = has_tokens();
  return info;
}

Result<void> DeltaFile::verify() const {
  const auto tensors = checksummed_tensors(file_, kChecksumBlockBytes);
  if (!tensors) return tl::make_unexpected(tensors.error());
  for (const auto& of : *tensors) {
    // A file whose end was never written has zeros for checksums, too.
    auto damage = find_damage(*file_.file, of, 0);
    if (!damage) return pass(damage);
    if (!damage->empty()) return bad(concat(*damage, ": the file is damaged"));
  }
  return {};
}

Result<void> DeltaFile::read(size_t part, size_t first, std::span<uint8_t> bytes) const {
  return file_.file->read(parts_[part].tensor->begin + first * parts_[part].row_bytes, bytes);
}

Result<DeltaFile::Tokens> DeltaFile::read_tokens() const {
  Tokens read;
  read.bytes.resize(token_bytes_->end - token_bytes_->begin);
  const std::span<uint8_t> bytes{reinterpret_cast<uint8_t*>(read.bytes.data()), read.bytes.size()};
  if (auto got = file_.file->read(token_bytes_->begin, bytes); !got) return pass(got);
  std::vector<int64_t> offsets(rows_.size() + 1);
  if (auto got = file_.file->read(token_offsets_->begin, writable_bytes(offsets)); !got) return pass(got);
  if (offsets.front() != 0 || offsets.back() != static_cast<int64_t>(read.bytes.size()))
    return bad(concat("\"", kDeltaTokenOffsets, "\" does not go from 0 to the end of the tokens"));
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (offsets[i + 1] < offsets[i] || offsets[i + 1] > offsets.back()) {
      return bad(concat("byte ", token_offsets_->begin + 8 * (i + 1), ": the offset ", offsets[i + 1],
                        " behind ", offsets[i]));
    }
    read.tokens.emplace_back(read.bytes.data() + offsets[i],
                             static_cast<size_t>(offsets[i + 1] - offsets[i]));
  }
  return read;
}

Result<DeltaInfo> read_delta_info(const std::string& path) {
  return guard([&]() -> Result<DeltaInfo> {
    const auto delta = DeltaFile::open(io::posix(), path);
    if (!delta) return tl::make_unexpected(delta.error());
    return delta->info();
  });
}

}  // namespace windrow
