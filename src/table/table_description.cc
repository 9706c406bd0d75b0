#include "table/table_description.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/fail.h"
#include "format/meta_slot.h"
#include "table/state_tensors.h"
#include "table/subwords_metadata.h"

namespace windrow {

namespace {

// What `weight` is to other programs: values where safetensors has their type, else bytes.
safetensors::NewTensor weight_tensor(uint64_t rows, const RowFormat& format) {
  const uint64_t bytes = format.stride_bytes;
  switch (format.kind) {
    case RowFormat::Kind::kF32:
      return {"weight", "F32", {rows, bytes / 4}};
    case RowFormat::Kind::kF16:
      return {"weight", "F16", {rows, bytes / 2}};
    case RowFormat::Kind::kBf16:
      return {"weight", "BF16", {rows, bytes / 2}};
    case RowFormat::Kind::kFp8E4m3:
      return {"weight", format.block > 0 ? "U8" : "F8_E4M3", {rows, bytes}};
    case RowFormat::Kind::kFp8E5m2:
      return {"weight", format.block > 0 ? "U8" : "F8_E5M2", {rows, bytes}};
    case RowFormat::Kind::kI8:
      return {"weight", format.block > 0 ? "U8" : "I8", {rows, bytes}};
    case RowFormat::Kind::kInt8:
    case RowFormat::Kind::kInt4:
    case RowFormat::Kind::kInt2:
      break;
  }
  return {"weight", "U8", {rows, bytes}};
}

// "f32:64": the type of scale, and how many columns share one.
std::string scale_text(const RowFormat& format) {
  return concat(scale_type_name(format.scale_type), ":", format.block);
}

std::vector<safetensors::NewTensor> tensors_of(const TableWriterSpec& spec, const TableSizes& sizes) {
  std::vector<safetensors::NewTensor> list = {{"_meta", "U8", {kMetaBytes}},
                                              weight_tensor(sizes.rows, spec.format)};
  if (spec.optimizer) {
    for (const auto& state : state_tensors(*spec.optimizer))
      list.push_back(describe_state(state, sizes.rows, static_cast<uint64_t>(spec.format.dim)));
  }
  if (sizes.tokens > 0) {
    list.push_back({"vocab.bytes", "U8", {sizes.token_bytes}});
    list.push_back({"vocab.offsets", "I64", {sizes.tokens + 1}});
    if (sizes.token_rows) list.push_back({"vocab.rows", "I64", {sizes.tokens}});
    if (sizes.token_weights) list.push_back({"vocab.weights", "F32", {sizes.tokens}});
    list.push_back({"vocab.index", "I64", {sizes.index_slots}});
  }
  if (spec.subwords && spec.subwords->kept) list.push_back({kKeptBuckets, "I64", {spec.kept_buckets.size()}});
  list.push_back({"checksum", "I64", {sizes.checksums}});
  return list;
}

std::vector<std::pair<std::string, std::string>> metadata_of(const TableWriterSpec& spec,
                                                             const TableSizes& sizes) {
  std::vector<std::pair<std::string, std::string>> list = {
      {"format", "pt"},  // loaders of torch checkpoints look for it
      {"windrow.row_format", std::string(row_format_name(spec.format.kind))},
      {"windrow.dim", std::to_string(spec.format.dim)},
  };
  if (spec.format.block > 0) list.emplace_back("windrow.scale", scale_text(spec.format));
  if (spec.optimizer) {
    list.emplace_back("windrow.optimizer", std::string(optimizer_name(*spec.optimizer)));
  }
  if (sizes.tokens > 0) list.emplace_back("windrow.vocab_hash", "xxh3-64");
  if (spec.subwords) {
    for (auto& entry : subwords_metadata(*spec.subwords)) list.push_back(std::move(entry));
  }
  list.insert(list.end(), spec.metadata.begin(), spec.metadata.end());
  return list;
}

tl::unexpected<Error> too_long() {
  return fail(ErrorCode::kInvalidArgument, "the metadata is too long: it must fit into a header of ",
              kTableHeaderBytes,
              " bytes together with the descriptions of all tensors, which take up to 1700");
}

}  // namespace

Result<safetensors::Layout> describe_table(const TableWriterSpec& spec, const TableSizes& sizes) {
  auto layout = safetensors::lay_out(tensors_of(spec, sizes), metadata_of(spec, sizes));
  if (layout && layout->header.size() != kTableHeaderBytes) return too_long();
  return layout;
}

Result<void> check_metadata(const TableWriterSpec& spec) {
  // Numbers as long as any, or a digit less: all tensors together stay below 2^48 bytes. Odd ones make fillers.
  // kDigits is more than those digits.
  constexpr size_t kDigits = 64;
  constexpr uint64_t kBytes = uint64_t{1} << 45;
  const auto dim = static_cast<uint64_t>(spec.format.dim);
  const uint64_t state_bytes = spec.optimizer ? state_row_bytes(*spec.optimizer, dim) : 0;
  TableSizes sizes{kBytes / (spec.format.stride_bytes + std::max(state_bytes, dim * sizeof(float))) | 1};
  sizes.tokens = sizes.rows;
  sizes.token_rows = sizes.token_weights = true;
  sizes.token_bytes = kBytes | 1;
  sizes.index_slots = kBytes / 16;
  sizes.checksums = kBytes / 4096;
  auto layout = describe_table(spec, sizes);
  if (!layout) return pass(layout);
  const auto spaces =
      std::find_if(layout->header.rbegin(), layout->header.rend(), [](uint8_t c) { return c != ' '; });
  if (spaces - layout->header.rbegin() < static_cast<ptrdiff_t>(kDigits)) return too_long();
  return {};
}

}  // namespace windrow
