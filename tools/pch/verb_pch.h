// What most verbs include and none changes, compiled once. A file includes what it uses all the same.

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
