#include "table/optimizer_state.h"

#include <cmath>

#include "base/fail.h"
#include "kernels/optimizers/all.h"

namespace windrow {

namespace {

template <class T>
Result<void> check(const T& optimizer) {
  for (const auto& field : About<T>::kFields) {
    if (!field.number) continue;
    const double value = optimizer.*field.number;
    if (!std::isfinite(value) || value < 0) {
      return fail(ErrorCode::kInvalidArgument, About<T>::kName, ": ", field.name, " is ", value,
                  ", and must be a finite number, not below 0");
    }
    // What is finite as a double must be so as a float, too.
    if (!std::isfinite(static_cast<float>(value))) {
      return fail(ErrorCode::kInvalidArgument, About<T>::kName, ": ", field.name, " is ", value,
                  ", too large for a float");
    }
  }
  if (const auto problem = About<T>::problem(optimizer); !problem.empty())
    return fail(ErrorCode::kInvalidArgument, About<T>::kName, ": ", problem);
  return {};
}

// The name of the optimiser with this number, of number `kFrom` of the variant and those behind it.
template <size_t kFrom = 0>
std::string_view name_of(uint32_t id) {
  if constexpr (kFrom < std::variant_size_v<Optimizer>) {
    using T = std::variant_alternative_t<kFrom, Optimizer>;
    return About<T>::kId == id ? About<T>::kName : name_of<kFrom + 1>(id);
  } else {
    return {};
  }
}

}  // namespace

std::string_view optimizer_name(const Optimizer& optimizer) {
  return std::visit([]<class T>(const T&) { return About<T>::kName; }, optimizer);
}

std::vector<StateTensor> state_tensors(const Optimizer& optimizer) {
  return std::visit([]<class T>(const T& kind) { return About<T>::states(kind); }, optimizer);
}

uint32_t optimizer_id(const Optimizer& optimizer) {
  return std::visit([]<class T>(const T&) { return About<T>::kId; }, optimizer);
}

std::string optimizer_name(uint32_t id) {
  if (id == kNoOptimizer) return "none";
  const auto name = name_of(id);
  return name.empty() ? concat("number ", id) : std::string(name);
}

Result<void> check_trainable(RowFormat::Kind kind, std::string_view what) {
  if (is_trainable(kind)) return {};
  return fail(ErrorCode::kUnsupported, what, ": rows of ", row_format_name(kind),
              " cannot be trained, since a step is smaller than their spacing: convert to f32, f16 or bf16");
}

Result<void> check_optimizer(const Optimizer& optimizer) {
  return std::visit([](const auto& kind) { return check(kind); }, optimizer);
}

}  // namespace windrow
