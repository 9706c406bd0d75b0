#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/table.h>
#include <windrow/views.h>
#include <cstdint>
#include <optional>
#include <span>

namespace windrow {

enum class Pooling : uint8_t { kSum, kMean, kMax };

// What to do with an id outside [0, rows).
enum class BadIds : uint8_t {
  kError,  // refuse the request
  kSkip,   // treat it like a padding id, and count it
};

struct LookupOptions {
  // 0: as many as the machine has. 1: the caller's thread only; OpenMP is never entered. Small requests
  // (64 ids and fewer) always run on the caller's thread, and gather() and pool() allocate nothing for them
  // (but for rows wider than 2048 values into 16-bit outputs, padding in rows of more than 8 KiB, and more
  // than 64 bags).
  int threads = 0;
  // An id that stands for "nothing here". It need not be a row: -1 works. Compared before the bounds check.
  std::optional<int64_t> padding_id = {};
  BadIds bad_ids = BadIds::kError;
};

struct LookupReport {
  int64_t skipped_ids = 0;  // bad ids that were left out
};

// Copies rows of `table`, decoded: out row i = row ids[i].
//
// Rows whose format is that of `out` are copied bit for bit. Others are decoded to float, and rounded to the
// nearest f16 or bf16 (ties to even, NaN to a quiet one of the same sign) where `out` holds such.
// A padding id gives its stored row when it is a row (as torch.nn.Embedding does), else zeros; a skipped id
// gives zeros.
//
// Shapes:     out has ids.count rows of at least table.dim() values; further columns are left alone. It does
//             not overlap the ids or the table.
// Errors:     kInvalidArgument  out has another number of rows, or a row_stride below table.dim()
//             kOutOfRange       an id outside [0, rows); the message gives position and value
//             kNoMemory
//             kUnclean          with OpenOptions::whole_rows: a trainer died while it changed one of the rows
// On failure: out is untouched; everything is checked before the first write, but for kUnclean, after which out holds
//             anything.
// Lifetime:   nothing passed in is kept. The arrays stay unchanged during the call.
// Threads:    any number of lookups at a time on one table, from any threads. OpenMP's threads serve one
//             request at a time, and at most four threads of the process, the first to need them, until they
//             end; any other request runs on its caller's thread. A lookup that overlaps
//             a training step may see a row half old, half new, unless the table was opened with
//             OpenOptions::whole_rows.
[[nodiscard]] WINDROW_API Result<LookupReport> gather(const Table& table, Ids ids, RowsOut out,
                                                      const LookupOptions& options = {});

// Pools rows of `table` into one output row per bag.
//
//   for each bag b, over positions i of the bag whose id is used (not padding, not skipped), in order, for
//   every column c, with x = row(ids[i])[c] decoded to float:
//     kSum   acc = 0;               acc = acc + x
//            with weights:          acc = acc + (weights[i] * x)
//     kMean  as kSum, then          acc / count        count = ids used, not the sum of the weights
//     kMax   first used id: acc = x; later ids: acc = (x > acc) ? x : acc
//   a bag without used ids gives +0 in every mode
//
// Each product, sum and quotient is rounded to float separately, so the result has the same bits on every CPU
// and for every number of threads (NaN payloads excepted). Where `out` holds f16 or bf16 the finished float
// is rounded once, as in gather(). A repeated id counts each time it occurs. One huge bag is shared among
// threads by columns, 16 and more at a time.
//
// Shapes:     out has one row per bag of at least table.dim() values; further columns are left alone.
// Errors:     kInvalidArgument  an array has the wrong length, offsets or lengths break the rule of `Bags`
//                               (the message names the bag), kMax with weights, out as in gather()
//             kOutOfRange       an id outside [0, rows); the message gives position, bag and value
//             kNoMemory
// On failure, lifetime, threads: as gather().
[[nodiscard]] WINDROW_API Result<LookupReport> pool(const Table& table, const Bags& bags, Pooling pooling,
                                                    RowsOut out, const LookupOptions& options = {});

// pool() with kMax that also tells where each maximum comes from, for training: winners[b * table.dim() + c]
// is the id of the row that gave out row b its column c, the first of equal ones; -1 in a bag without used
// ids.
//
// Shapes:     winners has (bags * table.dim()) entries.
// Errors, on failure, lifetime, threads: as pool(). bags.weights is empty.
[[nodiscard]] WINDROW_API Result<LookupReport> pool_max(const Table& table, const Bags& bags, RowsOut out,
                                                        std::span<int64_t> winners,
                                                        const LookupOptions& options = {});

// Scores a batch of candidates against one vector per bag:
//
//   out[i] = dot(vectors[b], row(ids[i]))      for position i of bag b; 0 at unused positions
//
// The dot product has eight partial sums: column c adds to number c mod 8, in ascending order, and
// ((p0 + p1) + (p2 + p3)) + ((p4 + p5) + (p6 + p7)) is the result.
//
// Shapes:     one row of `vectors` per bag, of at least table.dim() values, f32, f16 or bf16 (widened
//             exactly); out has ids.count entries; bags.weights is empty.
// Errors, on failure, lifetime, threads: as pool().
[[nodiscard]] WINDROW_API Result<LookupReport> dot_bags(const Table& table, const Bags& bags, RowsIn vectors,
                                                        std::span<float> out,
                                                        const LookupOptions& options = {});

// The gradient of pool()'s output with respect to its weights, given that with respect to its output, one row
// of `grads` per bag: for position i of bag b, with n ids used in b and r = 1 / n (one division),
//
//   kSum    out[i] = dot(grads[b], row(ids[i]))          the dot product as in dot_bags()
//   kMean   out[i] = dot(grads[b], row(ids[i])) * r
//   0 at unused positions
//
// Shapes:     as dot_bags(); bags.weights may be given, as to pool(), but the gradient does not depend on them.
// Errors:     as pool(); kInvalidArgument for kMax, which takes no weights
// On failure, lifetime, threads: as pool().
[[nodiscard]] WINDROW_API Result<LookupReport> weight_gradients(const Table& table, const Bags& bags,
                                                                Pooling pooling, RowsIn grads,
                                                                std::span<float> out,
                                                                const LookupOptions& options = {});

}  // namespace windrow
