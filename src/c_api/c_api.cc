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

// A struct that may be shorter than this library's, or longer: what is missing is zero, what is unknown is not
// looked at.
template <class Options>
Options whole(const Options* given) {
  Options options{};
  if (given) std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  return options;
}

Result<Ids> take(const windrow_ids& ids) {
  if (ids.type != WINDROW_IDS_I32 && ids.type != WINDROW_IDS_I64) return refuse("ids: an unknown type");
  if (ids.count > 0 && !ids.data) return refuse("ids, offsets or lengths: a count, but no memory");
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
  auto ids = take(bags.ids), offsets = take(bags.offsets), lengths = take(bags.lengths);
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
  const auto options = whole(given);
  if (options.threads < 0) return refuse("threads: below 0");
  if (options.bad_ids != WINDROW_BAD_IDS_ERROR && options.bad_ids != WINDROW_BAD_IDS_SKIP)
    return refuse("bad_ids: an unknown policy");
  LookupOptions view;
  view.threads = options.threads;
  view.bad_ids = static_cast<BadIds>(options.bad_ids);
  if (options.has_padding) view.padding_id = options.padding_id;
  return view;
}

Result<OpenOptions> take(const windrow_open_options* given) {
  const auto options = whole(given);
  if (options.residency < WINDROW_AUTO || options.residency > WINDROW_HUGE)
    return refuse("residency: an unknown one");
  OpenOptions view;
  if (options.tensor) view.tensor = options.tensor;
  if (options.scale_tensor) view.scale_tensor = options.scale_tensor;
  if (options.row_format) view.row_format = static_cast<RowFormat::Kind>(options.row_format);
  view.residency = static_cast<Residency>(options.residency);
  view.unscaled = options.unscaled != 0;
  view.checked = options.checked != 0;
  view.evict_first = options.evict_first != 0;
  return view;
}

RowFormat take(const windrow_row_format& format) {
  RowFormat view{static_cast<RowFormat::Kind>(format.kind),
                 format.dim,
                 format.stride_bytes,
                 format.block,
                 static_cast<RowFormat::ScaleType>(std::clamp(format.scale_type, 0, 255)),
                 static_cast<RowFormat::ScalePlace>(std::clamp(format.scale_place, 0, 255))};
  if (view.stride_bytes == 0 && view.dim > 0) view.stride_bytes = view.row_bytes();
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
    return give(Table::wrap(rows, row_count, take(*format), scales), table);
  });
}

void windrow_close(windrow_table* table) {
  delete table;
}

int64_t windrow_rows(const windrow_table* table) {
  return table->table.rows();
}

int64_t windrow_dim(const windrow_table* table) {
  return table->table.dim();
}

void windrow_format(const windrow_table* table, windrow_row_format* format) {
  const RowFormat& of = table->table.format();
  *format = {static_cast<int32_t>(of.kind),
             static_cast<int32_t>(of.scale_type),
             static_cast<int32_t>(of.scale_place),
             of.dim,
             of.stride_bytes,
             of.block};
}

const void* windrow_row(const windrow_table* table, int64_t id) {
  return id >= 0 && id < table->table.rows() ? table->table.row(id) : nullptr;
}

int64_t windrow_find_token(const windrow_table* table, const char* token, size_t bytes) {
  return table->table.vocabulary().find({token, bytes}).value_or(-1);
}

int32_t windrow_gather(const windrow_table* table, const windrow_ids* ids, const windrow_rows_out* out,
                       const windrow_lookup_options* options, int64_t* skipped_ids) {
  return call([&]() -> Result<void> {
    if (!table || !ids) return refuse("table or ids: null");
    auto id_view = take(*ids);
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
    for (size_t r = 0; r < count; ++r) {
      if (!requests[r].table) return fail(ErrorCode::kInvalidArgument, "request ", r, ": its table is null");
      auto bags = take(requests[r].bags);
      if (!bags) return pass(bags);
      auto mode = take_pooling(requests[r].pooling);
      if (!mode) return pass(mode);
      auto out = take(&requests[r].out);
      if (!out) return pass(out);
      list[r] = {&requests[r].table->table, *bags, *mode, *out, {}};
    }
    auto lookup = take(options);
    if (!lookup) return pass(lookup);
    return give(pool_many(list, *lookup), skipped_ids);
  });
}

int32_t windrow_prefetch(const windrow_table* table, const windrow_ids* ids) {
  return call([&]() -> Result<void> {
    if (!table || !ids) return refuse("table or ids: null");
    auto view = take(*ids);
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
