#include <windrow/table.h>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "io/file.h"
#include "output.h"
#include "row_format_choice.h"
#include "table/optimizer_state.h"
#include "table/table_file.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  std::string path;
  bool json = false;
};

std::string hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string uuid_text(std::span<const uint8_t> bytes) {
  std::string text = hex(bytes);
  for (const size_t dash : {20, 16, 12, 8}) text.insert(dash, 1, '-');
  return text;
}

// "clean", or who made it unclean.
Result<std::string> state_of(const TableFile& file) {
  if (file.slot->clean) return "clean";
  const auto locked = file.file->is_locked_elsewhere();
  if (!locked) return tl::make_unexpected(locked.error());
  return *locked ? "unclean: a trainer is working on it"
                 : "unclean: a trainer died with it (`windrow recover` is the way on)";
}

Result<Json> describe(const InfoOptions& options) {
  auto file = open_table_file(io::posix(), options.path, io::Access::kRead, "");
  if (!file) return pass(file);
  OpenOptions open;
  open.unclean = Unclean::kAny;
  const auto table = Table::open(options.path, open);
  if (!table) return tl::make_unexpected(table.error());

  Json json;
  json["path"] = options.path;
  json["kind"] = file->is_windrow() ? "windrow" : file->header.tensors.empty() ? "npy" : "safetensors";
  json["rows"] = file->rows;
  json["dim"] = file->format.dim;
  json["row_format"] = row_format_name(file->format.kind);
  if (file->format.block > 0) {
    json["scale_type"] = scale_type_name(file->format.scale_type);
    json["scale_columns"] = file->format.block;
  }
  json["stride_bytes"] = file->format.stride_bytes;
  json["file_bytes"] = file->file_bytes;
  json["vocabulary"] = table->vocabulary().size();
  if (file->is_windrow()) {
    const auto state = state_of(*file);
    if (!state) return tl::make_unexpected(state.error());
    const MetaSlot& slot = *file->slot;
    json["state"] = *state;
    json["clean"] = slot.clean;
    json["mixed"] = slot.mixed;
    json["optimizer"] = optimizer_name(slot.optimizer_id);
    json["step_count"] = slot.step_count;
    json["tag"] = slot.tag;
    json["generation"] = slot.generation;
    json["uuid"] = uuid_text(slot.uuid);
  }
  json["metadata"] = Json::object();
  for (const auto& [key, value] : file->header.metadata) json["metadata"][key] = value;
  const ResidencyReport residency = table->residency();
  json["mapped_bytes"] = residency.mapped_bytes;
  json["resident_bytes"] = residency.resident_bytes;
  json["huge_bytes"] = residency.huge_bytes;
  return json;
}

void print_description(const Json& json) {
  const auto text = [&](const char* key) { return json[key].get<std::string>(); };
  const auto number = [&](const char* key) { return json[key].get<uint64_t>(); };
  const std::string kind = text("kind");
  print_line(text("path"));
  print_line("  kind         ",
             kind == "windrow" ? "Windrow table" : kind + " file, opened in place, read-only");
  print_line("  rows x dim   ", number("rows"), " x ", number("dim"), ", ", text("row_format"), ", ",
             number("stride_bytes"), " bytes from row to row");
  if (json.contains("scale_type")) {
    print_line("  scales       ", text("scale_type"), ", one for every ", number("scale_columns"),
               " columns of a row");
  }
  print_line("  file         ", human_bytes(number("file_bytes")));
  print_line("  vocabulary   ", number("vocabulary") ? concat(number("vocabulary"), " tokens") : "none");
  if (json.contains("state")) {
    print_line("  state        ", text("state"),
               json["mixed"].get<bool>()
                   ? "; mixed: it was once recovered with rows of before and after a step"
                   : "");
    print_line("  optimizer    ", text("optimizer"), ", ", number("step_count"), " steps so far");
    if (!text("tag").empty()) print_line("  tag          ", text("tag"));
    print_line("  generation   ", number("generation"));
    print_line("  uuid         ", text("uuid"));
  }
  for (const auto& [key, value] : json["metadata"].items()) {
    print_line("  metadata     ", key, " = ", value.get<std::string>());
  }
  print_line("  in memory    ", human_bytes(number("resident_bytes")), ", ",
             human_bytes(number("huge_bytes")), " of it in 2 MiB pages");
}

Result<int> run(const InfoOptions& options) {
  const auto json = describe(options);
  if (!json) return tl::make_unexpected(json.error());
  if (options.json) {
    print_line(json->dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_description(*json);
  }
  return 0;
}

}  // namespace

Verb info_verb(CLI::App& command) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* verb = command.add_subcommand("info", "Say what a table file holds and in which state it is");
  verb->add_option("TABLE", options->path, "A Windrow table, another safetensors file, or .npy")->required();
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "EXAMPLES\n"
      "  windrow info users.safetensors\n"
      "  windrow info users.safetensors --json | jq .step_count");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
