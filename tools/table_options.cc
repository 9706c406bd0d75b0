#include "table_options.h"

namespace windrow::tools {

namespace {

Residency residency_named(const std::string& name) {
  if (name == "lazy") return Residency::kLazy;
  if (name == "warm") return Residency::kWarm;
  return name == "huge" ? Residency::kHuge : Residency::kAuto;
}

Unclean unclean_named(const std::string& name) {
  if (name.empty()) return Unclean::kRefuse;
  return name == "live" ? Unclean::kLive : Unclean::kAny;
}

}  // namespace

bool TableOptions::given() const {
  return !(more.empty() && tensor.empty() && stored_as.empty() && scale_tensor.empty() && unclean.empty()) ||
         stored_dim != 0 || scale_columns != 0 || unscaled;
}

std::vector<std::string> TableOptions::files() const {
  std::vector<std::string> files = more;
  files.push_back(path);
  return files;
}

TableSource TableOptions::to_source() const {
  TableSource source{.path = path, .more = more, .open = {}};
  OpenOptions& open = source.open;
  open.tensor = tensor;
  if (!stored_as.empty()) open.row_format = row_format_named(stored_as);  // one of those below
  open.dim = stored_dim;
  open.scale_tensor = scale_tensor;
  open.scale_columns = scale_columns;
  open.unscaled = unscaled;
  open.unclean = unclean_named(unclean);
  open.residency = residency_named(residency);
  return source;
}

void add_reading_options(CLI::App& verb, TableOptions& options) {
  verb.add_option("--more", options.more,
                  "A further file: its rows follow, or it holds further pieces of --tensor; may be repeated")
      ->allow_extra_args(false);
  verb.add_option("--tensor", options.tensor,
                  "The tensor that is the table; with a * for the numbers 0, 1, 2, ... of its pieces");
  const std::vector<std::string> kinds = {"int8", "int4", "int2", "fp8_e4m3", "fp8_e5m2", "i8", "bf16"};
  verb.add_option(
          "--stored-as", options.stored_as,
          "What the bytes of U8 rows are (row_format): int8, int4, int2, fp8_e4m3, fp8_e5m2, i8; bf16 for "
          "an array of numpy's V2")
      ->check(CLI::IsMember(kinds));
  verb.add_option(
          "--stored-dim", options.stored_dim,
          "Values in an int8, int4 or int2 row of U8, when that is not all the row has room for (dim)")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  verb.add_option("--scale-tensor", options.scale_tensor, "The tensor with the scales of fp8 or I8 rows");
  verb.add_option("--scale-columns", options.scale_columns,
                  "Columns that share a scale, where the shape of the scales leaves it open")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  verb.add_flag("--unscaled", options.unscaled, "Take fp8 or I8 rows without scales as they are");
  verb.add_option("--unclean", options.unclean,
                  "Read a table that a trainer has open (live), or also one that a trainer died with (any)")
      ->check(CLI::IsMember({"live", "any"}));
}

void add_residency_option(CLI::App& verb, TableOptions& options) {
  verb.add_option("--residency", options.residency,
                  "How pages are held: auto (default), lazy, warm or huge (README, \"Residency\")")
      ->check(CLI::IsMember({"auto", "lazy", "warm", "huge"}));
}

void add_table_options(CLI::App& verb, TableOptions& options) {
  verb.add_option("TABLE", options.path,
                  "A Windrow table, another safetensors file, .npy, or the folder of a checkpoint")
      ->required();
  add_reading_options(verb, options);
  add_residency_option(verb, options);
}

}  // namespace windrow::tools
