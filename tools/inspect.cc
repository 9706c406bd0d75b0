#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "conversion.h"
#include "conversion_report.h"
#include "format/text.h"
#include "io/file.h"
#include "output.h"
#include "source_options.h"
#include "table_about.h"
#include "units.h"
#include "verb.h"

namespace windrow::tools {

namespace {

using Json = nlohmann::ordered_json;

struct InspectOptions {
  SourceOptions source;
  bool json = false;
};

// The tensors of a safetensors or GGUF file, also of one in which it is open which is the table.
Json tensors_of(const Source& source) {
  Json list = Json::array();
  if (!source.table.more.empty()) return list;
  const auto data = open_data_file(io::posix(), source.path(), io::Access::kRead);
  if (!data) return list;
  for (const auto& tensor : data->header.tensors) {
    list.push_back({{"name", tensor.name},
                    {"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"begin", tensor.begin},
                    {"bytes", tensor.end - tensor.begin}});
  }
  return list;
}

Json as_json(const InspectOptions& options, const ConversionReport& report, const Json& tensors) {
  Json json;
  json["path"] = options.source.table.path;
  json["format"] = report.from;
  json["dim"] = report.source.dim;
  json["declared_rows"] = report.source.rows ? Json(*report.source.rows) : Json(nullptr);
  json["stored_as"] = report.source.stored_as;
  if (report.source.subwords) json["buckets"] = report.source.subwords->buckets;
  json["tensors"] = tensors;
  add_findings(json, report);
  json.erase("rows_written");
  return json;
}

// One line a tensor; of a long list the first ones.
void print_tensors(const Json& tensors) {
  constexpr size_t kMaxShown = 40;
  for (size_t t = 0; t < tensors.size() && t < kMaxShown; ++t) {
    const Json& tensor = tensors[t];
    print_line("  tensor            ", tensor["name"].get<std::string>(), " ",
               tensor["dtype"].get<std::string>(), " ",
               shape_text(tensor["shape"].get<std::vector<uint64_t>>()), ", ",
               human_bytes(tensor["bytes"].get<uint64_t>()));
  }
  if (tensors.size() > kMaxShown)
    print_line("                    and ", tensors.size() - kMaxShown, " more (--json lists all)");
}

void print_report(const InspectOptions& options, const ConversionReport& report) {
  print_line(options.source.table.path);
  print_line("  format            ", report.from, ", values as ", report.source.stored_as);
  print_line("  rows x dim        ", report.rows.rows_read, " x ", report.source.dim,
             options.source.limit ? " (as many as --limit let through)" : "");
  print_line("  vocabulary        ", report.tokens ? concat(report.tokens, " tokens") : "none");
  if (report.source.subwords)
    print_line("  subwords          ", report.source.subwords->buckets, " buckets of n-grams");
  ConversionReport read = report;
  read.rows.rows_written = read.rows.rows_read;  // nothing was written, and nothing was to be
  print_findings(read);
}

Result<int> run(const InspectOptions& options) {
  ConversionOptions how;
  options.source.fill(how);
  // What a conversion would leave out is counted, and what it would refuse is told at its place.
  const auto format = options.source.format();
  if (!format) return tl::make_unexpected(format.error());
  const Source source = options.source.to_source();
  const Json tensors = tensors_of(source);
  const auto report = read_through({source, *format}, how);
  if (!report) {
    if (!options.json) print_tensors(tensors);  // they help to name the right one
    return tl::make_unexpected(report.error());
  }
  if (options.json) {
    print_line(as_json(options, *report, tensors).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_report(options, *report);
    print_tensors(tensors);
  }
  return 0;
}

}  // namespace

Verb inspect_verb(CLI::App& command) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* verb = command.add_subcommand(
      "inspect", "Read a file of vectors to its end and say what it holds and what is odd about it");
  add_source_options(*verb, options->source);
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "A dry run of `windrow convert`: the same reading, the same errors, nothing is written.\n"
      "Rows count from 0.\n\n"
      "FORMATS\n" +
      formats_for_help() +
      "\nEXAMPLES\n"
      "  windrow inspect download.vec\n"
      "  windrow inspect download.vec --lenient --json | jq .skipped_lines\n"
      "  windrow inspect model.gguf --tensor token_embd.weight");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
