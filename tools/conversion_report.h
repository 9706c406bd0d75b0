#pragma once

#include <nlohmann/json.hpp>

#include "conversion.h"

namespace windrow::tools {

// What a conversion or a dry run met, for programs and for people.
void add_findings(nlohmann::ordered_json& json, const ConversionReport& report);
void print_findings(const ConversionReport& report);

}  // namespace windrow::tools
