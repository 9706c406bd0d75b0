#include "lookup_case.h"

#include "base/fail.h"

using windrow::concat;
using windrow::RowFormat;

namespace {

const char* op_name(Op op) {
  switch (op) {
    case Op::kGather:
      return "gather";
    case Op::kSum:
      return "pool_sum";
    case Op::kWeighted:
      return "pool_weighted";
    case Op::kMean:
      return "pool_mean";
    case Op::kMax:
      return "pool_max";
  }
  return "";
}

constexpr int64_t kFarBeyond = 10'000'000;  // x 64: 2.56 GB of f32
constexpr int64_t kLarge = 1'000'000;
constexpr int64_t kLastLevel = 100'000;  // x 64: 25.6 MB of f32

}  // namespace

std::string LookupCase::name() const {
  const LookupCase usual;
  std::string text = concat(op_name(op), "/", row_format_name(format.kind), "/dim:", format.dim);
  if (op != Op::kGather) text += concat("/bag:", bag);
  text += concat("/rows:", rows, "/ids:", stream_name(stream));
  if (table) text += concat("/table:", table);
  if (batch != usual.batch) text += concat("/batch:", batch);
  if (padding) text += "/padding:1";
  if (shards != usual.shards) text += concat("/shards:", shards);
  if (format.stride_bytes != format.row_bytes()) text += concat("/stride:", format.stride_bytes);
  if (base_offset != usual.base_offset) text += concat("/offset:", base_offset);
  if (huge_pages != usual.huge_pages) text += "/pages:4KiB";
  return concat(text, "/threads:", threads);
}

std::vector<LookupCase> default_cases(int all_threads) {
  const auto f32 = RowFormat::f32(64);
  std::vector<LookupCase> one = {
      {.format = f32, .rows = kFarBeyond},
      {.format = RowFormat::f32(128), .rows = kLarge},
      {.format = f32, .rows = kLastLevel},
      {.format = RowFormat::f16(64), .rows = kFarBeyond},
      {.format = RowFormat::int8(64), .rows = kFarBeyond},
      {.format = RowFormat::int4(64), .rows = kFarBeyond},
      {.format = RowFormat::fp8_e4m3(64), .rows = kFarBeyond},
      {.format = RowFormat::bf16(128), .rows = kLarge},
      {.format = RowFormat::int8(64), .rows = kLastLevel},
      {.op = Op::kGather, .format = f32, .rows = kFarBeyond, .batch = 4096},
      {.op = Op::kGather, .format = f32, .rows = kFarBeyond},
      // What has no cliff: each of these beside the plain sum.
      {.op = Op::kMax, .format = f32, .rows = kFarBeyond},
      {.op = Op::kMean, .format = f32, .rows = kFarBeyond},
      {.op = Op::kWeighted, .format = f32, .rows = kFarBeyond},
      {.format = f32, .rows = kFarBeyond, .padding = true},
      {.format = f32, .rows = kFarBeyond, .stream = Stream::kZipf},
      {.format = f32, .rows = kFarBeyond, .shards = 128},
      // Rows that straddle cache lines: shifted by their file's header, or of an odd number of bytes.
      {.format = f32, .rows = kFarBeyond, .base_offset = 8},
      {.format = f32, .rows = kFarBeyond, .base_offset = 32},
  };
  for (const int64_t dim : {50, 100, 300}) {
    one.push_back({.format = RowFormat::f32(dim), .rows = kLarge});
    one.push_back({.format = RowFormat::f32(dim).padded_to_lines(), .rows = kLarge});
  }
  one.push_back({.format = f32, .rows = kFarBeyond, .huge_pages = false});

  std::vector<LookupCase> cases;
  for (const LookupCase& wanted : one) {
    cases.push_back(wanted);
    if (all_threads == 1) continue;
    cases.push_back(wanted);
    cases.back().threads = all_threads;
  }
  return cases;
}

std::vector<LookupCase> all_cases(int all_threads) {
  struct Size {
    const char* name;
    size_t bytes;
  };
  // Inside the second-level cache of a core, inside the last level that cores share, and beyond both.
  constexpr Size kSizes[] = {{"256KiB", 256 << 10}, {"8MiB", 8 << 20}, {"1GiB", 1 << 30}};
  constexpr RowFormat::Kind kKinds[] = {
      RowFormat::Kind::kF32,     RowFormat::Kind::kF16,     RowFormat::Kind::kBf16,
      RowFormat::Kind::kFp8E4m3, RowFormat::Kind::kFp8E5m2, RowFormat::Kind::kInt8,
      RowFormat::Kind::kInt4,    RowFormat::Kind::kInt2,    RowFormat::Kind::kI8};
  std::vector<LookupCase> cases;
  for (const Size& size : kSizes) {
    for (const auto kind : kKinds) {
      for (const int64_t dim : {8, 16, 32, 50, 64, 100, 128, 160, 256, 300, 768}) {
        const auto format = RowFormat::of(kind, dim);
        const auto rows = static_cast<int64_t>(size.bytes / format.stride_bytes);
        for (const Op op : {Op::kGather, Op::kSum, Op::kWeighted, Op::kMean, Op::kMax}) {
          cases.push_back({.op = op, .format = format, .rows = rows, .table = size.name});
          if (all_threads == 1) continue;
          cases.push_back(cases.back());
          cases.back().threads = all_threads;
        }
      }
    }
  }
  return cases;
}
