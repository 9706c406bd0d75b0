#include <windrow/table.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "output.h"
#include "table/optimizer_state.h"
#include "table/table_data.h"
#include "table_about.h"
#include "table_options.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

struct InfoOptions {
  TableOptions table;
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
Result<std::string> state_of(const DataFile& file, const MetaSlot& slot) {
  if (slot.clean) return "clean";
  const auto locked = file.file->is_locked_elsewhere();
  if (!locked) return tl::make_unexpected(locked.error());
  return *locked ? "unclean: a trainer is working on it"
                 : "unclean: a trainer died with it (`windrow recover` is the way on)";
}

// What the optimiser keeps, without the prefix that its tensors have in the file.
Json state_tensors_of(const DataFile& file) {
  Json list = Json::array();
  for (const auto& tensor : file.header.tensors) {
    if (!tensor.name.starts_with(kStatePrefix)) continue;
    list.push_back({{"name", tensor.name.substr(kStatePrefix.size())},
                    {"shape", tensor.shape},
                    {"bytes", tensor.end - tensor.begin}});
  }
  return list;
}

const char* residency_name(Residency residency) {
  switch (residency) {
    case Residency::kAuto:
      return "auto";
    case Residency::kLazy:
      return "lazy";
    case Residency::kWarm:
      return "warm";
    case Residency::kHuge:
      return "huge";
  }
  return "unknown";
}

Result<Json> describe(const InfoOptions& options) {
  TableSource source = options.table.to_source();
  source.open.unclean = Unclean::kAny;
  const auto table = open_table(source);
  if (!table) return tl::make_unexpected(table.error());
  auto file = about_table(source);
  if (!file) return pass(file);

  Json json;
  const TableData& data = table->internals();
  const RowFormat& format = data.format;
  json["path"] = options.table.path;
  json["kind"] = *file ? (*file)->kind() : options.table.more.empty() ? "checkpoint" : "files";
  json["rows"] = data.rows;
  json["dim"] = format.dim;
  json["row_format"] = row_format_name(format.kind);
  if (format.block > 0) {
    json["scale_type"] = scale_type_name(format.scale_type);
    json["scale_columns"] = format.block;
    if (!data.segments.empty()) json["scale_rows"] = std::min(data.segments[0].rows_per_scale, data.rows);
    json["scales_apart"] = format.scale_place == RowFormat::ScalePlace::kApart;
  }
  json["stride_bytes"] = format.stride_bytes;
  if (*file) {
    json["file_bytes"] = (*file)->data.file_bytes;
  } else {
    json["segments"] = data.segments.size();
    json["files"] = data.mappings.size();
  }
  json["vocabulary"] = table->vocabulary().size();
  if (*file && (*file)->slot) {
    const MetaSlot& slot = *(*file)->slot;
    const auto state = state_of((*file)->data, slot);
    if (!state) return tl::make_unexpected(state.error());
    json["state"] = *state;
    json["clean"] = slot.clean;
    json["mixed"] = slot.mixed;
    json["optimizer"] = optimizer_name(slot.optimizer_id);
    json["state_tensors"] = state_tensors_of((*file)->data);
    json["step_count"] = slot.step_count;
    json["tag"] = slot.tag;
    json["generation"] = slot.generation;
    json["content"] = slot.content == 0 ? "" : number_text(slot.content);
    json["uuid"] = uuid_text(slot.uuid);
  }
  json["metadata"] = Json::object();
  if (*file) {
    for (const auto& [key, value] : (*file)->data.header.metadata) json["metadata"][key] = value;
  }
  const ResidencyReport residency = table->residency();
  json["residency"] = residency_name(residency.residency);
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
  print_line("  kind         ", kind == "windrow"      ? "Windrow table"
                                : kind == "checkpoint" ? "checkpoint, opened in place, read-only"
                                : kind == "files" ? "several files, opened in place as one table, read-only"
                                                  : kind + " file, opened in place, read-only");
  print_line("  rows x dim   ", number("rows"), " x ", number("dim"), ", ", text("row_format"), ", ",
             number("stride_bytes"), " bytes from row to row");
  if (json.contains("scale_type")) {
    print_line(
        "  scales       ", text("scale_type"), ", one for every ", number("scale_columns"), " columns of ",
        !json.contains("scale_rows") || number("scale_rows") <= 1 ? std::string("a row")
                                                                  : concat(number("scale_rows"), " rows"),
        json["scales_apart"].get<bool>() ? ", in a tensor of their own" : "");
  }
  if (json.contains("file_bytes")) {
    print_line("  file         ", human_bytes(number("file_bytes")));
  } else {
    print_line("  files        ", number("files"), ", with ", number("segments"), " pieces of the table");
  }
  print_line("  vocabulary   ", number("vocabulary") ? concat(number("vocabulary"), " tokens") : "none");
  if (json.contains("state")) {
    print_line("  state        ", text("state"),
               json["mixed"].get<bool>()
                   ? "; mixed: it was once recovered with rows of before and after a step"
                   : "");
    print_line("  optimizer    ", text("optimizer"), ", ", number("step_count"), " steps so far");
    for (const Json& tensor : json["state_tensors"]) {
      print_line("               ", tensor["name"].get<std::string>(), " ",
                 shape_text(tensor["shape"].get<std::vector<uint64_t>>()), ", ",
                 human_bytes(tensor["bytes"].get<uint64_t>()));
    }
    if (!text("tag").empty()) print_line("  tag          ", text("tag"));
    print_line("  generation   ", number("generation"),
               text("content").empty() ? "" : concat(", content ", text("content")));
    print_line("  uuid         ", text("uuid"));
  }
  for (const auto& [key, value] : json["metadata"].items()) {
    print_line("  metadata     ", key, " = ", value.get<std::string>());
  }
  print_line("  in memory    ", human_bytes(number("resident_bytes")), " of ",
             human_bytes(number("mapped_bytes")), ", ", human_bytes(number("huge_bytes")),
             " of it in 2 MiB pages; residency ", text("residency"));
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
  add_table_options(*verb, options->table);
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "EXAMPLES\n"
      "  windrow info users.safetensors\n"
      "  windrow info users.safetensors --json | jq .step_count\n"
      "  windrow info checkpoint/ --tensor 'model.ngram_embedding.shards.*.weight'");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
