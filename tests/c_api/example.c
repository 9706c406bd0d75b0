/* Windrow from C: wraps rows in memory, opens a file, looks rows up. Also an example to start from.
 *
 *   example FILE.safetensors TENSOR        a tensor that is a table */
#include <windrow/c_api.h>

#include <stdio.h>
#include <string.h>

static int failures = 0;

static void check(int good, const char* what) {
  if (good) return;
  ++failures;
  fprintf(stderr, "failed: %s (last error: %s)\n", what, windrow_last_error());
}

static void wrapped_rows(void) {
  const float rows[3][2] = {{1, 2}, {3, 4}, {5, 6}};
  windrow_row_format format;
  memset(&format, 0, sizeof(format));
  format.kind = WINDROW_F32;
  format.dim = 2;
  windrow_table* table;
  check(windrow_wrap(rows, 3, &format, NULL, &table) == 0, "wrap");
  check(windrow_rows(table) == 3 && windrow_dim(table) == 2, "shape");
  windrow_format(table, &format);
  check(format.kind == WINDROW_F32 && format.stride_bytes == 8, "format");
  check(memcmp(windrow_row(table, 1), rows[1], 8) == 0, "row");
  check(windrow_row(table, 3) == NULL, "no row behind the last");

  const int32_t ids[] = {2, 0, 2, 1};
  const int64_t offsets[] = {0, 1, 4};
  float gathered[4][2], pooled[2][2];
  const windrow_ids id_view = {ids, 4, WINDROW_IDS_I32};
  const windrow_rows_out out = {gathered, 4, 2, WINDROW_VALUES_F32};
  check(windrow_gather(table, &id_view, &out, NULL, NULL) == 0, "gather");
  check(gathered[0][0] == 5 && gathered[3][1] == 4, "gathered values");

  windrow_bags bags;
  memset(&bags, 0, sizeof(bags));
  bags.ids = id_view;
  bags.offsets.data = offsets;
  bags.offsets.count = 3;
  bags.offsets.type = WINDROW_IDS_I64;
  const windrow_rows_out sums = {pooled, 2, 2, WINDROW_VALUES_F32};
  check(windrow_pool(table, &bags, WINDROW_SUM, &sums, NULL, NULL) == 0, "pool");
  check(pooled[0][0] == 5 && pooled[1][0] == 9 && pooled[1][1] == 12, "pooled values");

  windrow_pool_request requests[2];
  float many[2][2][2];
  for (int r = 0; r < 2; ++r) {
    memset(&requests[r], 0, sizeof(requests[r]));
    requests[r].size = sizeof(requests[r]);
    requests[r].table = table;
    requests[r].bags = bags;
    requests[r].pooling = r ? WINDROW_MAX : WINDROW_SUM;
    requests[r].out.data = many[r];
    requests[r].out.rows = 2;
    requests[r].out.row_stride = 2;
  }
  check(windrow_pool_many(requests, 2, NULL, NULL) == 0, "pool_many");
  check(memcmp(many[0], pooled, sizeof(pooled)) == 0 && many[1][1][0] == 5, "values of pool_many");
  check(windrow_prefetch(table, &id_view) == 0, "prefetch");
  windrow_close(table);
}

static void errors(void) {
  const float rows[1][2] = {{1, 2}};
  const windrow_row_format format = {WINDROW_F32, 0, 0, 2, 0, 0};
  windrow_table* table;
  check(windrow_wrap(rows, 1, &format, NULL, &table) == 0, "wrap");
  const int64_t ids[] = {0, 7};
  const windrow_ids id_view = {ids, 2, WINDROW_IDS_I64};
  float gathered[2][2] = {{9, 9}, {9, 9}};
  const windrow_rows_out out = {gathered, 2, 2, WINDROW_VALUES_F32};
  check(windrow_gather(table, &id_view, &out, NULL, NULL) == 2, "a bad id is code 2");
  check(strcmp(windrow_last_error(), "id 7 at position 1 is no row: the table has 1 rows, 0 to 0") == 0, "message");
  check(gathered[0][0] == 9, "nothing is written after an error");

  windrow_lookup_options skip;
  memset(&skip, 0, sizeof(skip));
  skip.size = sizeof(skip);
  skip.threads = 1;
  skip.bad_ids = WINDROW_BAD_IDS_SKIP;
  int64_t skipped = -1;
  check(windrow_gather(table, &id_view, &out, &skip, &skipped) == 0 && skipped == 1, "a bad id is skipped");
  check(gathered[0][1] == 2 && gathered[1][0] == 0, "and gives zeros");

  check(windrow_gather(table, &id_view, NULL, NULL, NULL) == 1, "a missing output is code 1");
  skip.bad_ids = 5;
  check(windrow_gather(table, &id_view, &out, &skip, NULL) == 1, "an unknown policy is code 1");
  check(windrow_pool(table, NULL, WINDROW_SUM, &out, NULL, NULL) == 1, "missing bags are code 1");
  memset(&skip, 0, sizeof(skip));
  check(windrow_gather(table, &id_view, &out, &skip, NULL) == 1, "options without their size are code 1");
  const windrow_ids nothing = {NULL, 2, WINDROW_IDS_I64}, strange = {ids, 2, 7};
  check(windrow_gather(table, &nothing, &out, NULL, NULL) == 1, "ids without memory are code 1");
  check(windrow_gather(table, &strange, &out, NULL, NULL) == 1, "ids of an unknown type are code 1");
  struct {
    windrow_lookup_options known;
    int64_t later;
  } newer;
  memset(&newer, 0, sizeof(newer));
  newer.known.size = sizeof(newer);
  newer.known.bad_ids = WINDROW_BAD_IDS_SKIP;
  check(windrow_gather(table, &id_view, &out, &newer.known, NULL) == 0, "longer options that are zero are taken");
  newer.later = 1;
  check(windrow_gather(table, &id_view, &out, &newer.known, NULL) == 6, "what is not known is code 6");
  windrow_pool_request request;
  memset(&request, 0, sizeof(request));
  request.size = sizeof(request);
  check(windrow_pool_many(&request, 1, NULL, NULL) == 1, "a request without table is code 1");
  check(strcmp(windrow_last_error(), "request 0: no table is given") == 0, "and its number is told");
  windrow_close(table);
  windrow_close(NULL);
  check(windrow_rows(NULL) == 0 && windrow_row(NULL, 0) == NULL, "a null table has no rows");

  check(windrow_open("/nowhere/table.safetensors", NULL, &table) == 3 && table == NULL, "a missing file is code 3");
  const windrow_row_format nonsense = {77, 0, 0, 2, 0, 0};
  check(windrow_wrap(rows, 1, &nonsense, NULL, &table) == 1, "an unknown format is code 1");
}

static void file(const char* path, const char* tensor) {
  windrow_table *one, *both;
  windrow_open_options options;
  memset(&options, 0, sizeof(options));
  options.size = sizeof(options);
  options.residency = WINDROW_LAZY;
  options.tensor = tensor;
  check(windrow_open(path, &options, &one) == 0, "open");
  const char* paths[] = {path, path};
  check(windrow_open_files(paths, 2, &options, &both) == 0, "open_files");
  if (one && both) {
    check(windrow_rows(both) == 2 * windrow_rows(one), "rows of two files");
    check(windrow_find_token(one, "no such token", 13) == -1, "find_token");
  }
  windrow_close(one);
  windrow_close(both);
}

int main(int argc, char** argv) {
  const uint64_t keys[] = {1, 2, 0xffffffffffffffff};
  int64_t ids[3];
  check(windrow_hash_ids(keys, 3, 1000, 0, ids) == 0, "hash_ids");
  check(ids[0] >= 0 && ids[0] < 1000, "hashed ids are rows");
  check(windrow_hash_ids(keys, 3, 0, 0, ids) == 1, "no rows to hash to");
  wrapped_rows();
  errors();
  if (argc > 2) file(argv[1], argv[2]);
  if (failures == 0) printf("windrow %s from C: ok\n", windrow_version());
  return failures ? 1 : 0;
}
