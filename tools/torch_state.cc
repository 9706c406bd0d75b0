#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/safetensors.h"
#include "format/text.h"
#include "io/file.h"
#include "kernels/rows.h"
#include "state_import.h"
#include "table/data_file.h"

namespace windrow::tools {

namespace {

struct Found {
  const DataFile* file = nullptr;
  const safetensors::Tensor* tensor = nullptr;

  std::string name() const { return concat(file->path(), ": tensor ", in_quotes(tensor->name)); }
};

using Files = std::deque<DataFile>;

// The tensors that are called `name`, or end in it behind a dot.
std::vector<Found> find_tensors(const Files& files, const std::string& prefix, std::string_view name) {
  const std::string full = concat(prefix, name), ending = concat(".", name);
  std::vector<Found> found;
  for (const auto& file : files) {
    for (const auto& tensor : file.header.tensors) {
      if (tensor.name == full || (prefix.empty() && tensor.name.ends_with(ending)))
        found.push_back({&file, &tensor});
    }
  }
  return found;
}

Result<Found> find_tensor(const Files& files, const std::string& prefix, std::string_view name) {
  const auto found = find_tensors(files, prefix, name);
  if (found.empty()) {
    return fail(ErrorCode::kNotFound, files[0].path(), files.size() > 1 ? " and the others" : "",
                ": no tensor ", in_quotes(concat(prefix, name)),
                prefix.empty() ? concat(", and none that ends in `.", name, "`") : "",
                "; --prefix says what stands before the name");
  }
  if (found.size() == 1) return found[0];
  std::string names;
  for (const auto& each : found) names += (names.empty() ? "" : ", ") + in_quotes(each.tensor->name);
  return fail(ErrorCode::kInvalidArgument, files[0].path(), files.size() > 1 ? " and the others" : "",
              ": several tensors could be ", in_quotes(name), ": ", names, "; --prefix says which");
}

bool has_known_type(const safetensors::Tensor& tensor) {
  const auto& type = tensor.dtype;
  return type == "F32" || type == "F16" || type == "BF16" || type == "F64";
}

Result<void> check_shape(const Found& found, uint64_t rows, uint64_t dim, bool per_row) {
  const auto& shape = found.tensor->shape;
  const bool fits = shape == std::vector<uint64_t>{rows, per_row ? 1 : dim} ||
                    (per_row && shape == std::vector<uint64_t>{rows});
  if (fits && has_known_type(*found.tensor)) return {};
  return fail(ErrorCode::kInvalidArgument, found.name(), " is ", found.tensor->dtype, " of ",
              shape_text(shape), ", where the table wants F32, F16, BF16 or F64 of ",
              per_row ? shape_text({rows}) : shape_text({rows, dim}));
}

// What would spoil rows at the first step: kFormat.
Result<void> check_values(const Found& found, const StateTensor& state, uint64_t first,
                          std::span<const float> values) {
  const bool of_squares = state.name == "sum" || state.name == "exp_avg_sq" || state.name == "accumulator";
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && !(of_squares && values[i] < 0)) continue;
    return fail(ErrorCode::kFormat, found.name(), ": value ", first + i, " is ", values[i],
                of_squares ? ", where sums of squares stand" : "", "; it would make its row NaN");
  }
  return {};
}

// Values [first, first + values.size()) of a tensor, as floats.
Result<void> read_values(const Found& found, uint64_t first, std::span<float> values) {
  const uint64_t value_bytes = *safetensors::bits_of(found.tensor->dtype) / 8;
  std::vector<uint8_t> bytes(values.size() * value_bytes);
  if (auto read = found.file->file->read(found.tensor->begin + first * value_bytes, bytes); !read)
    return read;
  if (found.tensor->dtype == "F64") {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(load<double>(bytes.data() + 8 * i));
    return {};
  }
  const auto count = static_cast<int64_t>(values.size());
  const RowFormat format = found.tensor->dtype == "F32"   ? RowFormat::f32(count)
                           : found.tensor->dtype == "F16" ? RowFormat::f16(count)
                                                          : RowFormat::bf16(count);
  const uint8_t* const from = bytes.data();
  kernels::decode_rows(format)(format, {&from, nullptr, 1, 0}, values.data(), values.size());
  return {};
}

// torch's `step`: a tensor of one value, a float in newer versions. Nothing where there is none beside the state.
Result<std::optional<int64_t>> read_step(const Files& files, const std::string& prefix) {
  Found found;
  for (const auto& file : files) {
    if (const auto* tensor = file.header.find(concat(prefix, "step"))) found = {&file, tensor};
  }
  if (!found.tensor) return std::nullopt;
  const auto& tensor = *found.tensor;
  const bool one = (tensor.shape.empty() || tensor.shape == std::vector<uint64_t>{1});
  if (!one || (tensor.dtype != "F32" && tensor.dtype != "I64")) {
    return fail(ErrorCode::kInvalidArgument, found.name(), " is ", tensor.dtype, " of ",
                shape_text(tensor.shape),
                ", where one number, F32 or I64, was expected; --step-count says it instead");
  }
  std::vector<uint8_t> bytes(tensor.end - tensor.begin);
  if (auto read = found.file->file->read(tensor.begin, bytes); !read) return pass(read);
  constexpr double kMost = 9007199254740992.0;  // 2^53: whole numbers as doubles
  const double steps = tensor.dtype == "F32" ? static_cast<double>(load<float>(bytes.data()))
                                             : static_cast<double>(load<int64_t>(bytes.data()));
  if (!(steps >= 0 && steps <= kMost) || steps != std::floor(steps)) {
    return fail(ErrorCode::kFormat, found.name(), " is ", steps, ", which is no count of steps");
  }
  return static_cast<int64_t>(steps);
}

}  // namespace

Result<StateImport> import_torch_state(const Table& table, const Optimizer& optimizer,
                                       const StateImportOptions& options) {
  const auto files = std::make_shared<Files>();
  for (const std::string& path : options.paths) {
    auto file = open_data_file(io::posix(), path, io::Access::kRead);
    if (!file) return pass(file);
    files->push_back(std::move(*file));
  }
  const auto states = state_tensors(optimizer);
  const auto rows = static_cast<uint64_t>(table.rows()), dim = static_cast<uint64_t>(table.dim());
  StateImport import;
  std::vector<Found> found;
  for (const StateTensor& state : states) {
    auto tensor = find_tensor(*files, options.prefix, state.name);
    if (!tensor) return pass(tensor);
    if (auto fits = check_shape(*tensor, rows, dim, state.per_row); !fits) return pass(fits);
    found.push_back(*tensor);
    import.remarks.push_back(concat(state.name, " from ", tensor->name()));
  }
  if (!found.empty()) {
    // What stands before the first name, which was found, stands before `step`, too.
    const std::string& first = found[0].tensor->name;
    auto step = read_step(*files, first.substr(0, first.size() - states[0].name.size()));
    if (!step) return pass(step);
    import.step_count = *step;
  }
  const auto values_of = [files, found, states, dim](size_t tensor, int64_t first_row,
                                                     std::span<float> values) -> Result<void> {
    const uint64_t first = static_cast<uint64_t>(first_row) * (states[tensor].per_row ? 1 : dim);
    if (auto read = read_values(found[tensor], first, values); !read) return read;
    return check_values(found[tensor], states[tensor], first, values);
  };
  import.values = values_of;
  return import;
}

}  // namespace windrow::tools
