#include <windrow/maintenance.h>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "output.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct VerifyOptions {
  std::string path;
  bool json = false;
};

std::string as_json(const VerifyOptions& options, const VerifyReport& report) {
  nlohmann::ordered_json json;
  json["path"] = options.path;
  json["blocks_ok"] = report.blocks_ok;
  json["blocks_not_computed"] = report.blocks_not_computed;
  json["mixed"] = report.mixed;
  json["bad_blocks"] = nlohmann::ordered_json::array();
  for (const BadBlock& block : report.bad_blocks) {
    json["bad_blocks"].push_back({{"tensor", block.tensor},
                                  {"file_begin", block.file_begin},
                                  {"file_end", block.file_end},
                                  {"first_row", block.first_row},
                                  {"last_row", block.last_row}});
  }
  json["bad_slots"] = report.bad_slots;
  json["tokens"] = report.tokens;
  json["vocabulary_error_count"] = report.vocabulary_error_count;
  json["vocabulary_errors"] = report.vocabulary_errors;
  json["nan_rows"] = report.nan_rows;
  json["infinite_rows"] = report.infinite_rows;
  json["leftovers"] = report.leftovers;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_report(const VerifyOptions& options, const VerifyReport& report) {
  for (const BadBlock& block : report.bad_blocks) {
    print_line("bad block of ", block.tensor, ": bytes ", block.file_begin, " to ", block.file_end,
               block.first_row < 0 ? "" : concat(", rows ", block.first_row, " to ", block.last_row));
  }
  for (const uint64_t slot : report.bad_slots)
    print_line("bad slot of _meta: byte ", slot, "; the other one is used");
  print_line(options.path, ": ", report.blocks_ok, " blocks good, ", report.bad_blocks.size(), " bad",
             report.blocks_not_computed ? concat(", ", report.blocks_not_computed, " without checksum") : "");
  if (report.vocabulary_error_count > 0) {
    print_line("vocabulary: ", report.vocabulary_error_count, " of ", report.tokens,
               " tokens are wrong, such as");
    for (const std::string& error : report.vocabulary_errors) print_line("  ", error);
  } else if (report.tokens > 0) {
    print_line("  ", report.tokens, " tokens, each found by the index");
  }
  if (report.nan_rows > 0)
    print_line("note: ", report.nan_rows, " rows hold NaN, the first is row ", report.first_nan_row);
  if (report.infinite_rows > 0)
    print_line("note: ", report.infinite_rows, " rows hold infinite values, the first is row ",
               report.first_infinite_row);
  if (report.mixed)
    print_line("note: the table was once recovered with rows of before and after a step (mixed)");
  for (const std::string& leftover : report.leftovers) {
    print_line(
        "note: ", leftover,
        " lies beside it: left behind by a process that died, it can be removed, unless one is at work");
  }
}

Result<int> run(const VerifyOptions& options) {
  const auto report = verify(options.path);
  if (!report) return tl::make_unexpected(report.error());
  if (options.json) {
    print_line(as_json(options, *report));
  } else {
    print_report(options, *report);
  }
  return report->bad_blocks.empty() && report->bad_slots.empty() && report->vocabulary_error_count == 0 ? 0
                                                                                                        : 1;
}

}  // namespace

Verb verify_verb(CLI::App& command) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* verb = command.add_subcommand(
      "verify", "Compare a whole table with its checksums, and its index with its tokens");
  verb->add_option("TABLE", options->path, "A Windrow table")->required();
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "Rows with NaN or infinite values are counted, and are no damage.\n\n"
      "EXIT STATUS\n"
      "  0  all is well\n"
      "  1  blocks that do not match their checksums, a damaged slot of _meta, tokens that the index does "
      "not\n"
      "     find; or failed, with a message on standard error\n"
      "  2  used wrongly\n\n"
      "EXAMPLES\n"
      "  windrow verify users.safetensors\n"
      "  windrow verify users.safetensors --json | jq .bad_blocks");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
