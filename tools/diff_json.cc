#include "diff_json.h"

namespace windrow::tools {

using Json = nlohmann::ordered_json;

Json values_json(const ValueDiff& values, const Table& a) {
  Json json;
  json["compared_rows"] = values.compared_rows;
  json["compared_columns"] = values.compared_columns;
  json["changed_rows"] = values.changed_rows;
  json["first_changed_rows"] = Json::array();
  for (const ChangedRow& row : values.first) {
    Json entry;
    entry["row_a"] = row.row_a;
    entry["row_b"] = row.row_b;
    if (a.vocabulary().size() > 0) entry["token"] = std::string(a.vocabulary().token(row.row_a));
    entry["max_abs_difference"] = row.largest;
    entry["not_finite"] = row.not_finite;
    json["first_changed_rows"].push_back(std::move(entry));
  }
  json["max_abs_difference"] = values.largest;
  if (values.largest_row >= 0) {
    json["max_row_a"] = values.largest_row;
    json["max_column"] = values.largest_column;
  }
  json["rms_difference"] = values.root_mean_square;
  json["not_finite_values"] = values.not_finite_values;
  return json;
}

Json tokens_json(const TokenDiff& tokens) {
  Json json;
  json["same"] = tokens.same();
  json["only_a"] = tokens.only_a;
  json["first_only_a"] = tokens.first_only_a;
  json["only_b"] = tokens.only_b;
  json["first_only_b"] = tokens.first_only_b;
  json["moved"] = tokens.moved;
  json["first_moved"] = Json::array();
  for (const auto& moved : tokens.first_moved)
    json["first_moved"].push_back({{"token", moved.token}, {"row_a", moved.row_a}, {"row_b", moved.row_b}});
  json["reweighted"] = tokens.reweighted;
  return json;
}

Json state_json(const StateDiff& state) {
  Json json;
  json["same"] = state.same();
  json["optimizer_a"] = state.optimizer_a;
  json["optimizer_b"] = state.optimizer_b;
  json["step_count_a"] = state.step_count_a;
  json["step_count_b"] = state.step_count_b;
  json["tensors"] = Json::array();
  for (const auto& tensor : state.tensors) {
    Json entry{{"name", tensor.name}};
    if (tensor.problem.empty()) {
      entry["changed_rows"] = tensor.changed_rows;
    } else {
      entry["problem"] = tensor.problem;
    }
    json["tensors"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace windrow::tools
