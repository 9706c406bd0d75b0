#include <algorithm>
#include <vector>

#include "base/guard.h"
#include "base/parallel.h"
#include "base/prefetch.h"
#include "kernels/copy.h"
#include "kernels/rows.h"
#include "lookup/lookup_threads.h"
#include "lookup/value_rows.h"
#include "lookup/zero_row.h"
#include "table/request.h"
#include "table/row_stream.h"
#include "table/whole_check.h"
#include "windrow/lookup.h"

namespace windrow {

namespace {

// Outputs beyond this size are written past the caches, where they would not stay anyway (bench/README.md,
// "Non-temporal stores").
constexpr size_t kStreamBytes = size_t{16} << 20;

// A checked request, as every thread sees it.
struct GatherWork {
  const TableData& table;
  Ids ids;
  RowsOut out;
  RowStream::Options located;
  kernels::CopyFn copy = nullptr;  // rows are stored as `out` wants them ...
  bool streams = false;
  kernels::DecodeRowsFn decode = nullptr;    // ... or are decoded,
  kernels::EncodeValuesFn encode = nullptr;  // and encoded where `out` holds no floats

  size_t dim() const { return static_cast<size_t>(table.format.dim); }
};

bool same_values(RowFormat::Kind kind, ValueType type) {
  return (kind == RowFormat::Kind::kF32 && type == ValueType::kF32) ||
         (kind == RowFormat::Kind::kF16 && type == ValueType::kF16) ||
         (kind == RowFormat::Kind::kBf16 && type == ValueType::kBf16);
}

void choose_kernels(GatherWork& work) {
  if (!same_values(work.table.format.kind, work.out.type)) {
    work.decode = kernels::decode_rows(work.table.format);
    work.encode = encoder_of(work.out);
    // Wider rows than the scratch are decoded one at a time, into memory of their own.
    if (work.encode)
      work.located.max_run = std::clamp<size_t>(kScratchFloats / work.dim(), 1, work.located.max_run);
    return;
  }
  const size_t row_bytes = work.table.format.row_bytes(),
               stride = work.out.row_stride * bytes_of_value(work.out.type);
  work.streams = work.ids.count * row_bytes >= kStreamBytes && row_bytes % kCacheLine == 0 &&
                 stride % kCacheLine == 0 && reinterpret_cast<uintptr_t>(work.out.data) % kCacheLine == 0;
  work.copy = work.streams ? kernels::stream_rows() : kernels::copy_rows();
}

// Positions [begin, end). `wide`: floats for one row, where the scratch is too small.
void gather_range(const GatherWork& work, size_t begin, size_t end, float* wide) {
  RowStream stream(work.table, work.ids, begin, end, work.located);
  const size_t stride = work.out.row_stride * bytes_of_value(work.out.type);
  Scratch scratch;
  float* floats = wide ? wide : scratch.data();
  for (size_t at = begin; at < end;) {
    const kernels::Rows rows = stream.next(end - at).rows;
    uint8_t* to = row_of(work.out, at);
    if (work.copy) {
      work.copy({rows.at, rows.count, rows.ahead, work.table.format.row_bytes()}, to, stride);
    } else if (!work.encode) {
      work.decode(work.table.format, rows, reinterpret_cast<float*>(to), work.out.row_stride);
    } else {
      work.decode(work.table.format, rows, floats, work.dim());
      for (size_t i = 0; i < rows.count; ++i)
        work.encode(floats + i * work.dim(), work.dim(), to + i * stride);
    }
    at += rows.count;
  }
  if (work.streams) kernels::stream_fence();
}

}  // namespace

Result<LookupReport> gather(const Table& table, Ids ids, RowsOut out, const LookupOptions& options) {
  return guard([&]() -> Result<LookupReport> {
    const TableData& data = table.internals();
    if (auto checked = check_rows(out, ids.count, data.format.dim, "out"); !checked) return pass(checked);
    auto checked = check_ids(ids, data.rows, options.padding_id, options.bad_ids);
    if (!checked) return pass(checked);

    // A padding id that is a row is read like any other; one that is none stands for zeros, as a bad one does.
    IdFilter filter = checked->filter;
    if (filter.padding_id && filter.is_row(*filter.padding_id)) filter.padding_id.reset();
    GatherWork work{data, ids, out, reading(data, filter)};
    const ZeroRow zeros(data, !filter.uses_all());
    work.located.unused_row = work.located.unused_scales = zeros.bytes();
    choose_kernels(work);
    const WholeCheck whole(data);
    const int threads = lookup_threads(options.threads, ids.count, ids.count * row_cost(data));
    const bool needs_wide = work.encode && work.dim() > kScratchFloats;
    std::vector<float> wide(needs_wide ? static_cast<size_t>(threads) * work.dim() : 0);
    parallel(threads, [&](int thread) {
      const auto t = static_cast<size_t>(thread), count = static_cast<size_t>(threads);
      gather_range(work, ids.count * t / count, ids.count * (t + 1) / count,
                   needs_wide ? wide.data() + t * work.dim() : nullptr);
    });
    if (auto read = whole.end(); !read) return pass(read);
    return LookupReport{checked->skipped};
  });
}

}  // namespace windrow
