#pragma once

#include <windrow/error.h>
#include <windrow/export.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <windrow/views.h>
#include <windrow/vocabulary.h>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace windrow {

struct TableData;

// What a new table holds. Values come from a counter-based generator (Philox4x32-10), keyed by seed, row and
// column, so the same seed gives the same bytes on every machine and for any number of threads.
struct Init {
  enum class Kind : uint8_t {
    kXavierUniform,  // uniform in [-a, a), a = sqrt(6 / (rows + dim))        (Glorot and Bengio 2010)
    kUniform,        // uniform in [-value, value)
    kNormal,         // mean 0, standard deviation `value`, by the inverse of the normal distribution
    kConstant,       // `value` everywhere
    kZeros,
  };
  Kind kind = Kind::kXavierUniform;
  float value = 0;
};

struct TableSpec {
  int64_t rows = 0;
  RowFormat format = {};
  Init init = {};
  uint64_t seed = 0;
  std::optional<Optimizer> optimizer = {};        // reserves its state, filled with its initial value
  std::span<const std::string_view> tokens = {};  // empty, or one per row: the vocabulary (any bytes)
};

// How the pages of a mapping are to be held (see the README, "Residency").
enum class Residency : uint8_t {
  kAuto,  // touch nothing at open; 2 MiB pages where the table fits into half of the free memory and nobody
          // writes to it, else kLazy
  kLazy,  // touch nothing at open; 4 KiB pages, which lookups ask for in batches ahead of reading them
  kWarm,  // read everything at open into 4 KiB pages: for tables that are written to, by whomever
  kHuge,  // read everything at open into 2 MiB pages where the system gives them
};

// What to do with a table that a trainer has open, or died with (kUnclean).
enum class Unclean : uint8_t {
  kRefuse,
  // Open while a trainer lives: rows may be half written (also values of the new scale with codes of the old, beside
  // apply_delta(), which changes rows of every format), and steps of its open epoch are seen.
  kLive,
  kAny,  // open also after a trainer died: rows are a mix of old and new
};

struct OpenOptions {
  // Which tensor is the table; empty: `weight` (of GGUF, `token_embd.weight`), or the only 2-D one of a row type. A `*`
  // stands for a number: the tensors named with 0, 1, 2, ... in its place are one table, in the order of the numbers,
  // in whichever of the files they are.
  std::string tensor = {};
  // What the bytes of a U8 tensor or array of [rows, row bytes] are: int8, int4 or int2 rows, or plain fp8 or
  // i8 values; bf16 for an array of numpy's V2. A Windrow file says so itself.
  std::optional<RowFormat::Kind> row_format = {};
  // Values in a row of int8, int4 or int2 rows of a foreign file, which may have padding behind them (and odd
  // counts, which the bytes do not tell); 0: as many as fit into the row. A Windrow file says so itself.
  int64_t dim = 0;
  // The tensor that holds the scales of fp8 or I8 rows, with a `*` where `tensor` has one, unless it is one value
  // for all pieces; empty: the one named like the rows with `_scale`, `_scale_inv` or `.scale` at the end. It may
  // be in another file than the rows. Its shape says what shares a scale: everything (one value), each row
  // ([rows, 1]), columns of a row ([rows, n]), or blocks of both.
  std::string scale_tensor = {};
  // Consecutive columns that share a scale, for [rows, n] scales and for blocks whose size the shape leaves
  // open; 0: as the shape says, if it can mean just one thing. Checked against the shape.
  int64_t scale_columns = 0;
  // Read fp8 or I8 rows without scales as they are; else rows of a foreign file without scales are an error.
  bool unscaled = false;
  // Read every page at open, so that a bad disk or a short file is an error now and not a signal later.
  bool checked = false;
  // Of Windrow files: compare everything with its checksums at open, which reads all of the file. What does not match
  // is kFormat, and so are blocks without a checksum; the message names tensor, bytes and rows, verify() goes on behind
  // the first. Foreign files have none.
  bool scrub = false;
  Residency residency = Residency::kAuto;
  // kHuge: drop the file's pages from the cache first, so that they come back large.
  bool evict_first = false;
  Unclean unclean = Unclean::kRefuse;
  // Read rows whole while a trainer changes them, also one of another process: each is copied, and copied again if it
  // was changed meanwhile, by the counters that TrainOptions::whole_rows keeps beside the table. For gather(), pool()
  // and what is made of them, pool_max() and dot_bags(); nearest() and row() read rows as they are. Where a trainer
  // died in the middle of a row these lookups return kUnclean. On a clean table too, for trainers that come later.
  // Of one Windrow file, with rows of at most 32,768 bytes and 16,384 values. kUnsupported where no trainer has kept
  // counters yet.
  bool whole_rows = false;
};

// What a mapping got. Counting walks the page tables: milliseconds per GB.
struct ResidencyReport {
  uint64_t mapped_bytes = 0;
  uint64_t resident_bytes = 0;             // of the mapping, in memory now
  uint64_t huge_bytes = 0;                 // of the mapping, mapped by 2 MiB pages now
  Residency residency = Residency::kAuto;  // as asked for; kLazy where kAuto came to that
};

// A table: rows x dim values, read straight from mapped files.
//
// A Table only reads. It is a cheap handle (copies share the mapping) and safe to use from any number of
// threads at once. What it points to lives as long as any copy of it, or of a Trainer on it.
//
// Caveats. The mapping is the file: whoever truncates the file under it makes the next read of the missing
// part raise SIGBUS. Windrow never truncates or grows a file in place; new files replace old ones by rename,
// which leaves open tables on the old one.
class WINDROW_API Table {
 public:
  // Writes a new table file and opens it. The file appears under `path` whole or not at all: it is written
  // under a temporary name in the same folder, synced and renamed over `path`.
  //
  // Errors: kInvalidArgument  rows < 0, dim < 1, a stride below a row, a count of tokens that is not rows, an
  //                           optimizer or init whose numbers make no sense, values that the format cannot hold
  //         kUnsupported      an optimizer for rows other than f32, f16 and bf16; scales apart from the rows
  //         kIo, kNoSpace, kNoMemory; kBusy when a trainer holds the file that would be replaced
  // On failure: nothing is left behind, and a file that stood at `path` is untouched.
  [[nodiscard]] static Result<Table> create(const std::string& path, const TableSpec& spec);

  // Opens a table in place: a Windrow file; any 2-D tensor of F32, F16, BF16, F8_E4M3, F8_E5M2 or I8 of any
  // safetensors file, U8 with `row_format`; a C-order, little-endian float32, float16 or (with `row_format`)
  // uint8 .npy file; a 2-D tensor of F32, F16 or BF16 of a GGUF file, `token_embd.weight` unless another is
  // named; a `model.safetensors.index.json`, whose files are opened only where a wanted tensor is; or
  // a folder with `model.safetensors` or else with such an index. Reads headers only: the same time for 1 MB
  // and 1 TB. The header of a GGUF file holds the tokens of its model, which have to be passed over (milliseconds
  // for 256 thousand); they are no vocabulary of the table, since no index of them is in the file: `windrow convert`
  // makes a table with one.
  //
  // Errors: kNotFound     no such file, or no such tensor; a number that is missing among the pieces; no scales
  //                       for fp8 or I8 rows
  //         kFormat       not a file of these kinds, or one that contradicts itself; scales of a shape that does
  //                       not fit the rows
  //         kUnsupported  a valid file whose values cannot be rows (the message names the type)
  //         kInvalidArgument  several tensors could be meant: name one; options that do not go together, or
  //                       not with what the file says
  //         kUnclean, kMetaCorrupt, kVersion, kIo, kNoMemory
  [[nodiscard]] static Result<Table> open(const std::string& path, const OpenOptions& options = {});

  // Opens several files as one table: the rows of the first, then those of the second, and so on; with a `*` in
  // options.tensor the numbers in the names decide, wherever the tensors are. All must have the same dim and
  // format. A file that holds scales only is no piece; they are found wherever they are. Such a table has no
  // vocabulary.
  [[nodiscard]] static Result<Table> open(std::span<const std::string> paths,
                                          const OpenOptions& options = {});

  // A table over memory that the caller holds, which must outlive every use of the Table and its copies.
  // `scales` is for formats with scales apart: the scales of row 0, then those of row 1, and so on.
  // Errors: kInvalidArgument  rows < 0, dim < 1, a stride below a row, rows or scales without memory, scales
  //                           of a kind that has none, or of none where they are apart
  [[nodiscard]] static Result<Table> wrap(const void* data, int64_t rows, const RowFormat& format,
                                          const void* scales = nullptr);

  int64_t rows() const;
  int64_t dim() const { return format().dim; }
  const RowFormat& format() const;

  // The stored bytes of one row, and of all rows. `id` must be in [0, rows()). data() is null when the table
  // consists of several segments. Pointers live as long as the table; they have no particular alignment.
  const std::byte* row(int64_t id) const;
  const std::byte* data() const;

  // The table's tokens; empty (size 0) when it has none.
  const Vocabulary& vocabulary() const;

  // How n-grams find their rows, in a table made of fastText's or floret's; null when it has none. Lives as long as
  // the table.
  const Subwords* subwords() const;

  ResidencyReport residency() const;

  // Opens the table anew, as it was opened, if a file of it has been replaced since (by publish(), say), and says
  // whether it did. Costs one look at each file otherwise. Changes this handle alone: copies of it, and lookups in
  // other threads that have one, stay on the old file, which lives as long as they. Not to be called while another
  // thread uses this very handle.
  //
  // Errors: kIo   a file has been cut off: whoever reads what is missing gets a SIGBUS
  //         and those of open(). A table that was not opened from a file is never replaced.
  // On failure: the handle is what it was.
  [[nodiscard]] Result<bool> reopen();

  // Asks the system to read the pages of these rows, all at once and without waiting: for a table larger than
  // memory, as soon as the ids are known. Does nothing where residency() is not kLazy. A hint that fails is no
  // error.
  // Errors: kOutOfRange   an id outside [0, rows); the message gives position and value. Nothing was asked for.
  //         kInvalidArgument, kNoMemory
  [[nodiscard]] Result<void> prefetch(Ids ids) const;

  // For the library's own use.
  explicit Table(std::shared_ptr<const TableData> data);
  const TableData& internals() const { return *data_; }

 private:
  std::shared_ptr<const TableData> data_;
};

}  // namespace windrow
