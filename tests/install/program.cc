// A program as a user would write it, built against the installed library: a table of 1000 x 50 with Xavier's
// uniform values, and the rows of four ids.

#include <windrow/windrow.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

int main() {
  const auto failed = [](const windrow::Error& error) {
    std::fprintf(stderr, "%s\n", error.message.c_str());
    return 1;
  };

  windrow::TableSpec spec;
  spec.rows = 1000;
  spec.format = windrow::RowFormat::f32(50);
  const auto table = windrow::Table::create("words.safetensors", spec);
  if (!table) return failed(table.error());

  const std::vector<int64_t> ids = {1, 3, 5, 2};
  std::vector<float> rows(ids.size() * 50);
  const auto done = windrow::gather(*table, windrow::Ids(ids), windrow::RowsOut(rows, 50));
  if (!done) return failed(done.error());

  const double bound = std::sqrt(6.0 / (1000 + 50));
  bool all_zero = true;
  for (const float value : rows) {
    if (!(std::fabs(value) <= bound)) {
      std::fprintf(stderr, "%g is outside the bound %g\n", static_cast<double>(value), bound);
      return 1;
    }
    if (value != 0) all_zero = false;
  }
  if (all_zero) {
    std::fprintf(stderr, "all values are zero\n");
    return 1;
  }
  std::printf("windrow %s (%s): ok\n", windrow::version(), windrow::simd_target().c_str());
  return 0;
}
