#include "delta/delta_writer.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fail.h"
#include "delta/delta_format.h"
#include "format/checksum.h"
#include "table/optimizer_state.h"
#include "table/replacement.h"
#include "table/tensor_sink.h"

namespace windrow {

namespace {

constexpr size_t kBytesAtOnce = size_t{1} << 20;

// Its columns are the values of a row without the padding behind them; bytes where those are no whole values.
safetensors::NewTensor weight_part(const TableFile& table, uint64_t rows) {
  const std::string& dtype = table.header.find("weight")->dtype;
  const uint64_t bits = 8 * table.format.row_bytes(), value_bits = safetensors::bits_of(dtype).value_or(8);
  if (bits % value_bits != 0) return {"weight", "U8", {rows, bits / 8}};
  return {"weight", dtype, {rows, bits / value_bits}};
}

class DeltaWriter {
 public:
  DeltaWriter(const NewDelta& delta, const FillRows& fill, io::AtomicFile& file)
      : delta_(delta), fill_(fill), file_(file), sink_(file) {}

  Result<void> write() {
    auto layout = safetensors::lay_out(tensors(), {});
    if (!layout) return tl::make_unexpected(with_path(layout.error(), file_.file().path()));
    if (auto reserved = file_.file().reserve(layout->file_bytes); !reserved) return reserved;
    if (auto written = file_.append(layout->header); !written) return written;
    if (auto written = put(ends(sum32(layout->header))); !written) return written;
    if (auto written = put(bytes_of(delta_.rows)); !written) return written;
    for (size_t part = 0; part < delta_.parts.size(); ++part) {
      if (auto written = put_part(part); !written) return written;
    }
    if (delta_.tokens) {
      if (auto written = put_tokens(); !written) return written;
    }
    return file_.append(bytes_of(sink_.checksums()));
  }

 private:
  std::vector<safetensors::NewTensor> tensors() const {
    const uint64_t rows = delta_.rows.size();
    std::vector<safetensors::NewTensor> list = {{kDeltaEnds, "U8", {2 * kSlotBytes}},
                                                {kDeltaRows, "I64", {rows}}};
    list.insert(list.end(), delta_.parts.begin(), delta_.parts.end());
    if (delta_.tokens) {
      uint64_t bytes = 0;
      for (const auto token : *delta_.tokens) bytes += token.size();
      list.push_back({kDeltaTokenBytes, "U8", {bytes}});
      list.push_back({kDeltaTokenOffsets, "I64", {rows + 1}});
    }
    uint64_t blocks = 0;
    for (const auto& tensor : list) blocks += block_count(bytes_of_tensor(tensor));
    list.push_back({"checksum", "I64", {blocks}});
    return list;
  }

  static uint64_t bytes_of_tensor(const safetensors::NewTensor& tensor) {
    uint64_t bits = safetensors::bits_of(tensor.dtype).value_or(8);
    for (const uint64_t n : tensor.shape) bits *= n;
    return bits / 8;
  }

  // Both slots. That of the target is bound to this header, as `_meta` is to that of its table.
  std::vector<uint8_t> ends(uint32_t layout) const {
    MetaSlot target = delta_.target;
    target.layout = layout;
    std::vector<uint8_t> bytes;
    for (const MetaSlot& slot : {delta_.base, target}) {
      const auto encoded = encode_slot(slot);
      bytes.insert(bytes.end(), encoded.begin(), encoded.end());
    }
    return bytes;
  }

  Result<void> put(std::span<const uint8_t> bytes) {
    if (auto written = sink_.put(bytes); !written) return written;
    return sink_.end_tensor();
  }

  Result<void> put_part(size_t part) {
    const size_t rows = delta_.rows.size();
    const size_t row_bytes = rows == 0 ? 1 : bytes_of_tensor(delta_.parts[part]) / rows;
    const size_t at_once = std::clamp<size_t>(kBytesAtOnce / row_bytes, 1, std::max<size_t>(1, rows));
    std::vector<uint8_t> block(at_once * row_bytes);
    for (size_t first = 0; first < rows; first += at_once) {
      const auto bytes = std::span(block).first(std::min(at_once, rows - first) * row_bytes);
      if (auto filled = fill_(part, first, bytes); !filled) return filled;
      if (auto written = sink_.put(bytes); !written) return written;
    }
    return sink_.end_tensor();
  }

  Result<void> put_tokens() {
    std::vector<int64_t> offsets = {0};
    for (const auto token : *delta_.tokens) {
      offsets.push_back(offsets.back() + static_cast<int64_t>(token.size()));
      if (auto written = sink_.put(windrow::bytes_of(token)); !written) return written;
    }
    if (auto ended = sink_.end_tensor(); !ended) return ended;
    return put(windrow::bytes_of(offsets));
  }

  const NewDelta& delta_;
  const FillRows& fill_;
  io::AtomicFile& file_;
  TensorSink sink_;
};

}  // namespace

std::vector<safetensors::NewTensor> delta_parts(const TableFile& table, size_t rows, bool with_state) {
  std::vector<safetensors::NewTensor> parts = {weight_part(table, rows)};
  if (!with_state || table.rows == 0) return parts;
  for (const auto& tensor : table.header.tensors) {
    if (!tensor.name.starts_with(kStatePrefix)) continue;
    parts.push_back({tensor.name, tensor.dtype, tensor.shape});
    parts.back().shape[0] = rows;
  }
  return parts;
}

Result<io::AtomicFile> write_delta_file(io::FileSystem& system, const std::string& path,
                                        const std::string& like, const NewDelta& delta,
                                        const FillRows& fill) {
  if (auto free = refuse_if_trained(system, path); !free) return pass(free);
  // Who may not read the table may not read its rows here either.
  auto file = io::AtomicFile::create(system, path, like);
  if (!file) return file;
  if (auto written = DeltaWriter(delta, fill, *file).write(); !written) return pass(written);
  return file;
}

}  // namespace windrow
