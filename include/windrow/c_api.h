#ifndef WINDROW_C_API_H_
#define WINDROW_C_API_H_

/* Windrow's lookups for C, and for every language that can call it.
 *
 * The views are those of the C++ headers, field by field: pointers and counts into memory that the caller
 * owns. What each call means, its shapes, errors and thread rules stand in lookup.h, pool_many.h and table.h;
 * here stands what differs.
 *
 * Every function that can fail returns 0 or one of the codes of error.h (1 kInvalidArgument, 2 kOutOfRange,
 * 3 kNotFound, ...), which are never renumbered; windrow_last_error() then has the message. Nothing prints,
 * aborts or throws. After an error outputs are untouched.
 *
 * The ABI is that of the shared library's soname. Structs only grow at the end, and only where they begin
 * with their size: set `size` to sizeof and everything else to zero. A newer library takes zero for what it
 * does not find; an older one refuses what it does not know unless that is zero. */

#include <windrow/export.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Row formats (RowFormat::Kind), and how their scales are stored and where. */
enum {
  WINDROW_F32 = 1,
  WINDROW_F16 = 2,
  WINDROW_BF16 = 3,
  WINDROW_FP8_E4M3 = 4,
  WINDROW_FP8_E5M2 = 5,
  WINDROW_INT8 = 6,
  WINDROW_INT4 = 7,
  WINDROW_INT2 = 8,
  WINDROW_I8 = 9
};
enum { WINDROW_SCALE_NONE = 0, WINDROW_SCALE_F32 = 1, WINDROW_SCALE_UE8M0 = 2, WINDROW_SCALE_BF16 = 3 };
enum { WINDROW_SCALES_IN_ROW = 0, WINDROW_SCALES_APART = 1 };

/* Types of ids, and of values passed in or out. */
enum { WINDROW_IDS_I32 = 0, WINDROW_IDS_I64 = 1 };
enum { WINDROW_VALUES_F32 = 0, WINDROW_VALUES_F16 = 1, WINDROW_VALUES_BF16 = 2 };

enum { WINDROW_SUM = 0, WINDROW_MEAN = 1, WINDROW_MAX = 2 };
enum { WINDROW_BAD_IDS_ERROR = 0, WINDROW_BAD_IDS_SKIP = 1 };
enum { WINDROW_UNCLEAN_REFUSE = 0, WINDROW_UNCLEAN_LIVE = 1, WINDROW_UNCLEAN_ANY = 2 };
enum { WINDROW_AUTO = 0, WINDROW_LAZY = 1, WINDROW_WARM = 2, WINDROW_HUGE = 3 };

/* A table; a handle that any number of threads may use at once. */
typedef struct windrow_table windrow_table;

typedef struct windrow_row_format {
  int32_t kind;
  int32_t scale_type;
  int32_t scale_place;
  int64_t dim;
  size_t stride_bytes; /* 0: rows back to back */
  int64_t block;       /* columns that share a scale; 0: no scales */
} windrow_row_format;

typedef struct windrow_ids {
  const void* data;
  size_t count;
  int32_t type;
} windrow_ids;

typedef struct windrow_rows_out {
  void* data;
  size_t rows;
  size_t row_stride; /* in values */
  int32_t type;
} windrow_rows_out;

/* Either offsets (bags + 1) or lengths (bags); weights: one per id, or null. */
typedef struct windrow_bags {
  windrow_ids ids;
  windrow_ids offsets;
  windrow_ids lengths;
  const float* weights;
} windrow_bags;

typedef struct windrow_lookup_options {
  size_t size;         /* sizeof(windrow_lookup_options) */
  int32_t threads;     /* 0: as many as the machine has; 1: the caller's alone, for hosts with their own */
  int32_t bad_ids;     /* WINDROW_BAD_IDS_... */
  int32_t has_padding; /* whether padding_id counts */
  int64_t padding_id;
} windrow_lookup_options;

typedef struct windrow_open_options {
  size_t size;              /* sizeof(windrow_open_options) */
  const char* tensor;       /* as OpenOptions::tensor; null or empty: find it */
  const char* scale_tensor; /* as OpenOptions::scale_tensor; null or empty: find it */
  int32_t row_format;       /* of U8 tensors, WINDROW_INT8 and so on; 0: none */
  int32_t residency;        /* WINDROW_AUTO and so on */
  int32_t unclean;          /* WINDROW_UNCLEAN_REFUSE and so on */
  int32_t unscaled;
  int32_t checked;
  int32_t evict_first;
  int64_t scale_columns; /* as OpenOptions::scale_columns; 0: the shape tells */
  int64_t dim;           /* as OpenOptions::dim; 0: the shape tells */
} windrow_open_options;

typedef struct windrow_pool_request {
  size_t size; /* sizeof(windrow_pool_request), the same in all of an array */
  const windrow_table* table;
  windrow_bags bags;
  int32_t pooling;
  windrow_rows_out out;
  int32_t has_padding; /* whether padding_id counts, instead of that of the options */
  int64_t padding_id;
} windrow_pool_request;

/* The library's version, such as "0.1.0". */
WINDROW_API const char* windrow_version(void);

/* The message of the last call of this thread that failed; never null. Valid until the thread's next call. */
WINDROW_API const char* windrow_last_error(void);

/* Table::open: a file, a folder or an index. `options` may be null. *table is set to null on failure. */
WINDROW_API int32_t windrow_open(const char* path, const windrow_open_options* options, windrow_table** table);

/* Table::open of several files as one table. */
WINDROW_API int32_t windrow_open_files(const char* const* paths, size_t count,
                                       const windrow_open_options* options, windrow_table** table);

/* Table::wrap: memory that stays the caller's and outlives the table. `scales` is null unless they are apart. */
WINDROW_API int32_t windrow_wrap(const void* rows, int64_t row_count, const windrow_row_format* format,
                                 const void* scales, windrow_table** table);

/* Null is allowed. No call may be at work on the table. */
WINDROW_API void windrow_close(windrow_table* table);

/* 0 for a null table. */
WINDROW_API int64_t windrow_rows(const windrow_table* table);
WINDROW_API int64_t windrow_dim(const windrow_table* table);
/* Zeros for a null table. */
WINDROW_API void windrow_format(const windrow_table* table, windrow_row_format* format);

/* The stored bytes of a row in [0, rows), as Table::row; null for another. */
WINDROW_API const void* windrow_row(const windrow_table* table, int64_t id);

/* The row of a token of `bytes` bytes; -1 when there is none. */
WINDROW_API int64_t windrow_find_token(const windrow_table* table, const char* token, size_t bytes);

/* gather(), pool(), pool_many(). `options` may be null. *skipped_ids is set where it is not null. */
WINDROW_API int32_t windrow_gather(const windrow_table* table, const windrow_ids* ids,
                                   const windrow_rows_out* out, const windrow_lookup_options* options,
                                   int64_t* skipped_ids);
WINDROW_API int32_t windrow_pool(const windrow_table* table, const windrow_bags* bags, int32_t pooling,
                                 const windrow_rows_out* out, const windrow_lookup_options* options,
                                 int64_t* skipped_ids);
WINDROW_API int32_t windrow_pool_many(const windrow_pool_request* requests, size_t count,
                                      const windrow_lookup_options* options, int64_t* skipped_ids);

/* Table::prefetch: asks for the pages of these rows, without waiting. */
WINDROW_API int32_t windrow_prefetch(const windrow_table* table, const windrow_ids* ids);

/* hash_ids(): feature keys to ids in [0, rows). */
WINDROW_API int32_t windrow_hash_ids(const uint64_t* keys, size_t count, int64_t rows, uint64_t seed,
                                     int64_t* ids);

#ifdef __cplusplus
}
#endif

#endif /* WINDROW_C_API_H_ */
