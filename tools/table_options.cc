#include "table_options.h"

#include <vector>

namespace windrow::tools {

namespace {

Residency residency_named(const std::string& name) {
  if (name == "lazy") return Residency::kLazy;
  if (name == "warm") return Residency::kWarm;
  return name == "huge" ? Residency::kHuge : Residency::kAuto;
}

}  // namespace

OpenOptions TableOptions::to_open() const {
  OpenOptions open;
  open.tensor = tensor;
  if (!row_format.empty()) open.row_format = row_format_named(row_format);  // one of those below
  open.scale_tensor = scale_tensor;
  open.unscaled = unscaled;
  open.residency = residency_named(residency);
  return open;
}

void add_table_options(CLI::App& verb, TableOptions& options) {
  verb.add_option("TABLE", options.path,
                  "A Windrow table, another safetensors file, .npy, or the folder of a checkpoint")
      ->required();
  verb.add_option("--tensor", options.tensor,
                  "The tensor that is the table; with a * for the numbers 0, 1, 2, ... of its pieces");
  verb.add_option("--row-format", options.row_format,
                  "What U8 rows are: int8, int4, int2, fp8_e4m3, fp8_e5m2, i8")
      ->check(CLI::IsMember(std::vector<std::string>{"int8", "int4", "int2", "fp8_e4m3", "fp8_e5m2", "i8"}));
  verb.add_option("--scale-tensor", options.scale_tensor, "The tensor with the scales of fp8 or I8 rows");
  verb.add_flag("--unscaled", options.unscaled, "Take fp8 or I8 rows without scales as they are");
  verb.add_option("--residency", options.residency,
                  "How pages are held: auto (default), lazy, warm or huge (README, \"Residency\")")
      ->check(CLI::IsMember({"auto", "lazy", "warm", "huge"}));
}

}  // namespace windrow::tools
