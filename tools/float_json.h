#pragma once

#include <nlohmann/json.hpp>

namespace windrow::tools {

// Numbers as floats, so that they are written with as few digits as they need.
using FloatJson =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, int64_t, uint64_t, float>;

}  // namespace windrow::tools
