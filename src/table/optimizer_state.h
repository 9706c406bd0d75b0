#pragma once

#include <windrow/error.h>
#include <windrow/optimizer.h>
#include <windrow/row_format.h>
#include <cstdint>
#include <string>
#include <string_view>

namespace windrow {

// What an optimiser means for a file: its number, its name, and the state it keeps there.

constexpr uint32_t kNoOptimizer = 0;  // the number of none

uint32_t optimizer_id(const Optimizer& optimizer);

// "none", "sgd", ...; "number N" for one that a newer version gave.
std::string optimizer_name(uint32_t id);

// How the name of a state tensor begins in a file.
constexpr std::string_view kStatePrefix = "optimizer.";

// Whether rows of this kind can take steps.
inline bool is_trainable(RowFormat::Kind kind) {
  return kind == RowFormat::Kind::kF32 || kind == RowFormat::Kind::kF16 || kind == RowFormat::Kind::kBf16;
}

// kUnsupported: they cannot; `what` names the table in the message.
Result<void> check_trainable(RowFormat::Kind kind, std::string_view what);

// kInvalidArgument: a hyper-parameter that makes no sense.
Result<void> check_optimizer(const Optimizer& optimizer);

}  // namespace windrow
