#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/guard.h"
#include "conversion.h"
#include "faults/failing_system.h"
#include "support/catch.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"

// Each call of the system and each allocation of a conversion fails once, or from some point on: the target is the file
// that was there, or the new one, and nothing is left beside it.

using namespace windrow;
using namespace windrow::tools;
using failing::What;
namespace fs = std::filesystem;

namespace {

struct Conversion {
  const char* from;
  const Format& source;
  const char* to;
  const Format& target;
  std::optional<Optimizer> optimizer = {};
};

const Conversion kConversions[] = {
    {"words.txt", kWord2vecText, "table", kSafetensors, Adagrad{.lr = 0.1}},
    {"words.tsv", kTsv, "table", kSafetensors},
    {"words.bin", kWord2vecBin, "table", kSafetensors},
    {"source", kSafetensors, "words.txt", kWord2vecText},
    {"source", kSafetensors, "words.bin", kWord2vecBin},
    {"source", kSafetensors, "rows.npy", kNpy},
};

Result<void> run(const Conversion& conversion, const std::string& from, const std::string& to) {
  return guard([&]() -> Result<void> {
    ConversionOptions options;
    options.optimizer = conversion.optimizer;
    Source source;
    source.table.path = from;
    const auto report = convert({source, &conversion.source}, {to, &conversion.target}, options);
    if (!report) return tl::make_unexpected(report.error());
    return {};
  });
}

// A folder with a source in each format, and targets that are there already.
void make_files(const TemporaryFolder& folder) {
  std::string lines;
  for (int r = 0; r < 300; ++r) lines += "word" + std::to_string(r) + " 1.5 -2 " + std::to_string(r) + "\n";
  std::ofstream(folder / "words.txt") << "300 3\n" << lines;
  std::replace(lines.begin(), lines.end(), ' ', '\t');
  std::ofstream(folder / "words.tsv") << lines;
  REQUIRE(run({"", kWord2vecText, "", kSafetensors}, folder / "words.txt", folder / "source"));
  REQUIRE(run({"", kSafetensors, "", kWord2vecBin}, folder / "source", folder / "words.bin"));
  REQUIRE(Table::create(folder / "table", {.rows = 2, .format = RowFormat::f32(1)}));
  std::ofstream(folder / "rows.npy") << "what was there before";
}

// Of a table, which has random numbers in it, what counts.
std::string contents_of(const std::string& path, const Format& format) {
  if (!format.is_table) {
    const auto bytes = read_all(path);
    return {bytes.begin(), bytes.end()};
  }
  const auto table = Table::open(path);
  REQUIRE(table);
  std::string contents;
  for (const float value : all_values(*table)) contents += std::to_string(value) + " ";
  for (int64_t t = 0; t < table->vocabulary().size(); ++t) contents += std::string(table->vocabulary().token(t)) + " ";
  return contents;
}

// False: it ran to its end before anything failed.
bool run_failing(const Conversion& conversion, const TemporaryFolder& files, const std::string& after, What what, uint64_t at,
                 int error, bool for_ever) {
  const TemporaryFolder work;
  const auto from = work / "source", to = work / "target";
  fs::copy_file(files / conversion.from, from);
  fs::copy_file(files / conversion.to, to);
  const auto before = contents_of(to, conversion.target);
  failing::arm(what, at, error, for_ever);
  const auto done = run(conversion, from, to);
  failing::disarm();
  const char* const failed = failing::failed();
  CAPTURE(conversion.from, conversion.to, failed ? failed : "nothing", at, error, for_ever);
  if (!failed) {
    if (!done) FAIL(done.error().message);
    return false;
  }
  if (!done) CHECK(!done.error().message.empty());
  const auto now = contents_of(to, conversion.target);
  CHECK((now == after || (!done && now == before)));
  // Nobody can remove what cannot be removed.
  const bool may_stay = for_ever || std::string(failed) == "unlink" || what == What::kMemory;
  if (!may_stay) CHECK(work.entries() == 2);
  return true;
}

void fail_each(What what, int error, bool for_ever) {
  const TemporaryFolder files;
  make_files(files);
  for (const Conversion& conversion : kConversions) {
    REQUIRE(run(conversion, files / conversion.from, files / "after"));
    const auto after = contents_of(files / "after", conversion.target);
    uint64_t at = 1;
    while (run_failing(conversion, files, after, what, at, error, for_ever)) ++at;
    CHECK(at > 5);
  }
}

}  // namespace

TEST_CASE("convert: each call of the system fails", "[faults]") {
  fail_each(What::kCalls, EIO, false);
  fail_each(What::kCalls, ENOSPC, true);
}

TEST_CASE("convert: each allocation fails", "[faults]") { fail_each(What::kMemory, ENOMEM, false); }
