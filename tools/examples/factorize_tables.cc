#include "factorize_tables.h"

#include <algorithm>
#include <vector>

#include "example_random.h"

namespace examples::factorize {

namespace {

constexpr size_t kRowsAtOnce = 4096;
constexpr float kReach = 0.1f;  // of the first values, which must not all be 0

}  // namespace

Result<void> write_table(const std::string& path, int64_t dim, std::span<const std::string_view> names,
                         const std::optional<windrow::Optimizer>& optimizer,
                         const std::function<void(size_t row, std::span<float> values)>& fill) {
  windrow::TableWriterSpec spec;
  spec.format = windrow::RowFormat::f32(dim);
  spec.optimizer = optimizer;
  spec.rows = static_cast<int64_t>(names.size());
  auto writer = windrow::TableWriter::create(path, spec);
  if (!writer) return pass(writer);
  const auto width = static_cast<size_t>(dim);
  std::vector<float> values;
  for (size_t row = 0; row < names.size();) {
    const size_t rows = std::min(kRowsAtOnce, names.size() - row);
    values.assign(rows * width, 0.0f);
    for (size_t r = 0; r < rows; ++r) fill(row + r, std::span(values).subspan(r * width, width));
    if (auto done = writer->append(windrow::RowsIn(values, width), names.subspan(row, rows)); !done) return done;
    row += rows;
  }
  return writer->finish();
}

Result<windrow::Trainer> create_table(const std::string& path, int64_t dim, std::span<const std::string_view> names,
                                      const windrow::Optimizer& optimizer, float last, uint64_t seed) {
  const auto fill = [&](size_t row, std::span<float> values) {
    Random random = Random::of_piece(seed, row);
    for (float& value : values) value = kReach * (2 * random.uniform() - 1);
    values.back() = last;
  };
  if (auto written = write_table(path, dim, names, optimizer, fill); !written) return pass(written);
  return windrow::Trainer::open(path, optimizer);
}

}  // namespace examples::factorize
