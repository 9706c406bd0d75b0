#include "train/rewrite.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/checksum.h"
#include "table/checksum_map.h"
#include "table/optimizer_state.h"
#include "table/state_tensors.h"

namespace windrow {

namespace {

constexpr std::string_view kOptimizerKey = "windrow.optimizer";

bool is_state(const safetensors::Tensor& tensor) {
  return tensor.name.starts_with(kStatePrefix);
}

class Rewriter {
 public:
  Rewriter(const TableFile& source, const Rewrite& rewrite, io::AtomicFile& file)
      : source_(source), rewrite_(rewrite), file_(file), sink_(file) {}

  Result<void> write() {
    auto entries = checksummed_tensors(source_);
    if (!entries) return pass(entries);
    entries_ = std::move(*entries);
    for (const auto& tensor : source_.header.tensors) {
      // The rest is made anew; `weight` comes first, before the state.
      if (is_checksummed(tensor.name) && !is_state(tensor) && tensor.name != "weight")
        behind_.push_back(&tensor);
    }
    auto layout = safetensors::lay_out(new_tensors(), new_metadata());
    if (!layout) return tl::make_unexpected(with_path(layout.error(), source_.path()));
    total_ = layout->file_bytes;
    if (auto written = write_front(layout->header); !written) return written;
    if (auto copied = copy(*source_.header.find("weight")); !copied) return copied;
    if (rewrite_.optimizer) {
      auto written = write_state(sink_, *rewrite_.optimizer, rows(), dim(), rewrite_.values, between());
      if (!written) return written;
    }
    for (const auto* tensor : behind_) {
      if (auto copied = copy(*tensor); !copied) return copied;
    }
    if (auto written = file_.append(bytes_of(sink_.checksums())); !written) return written;
    return between()();
  }

 private:
  uint64_t rows() const { return static_cast<uint64_t>(source_.rows); }
  uint64_t dim() const { return static_cast<uint64_t>(source_.format.dim); }

  // After each part: says how far it is.
  BetweenParts between() {
    return [this]() -> Result<void> {
      if (!rewrite_.progress || rewrite_.progress(file_.position(), total_)) return {};
      return fail(ErrorCode::kIo, source_.path(), ": stopped as asked; the table is unchanged");
    };
  }

  std::vector<safetensors::NewTensor> new_tensors() const {
    std::vector<safetensors::NewTensor> list = {{"_meta", "U8", {kMetaBytes}}};
    uint64_t blocks = 0;
    const auto keep = [&](const safetensors::Tensor& tensor) {
      list.push_back({tensor.name, tensor.dtype, tensor.shape});
      blocks += block_count(tensor.end - tensor.begin);
    };
    keep(*source_.header.find("weight"));
    if (rewrite_.optimizer) {
      for (const auto& state : state_tensors(*rewrite_.optimizer)) {
        list.push_back(describe_state(state, rows(), dim()));
        blocks += block_count(rows() * (state.per_row ? 1 : dim()) * sizeof(float));
      }
    }
    for (const auto* tensor : behind_) keep(*tensor);
    list.push_back({"checksum", "I64", {blocks}});
    return list;
  }

  std::vector<std::pair<std::string, std::string>> new_metadata() const {
    auto metadata = source_.header.metadata;
    metadata.erase(std::string(kOptimizerKey));
    if (rewrite_.optimizer) metadata.emplace(kOptimizerKey, optimizer_name(*rewrite_.optimizer));
    return {metadata.begin(), metadata.end()};
  }

  // Header and `_meta`: the next generation of the same table, so in the other slot.
  Result<void> write_front(std::span<const uint8_t> header) {
    MetaSlot slot = *source_.slot;
    ++slot.generation;
    slot.layout = sum32(header);
    slot.optimizer_id = rewrite_.optimizer ? optimizer_id(*rewrite_.optimizer) : kNoOptimizer;
    slot.step_count = static_cast<uint64_t>(rewrite_.step_count);
    slot.checksum_block_bytes = kChecksumBlockBytes;
    slot.content = rewrite_.content;
    const auto bytes = encode_slot(slot);
    std::vector<uint8_t> meta(kMetaBytes);
    std::copy(bytes.begin(), bytes.end(), meta.begin() + slot.generation % 2 * kSlotPage);
    if (auto written = file_.append(header); !written) return written;
    return file_.append(meta);
  }

  Result<void> copy(const safetensors::Tensor& tensor) {
    // 0, "not computed", where the source has none.
    std::vector<int64_t> checksums(block_count(tensor.end - tensor.begin));
    for (const auto& of : entries_) {
      if (of.tensor != &tensor) continue;
      auto read = source_.file->read(of.entries_begin, {reinterpret_cast<uint8_t*>(checksums.data()),
                                                        checksums.size() * sizeof(int64_t)});
      if (!read) return read;
    }
    return sink_.copy_tensor(*source_.file, tensor.begin, tensor.end - tensor.begin, checksums, between());
  }

  const TableFile& source_;
  const Rewrite& rewrite_;
  io::AtomicFile& file_;
  TensorSink sink_;
  std::vector<ChecksummedTensor> entries_;
  std::vector<const safetensors::Tensor*> behind_;  // the tensors that stand behind the state
  uint64_t total_ = 0;
};

}  // namespace

Result<io::AtomicFile> write_anew(io::FileSystem& system, const TableFile& source, const std::string& target,
                                  const Rewrite& rewrite) {
  // Who may not read the table may not read a copy of it either; a file that is replaced has had its own say.
  auto file = io::AtomicFile::create(system, target, source.path());
  if (!file) return file;
  if (auto written = Rewriter(source, rewrite, *file).write(); !written) return pass(written);
  return file;
}

bool keeps_state(const TableFile& table) {
  return std::any_of(table.header.tensors.begin(), table.header.tensors.end(), is_state);
}

}  // namespace windrow
