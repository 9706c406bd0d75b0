#include "conversion_report.h"

#include "base/fail.h"
#include "format/text.h"
#include "output.h"

namespace windrow::tools {

namespace {

struct Named {
  const char* key;
  const char* text;
  const Sighting& sighting;
};

std::vector<Named> sightings_of(const ConversionReport& report) {
  return {{"duplicates", "duplicate tokens", report.rows.duplicates},
          {"bad_utf8", "bad UTF-8 tokens", report.rows.bad_utf8},
          {"empty_tokens", "empty tokens", report.rows.empty_tokens},
          {"crlf_lines", "CRLF lines", report.reader.crlf_lines},
          {"nan_rows", "rows with NaN", report.rows.nan_rows},
          {"infinite_rows", "rows with inf", report.rows.infinite_rows},
          {"zero_rows", "rows of zeros", report.rows.zero_rows}};
}

const char* what_was_kept(Duplicates duplicates) {
  return duplicates == Duplicates::kKeepFirst ? "; the first row of each was kept"
                                              : "; all were kept, and the first is found";
}

std::string padded(std::string text) {
  text.resize(std::max<size_t>(text.size(), 18), ' ');
  return text;
}

}  // namespace

void add_findings(nlohmann::ordered_json& json, const ConversionReport& report) {
  using Json = nlohmann::ordered_json;
  json["rows_read"] = report.rows.rows_read;
  json["rows_written"] = report.rows.rows_written;
  json["tokens"] = report.tokens;
  json["skipped"] = report.reader.skipped;
  for (const auto& [key, text, sighting] : sightings_of(report)) json[key] = sighting.count;
  json["first_duplicate"] = report.rows.duplicates.count ? Json(report.rows.first_duplicate) : Json(nullptr);
  Json first = Json::object();
  for (const auto& [key, text, sighting] : sightings_of(report)) {
    if (sighting.count == 0) continue;
    first[key] = {{"row", sighting.first_row}};
    first[key]["byte"] = sighting.first_byte ? Json(*sighting.first_byte) : Json(nullptr);
  }
  json["first"] = first;
  json["skipped_lines"] = Json::array();
  for (const SkippedLine& line : report.reader.first_skipped) {
    json["skipped_lines"].push_back({{"line", line.line}, {"byte", line.byte}, {"reason", line.reason}});
  }
  json["remarks"] = report.remarks;
}

void print_findings(const ConversionReport& report) {
  if (report.rows.rows_read != report.rows.rows_written)
    print_line("  ", padded("rows read"), report.rows.rows_read);
  for (const auto& [key, text, sighting] : sightings_of(report)) {
    if (sighting.count == 0) continue;
    const std::string byte = sighting.first_byte ? concat(", byte ", *sighting.first_byte) : "";
    const bool repeated = &sighting == &report.rows.duplicates;
    print_line("  ", padded(text), sighting.count, ", first ",
               repeated ? in_quotes(report.rows.first_duplicate) + " " : "", "at row ", sighting.first_row,
               byte, repeated ? what_was_kept(report.duplicates) : "");
  }
  if (report.reader.skipped > 0) print_line("  ", padded("lines left out"), report.reader.skipped);
  for (const SkippedLine& line : report.reader.first_skipped) {
    print_line("    line ", line.line, ", byte ", line.byte, ": ", line.reason);
  }
  for (const std::string& remark : report.remarks) print_line("  note: ", remark);
}

}  // namespace windrow::tools
