#include <windrow/table.h>

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

// One file of 300 lines with everything that can be wrong with a text file at once.

namespace {

using Json = nlohmann::json;

struct File {
  std::string text = "500 3\n";  // a first line that promises more rows than there are
  size_t lines = 1;

  // Where the line begins.
  size_t add(const std::string& line) {
    const size_t begin = text.size();
    text += line + "\n";
    ++lines;
    return begin;
  }
};

Json report_of(const Outcome& outcome) {
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  return Json::parse(outcome.out);
}

void check_first(const Json& report, const char* what, uint64_t count, uint64_t row, uint64_t byte) {
  CAPTURE(what, report.dump(1));
  CHECK(report[what] == count);
  REQUIRE(report["first"].contains(what));
  CHECK(report["first"][what]["row"] == row);
  CHECK(report["first"][what]["byte"] == byte);
}

}  // namespace

TEST_CASE("convert: a file of 300 lines with every anomaly gives the exact report", "[tools]") {
  const TemporaryFolder folder;
  File file;
  file.add("plain 1 2 3");                                            // row 0
  const size_t bad_utf8 = file.add("caf\xe9 1 2 3");                  // row 1
  const size_t empty = file.add(" 4 5 6");                            // row 2
  const size_t crlf = file.add("crlf 1 2 3\r");                       // row 3
  const size_t nan = file.add("nan nan 2 3");                         // row 4
  const size_t infinite = file.add("inf 1 -inf 3");                   // row 5
  const size_t zero = file.add("zero 0 -0 0.0");                      // row 6
  const size_t duplicate = file.add("plain 7 8 9");                   // row 7, left out
  file.add("two words 1 2 3   ");                                     // row 8
  const size_t few = file.add("few 1 2");                             // line 11, skipped
  const size_t no_number = file.add("wrong 1 x 3");                   // line 12, skipped
  file.add("plus +1 1e-60 3e0");                                      // row 9
  file.add("caf\xe9 9 9 9");                                          // row 10, a duplicate with bad UTF-8
  const size_t too_large = file.add("large 1e60 2 3");                // line 15, skipped
  while (file.lines < 299) file.add("w" + std::to_string(file.lines) + " 1 2 3");
  file.text += "last 1 2 3";  // without its line end
  ++file.lines;
  REQUIRE(file.lines == 300);
  write_bytes(folder / "a.txt", file.text);

  const auto refused = windrow_command(folder, {"convert", "a.txt", "t.safetensors"});
  CHECK(refused.status == 1);
  CHECK(folder.entries() == 1);

  const Json report = report_of(windrow_command(folder, {"convert", "a.txt", "t.safetensors", "--lenient", "--json"}));
  // 299 lines behind the first, of which 3 were skipped.
  CHECK(report["rows_read"] == 296);
  CHECK(report["rows_written"] == 294);
  CHECK(report["first_duplicate"] == "plain");
  check_first(report, "duplicates", 2, 7, duplicate);
  check_first(report, "bad_utf8", 2, 1, bad_utf8);
  check_first(report, "empty_tokens", 1, 2, empty);
  check_first(report, "crlf_lines", 1, 3, crlf);
  check_first(report, "nan_rows", 1, 4, nan);
  check_first(report, "infinite_rows", 1, 5, infinite);
  check_first(report, "zero_rows", 1, 6, zero);
  CHECK(report["skipped"] == 3);
  REQUIRE(report["skipped_lines"].size() == 3);
  const std::vector<std::pair<int, size_t>> places = {{11, few}, {12, no_number}, {15, too_large}};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(report["skipped_lines"][i]["line"] == places[i].first);
    CHECK(report["skipped_lines"][i]["byte"] == places[i].second);
    CHECK(!report["skipped_lines"][i]["reason"].get<std::string>().empty());
  }
  bool says_both_numbers = false;
  for (const Json& remark : report["remarks"]) {
    const auto text = remark.get<std::string>();
    says_both_numbers |= text.find("500") != std::string::npos && text.find("296") != std::string::npos;
  }
  CHECK(says_both_numbers);

  // A dry run meets the same.
  const Json inspected = report_of(windrow_command(folder, {"inspect", "a.txt", "--lenient", "--json"}));
  CHECK(inspected["first"] == report["first"]);
  CHECK(inspected["rows_read"] == 296);
  CHECK(!inspected.contains("rows_written"));

  const auto table = windrow::Table::open(folder / "t.safetensors");
  REQUIRE(table);
  CHECK(table->vocabulary().find("two words") == 7);
  CHECK(table->vocabulary().find("") == 2);
  CHECK(table->vocabulary().find("caf\xe9") == 1);
  CHECK(table->vocabulary().find("last") == 293);
}
