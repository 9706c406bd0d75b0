#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench_measure.h"

namespace windrow::tools {

// A measurement for programs. `ids`, `optimizer` and `residency` are what the user asked for.
nlohmann::ordered_json measurement_json(const Measurement& measured, const std::string& ids,
                                        const std::string& optimizer, const std::string& residency);

// The same for people.
void print_measurement(const nlohmann::ordered_json& json);

// What was looked up, in a few words: "pool sum of 32 ids", "gather".
std::string describe_work(const WorkSpec& work);

}  // namespace windrow::tools
