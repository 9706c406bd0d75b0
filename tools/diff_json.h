#pragma once

#include <windrow/table.h>
#include <nlohmann/json.hpp>

#include "state_diff.h"
#include "table_diff.h"
#include "token_diff.h"

namespace windrow::tools {

// The parts of what `windrow diff --json` prints. `a` has the tokens of the rows that are named.
nlohmann::ordered_json values_json(const ValueDiff& values, const Table& a);
nlohmann::ordered_json tokens_json(const TokenDiff& tokens);
nlohmann::ordered_json state_json(const StateDiff& state);

}  // namespace windrow::tools
