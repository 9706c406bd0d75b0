#include "windrow/c_api.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "windrow/hash_ids.h"
#include "windrow/lookup.h"
#include "windrow/pool_many.h"
#include "windrow/version.h"

using namespace windrow;

struct windrow_table {
  Table table;
};

namespace {

thread_local std::string last_error;
thread_local bool message_lost = false;  // there was no memory for it

int32_t failed(const Error& error) {
  try {
    last_error = error.message;
    message_lost = false;
  } catch (...) {
    message_lost = true;
  }
  return static_cast<int32_t>(error.code);
}

// Runs a call: a Result becomes a code and a message.
template <class Body>
int32_t call(Body&& body) {
  const Result<void> result = guard(body);
  return result ? 0 : failed(result.error());
}

tl::unexpected<Error> refuse(const char* what) {
  return fail(ErrorCode::kInvalidArgument, what);
}

// A struct that may be shorter than this library's: what is missing is zero. Or longer: what is unknown must be
// zero, or something would be left undone.
template <class Struct>
Result<Struct> whole(const Struct* given, const char* what) {
  Struct known{};
  if (!given) return known;
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  const size_t size = given->size;
  if (size < sizeof(size_t) || size > 4096) {
    return fail(ErrorCode::kInvalidArgument, what, ": its size says ", size, "; set it to sizeof");
  }
  for (size_t i = sizeof(known); i < size; ++i) {
    if (bytes[i] != 0) {
      return fail(ErrorCode::kUnsupported, what, ": byte ", i,
                  " of it is set, which this version does not know");
    }
  }
  std::memcpy(&known, given, std::min(size, sizeof(known)));
  return known;
}

Result<Ids> take(const windrow_ids& ids, const char* what) {
  if (ids.type != WINDROW_IDS_I32 && ids.type != WINDROW_IDS_I64)
    return fail(ErrorCode::kInvalidArgument, what, ": type ", ids.type, " is unknown");
  if (ids.count > 0 && !ids.data) {
    return fail(ErrorCode::kInvalidArgument, what, ": ", ids.count, " are announced, but no memory is given");
  }
  Ids view;
  view.data = ids.data;
  view.count = ids.count;
  view.type = ids.type == WINDROW_IDS_I32 ? IdType::kI32 : IdType::kI64;
  return view;
}

Result<RowsOut> take(const windrow_rows_out* out) {
  if (!out) return refuse("out: null");
  if (out->type < WINDROW_VALUES_F32 || out->type > WINDROW_VALUES_BF16)
    return refuse("out: an unknown type");
  RowsOut view;
  view.data = out->data;
  view.rows = out->rows;
  view.row_stride = out->row_stride;
  view.type = static_cast<ValueType>(out->type);
  return view;
}

Result<Bags> take(const windrow_bags& bags) {
  Bags view;
  auto ids = take(bags.ids, "ids"), offsets = take(bags.offsets, "offsets"),
       lengths = take(bags.lengths, "lengths");
  for (auto* part : {&ids, &offsets, &lengths}) {
    if (!*part) return pass(*part);
  }
  view.ids = *ids;
  view.offsets = *offsets;
  view.lengths = *lengths;
  if (bags.weights) view.weights = {bags.weights, view.ids.count};
  return view;
}

Result<Pooling> take_pooling(int32_t pooling) {
  if (pooling < WINDROW_SUM || pooling > WINDROW_MAX) return refuse("pooling: an unknown one");
  return static_cast<Pooling>(pooling);
}

Result<LookupOptions> take(const windrow_lookup_options* given) {
  const auto options = whole(given, "options");
  if (!options) return tl::make_unexpected(options.error());
  if (options->threads < 0) return refuse("threads: below 0");
  if (options->bad_ids != WINDROW_BAD_IDS_ERROR && options->bad_ids != WINDROW_BAD_IDS_SKIP)
    return refuse("bad_ids: an unknown policy");
  LookupOptions view;
  view.threads = options->threads;
  view.bad_ids = static_cast<BadIds>(options->bad_ids);
  if (options->has_padding) view.padding_id = options->padding_id;
  return view;
}

Result<OpenOptions> take(const windrow_open_options* given) {
  const auto options = whole(given, "options");
  if (!options) return tl::make_unexpected(options.error());
  if (options->residency < WINDROW_AUTO || options->residency > WINDROW_HUGE)
    return refuse("residency: an unknown one");
  if (options->unclean < WINDROW_UNCLEAN_REFUSE || options->unclean > WINDROW_UNCLEAN_ANY)
    return refuse("unclean: an unknown policy");
  OpenOptions view;
  if (options->tensor) view.tensor = options->tensor;
  if (options->scale_tensor) view.scale_tensor = options->scale_tensor;
  if (options->row_format) view.row_format = static_cast<RowFormat::Kind>(options->row_format);
  view.residency = static_cast<Residency>(options->residency);
  view.unclean = static_cast<Unclean>(options->unclean);
  view.unscaled = options->unscaled != 0;
  view.checked = options->checked != 0;
  view.evict_first = options->evict_first != 0;
  view.scale_columns = options->scale_columns;
  view.dim = options->dim;
  return view;
}

Result<RowFormat> take(const windrow_row_format& format) {
  if (format.scale_type < WINDROW_SCALE_NONE || format.scale_type > WINDROW_SCALE_BF16 ||
      format.scale_place < WINDROW_SCALES_IN_ROW || format.scale_place > WINDROW_SCALES_APART) {
    return refuse("format: an unknown type or place of scales");
  }
  RowFormat view{static_cast<RowFormat::Kind>(format.kind),
                 format.dim,
                 format.stride_bytes,
                 format.block,
                 static_cast<RowFormat::ScaleType>(format.scale_type),
                 static_cast<RowFormat::ScalePlace>(format.scale_place)};
  if (view.stride_bytes == 0 && view.dim > 0 && view.block >= 0) view.stride_bytes = view.row_bytes();
  return view;
}

Result<PoolRequest> take(const windrow_pool_request* given) {
  const auto request = whole(given, "the request");
  if (!request) return tl::make_unexpected(request.error());
  if (!request->table) return refuse("no table is given");
  auto bags = take(request->bags);
  if (!bags) return pass(bags);
  auto mode = take_pooling(request->pooling);
  if (!mode) return pass(mode);
  auto out = take(&request->out);
  if (!out) return pass(out);
  PoolRequest view{&request->table->table, *bags, *mode, *out, {}};
  if (request->has_padding) view.padding_id = request->padding_id;
  return view;
}

Result<void> give(Result<Table> opened, windrow_table** table) {
  if (!opened) return pass(opened);
  *table = new windrow_table{std::move(*opened)};
  return {};
}

Result<void> give(Result<LookupReport> report, int64_t* skipped_ids) {
  if (!report) return pass(report);
  if (skipped_ids) *skipped_ids = report->skipped_ids;
  return {};
}

}  // namespace

const char* windrow_version() {
  return version();
}

const char* windrow_last_error() {
  return message_lost ? "out of memory, also for the message" : last_error.c_str();
}

int32_t windrow_open(const char* path, const windrow_open_options* options, windrow_table** table) {
  return call([&]() -> Result<void> {
    if (!table) return refuse("table: null");
    *table = nullptr;
    if (!path) return refuse("path: null");
    auto open = take(options);
    if (!open) return pass(open);
    return give(Table::open(std::string(path), *open), table);
  });
}

int32_t windrow_open_files(const char* const* paths, size_t count, const windrow_open_options* options,
                           windrow_table** table) {
  return call([&]() -> Result<void> {
    if (!table) return refuse("table: null");
    *table = nullptr;
    if (count > 0 && !paths) return refuse("paths: null");
    std::vector<std::string> list;
    for (size_t i = 0; i < count; ++i) {
      if (!paths[i]) return refuse("paths: one is null");
      list.emplace_back(paths[i]);
    }
    auto open = take(options);
    if (!open) return pass(open);
    return give(Table::open(std::span<const std::string>(list), *open), table);
  });
}

int32_t windrow_wrap(const void* rows, int64_t row_count, const windrow_row_format* format,
                     const void* scales, windrow_table** table) {
  return call([&]() -> Result<void> {
    if (!table) return refuse("table: null");
    *table = nullptr;
    if (!format) return refuse("format: null");
    auto view = take(*format);
    if (!view) return pass(view);
    return give(Table::wrap(rows, row_count, *view, scales), table);
  });
}

void windrow_close(windrow_table* table) {
  delete table;
}

int64_t windrow_rows(const windrow_table* table) {
  return table ? table->table.rows() : 0;
}

int64_t windrow_dim(const windrow_table* table) {
  return table ? table->table.dim() : 0;
}

void windrow_format(const windrow_table* table, windrow_row_format* format) {
  *format = {};
  if (!table) return;
  const RowFormat& of = table->table.format();
  *format = {static_cast<int32_t>(of.kind),
             static_cast<int32_t>(of.scale_type),
             static_cast<int32_t>(of.scale_place),
             of.dim,
             of.stride_bytes,
             of.block};
}

const void* windrow_row(const windrow_table* table, int64_t id) {
  return table && id >= 0 && id < table->table.rows() ? table->table.row(id) : nullptr;
}

int64_t windrow_find_token(const windrow_table* table, const char* token, size_t bytes) {
  return table ? table->table.vocabulary().find({token, bytes}).value_or(-1) : -1;
}

int32_t windrow_gather(const windrow_table* table, const windrow_ids* ids, const windrow_rows_out* out,
                       const windrow_lookup_options* options, int64_t* skipped_ids) {
  return call([&]() -> Result<void> {
    if (!table || !ids) return refuse("table or ids: null");
    auto id_view = take(*ids, "ids");
    if (!id_view) return pass(id_view);
    auto out_view = take(out);
    if (!out_view) return pass(out_view);
    auto lookup = take(options);
    if (!lookup) return pass(lookup);
    return give(gather(table->table, *id_view, *out_view, *lookup), skipped_ids);
  });
}

int32_t windrow_pool(const windrow_table* table, const windrow_bags* bags, int32_t pooling,
                     const windrow_rows_out* out, const windrow_lookup_options* options,
                     int64_t* skipped_ids) {
  return call([&]() -> Result<void> {
    if (!table || !bags) return refuse("table or bags: null");
    auto bag_view = take(*bags);
    if (!bag_view) return pass(bag_view);
    auto mode = take_pooling(pooling);
    if (!mode) return pass(mode);
    auto out_view = take(out);
    if (!out_view) return pass(out_view);
    auto lookup = take(options);
    if (!lookup) return pass(lookup);
    return give(pool(table->table, *bag_view, *mode, *out_view, *lookup), skipped_ids);
  });
}

int32_t windrow_pool_many(const windrow_pool_request* requests, size_t count,
                          const windrow_lookup_options* options, int64_t* skipped_ids) {
  return call([&]() -> Result<void> {
    if (count > 0 && !requests) return refuse("requests: null");
    std::vector<PoolRequest> list(count);
    const auto* at = reinterpret_cast<const unsigned char*>(requests);
    for (size_t r = 0; r < count; ++r, at += requests->size) {
      auto taken = take(reinterpret_cast<const windrow_pool_request*>(at));
      if (!taken)
        return fail(taken.error().code, "request ", r, ": ", std::string_view(taken.error().message));
      list[r] = *taken;
    }
    auto lookup = take(options);
    if (!lookup) return pass(lookup);
    return give(pool_many(list, *lookup), skipped_ids);
  });
}

int32_t windrow_prefetch(const windrow_table* table, const windrow_ids* ids) {
  return call([&]() -> Result<void> {
    if (!table || !ids) return refuse("table or ids: null");
    auto view = take(*ids, "ids");
    if (!view) return pass(view);
    return table->table.prefetch(*view);
  });
}

int32_t windrow_hash_ids(const uint64_t* keys, size_t count, int64_t rows, uint64_t seed, int64_t* ids) {
  return call([&]() -> Result<void> {
    if (count > 0 && (!keys || !ids)) return refuse("keys or ids: null");
    return hash_ids({keys, count}, rows, seed, {ids, count});
  });
}
