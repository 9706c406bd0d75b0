#include <cstdlib>
#include <string>

#include "support/catch.h"
#include "train/crash_model.h"

using namespace windrow;

namespace {

// Hidden: tests/crash runs them as a test of their own. 10,000 in each test run; WINDROW_CRASH_SEEDS asks for more.
uint64_t seeds() {
  const char* const asked = std::getenv("WINDROW_CRASH_SEEDS");
  return asked ? std::stoull(asked) : 10'000;
}

struct Tally {
  std::string violation;  // empty: none
  uint64_t put_back = 0, unclean = 0;
};

// Up to the first violation.
Tally run(CrashModel model, uint64_t count) {
  Tally tally;
  for (model.seed = 1; model.seed <= count && tally.violation.empty(); ++model.seed) {
    const CrashOutcome outcome = run_crash_model(model);
    tally.violation = outcome.violation;
    tally.put_back += static_cast<uint64_t>(outcome.put_back);
    tally.unclean += outcome.unclean;
  }
  return tally;
}

}  // namespace

TEST_CASE("crashes: at kPower a loss of power leaves the last checkpoint", "[.][crash]") {
  const Tally tally = run({.durability = Durability::kPower}, seeds());
  REQUIRE(tally.violation == "");
  CHECK(tally.unclean == 0);
  CHECK(tally.put_back > seeds() / 4);
}

TEST_CASE("crashes: at kProcess the end of a process leaves the last checkpoint", "[.][crash]") {
  const Tally tally = run({.durability = Durability::kProcess, .power_cuts = false}, seeds());
  REQUIRE(tally.violation == "");
  CHECK(tally.unclean == 0);
  CHECK(tally.put_back > seeds() / 4);
}

TEST_CASE("crashes: at kProcess a loss of power leaves a closed table, or one that is unclean", "[.][crash]") {
  const Tally tally = run({.durability = Durability::kProcess, .power_cuts = true}, seeds() / 4);
  REQUIRE(tally.violation == "");
  CHECK(tally.unclean > seeds() / 16);
}

// The protocol with one of its steps left out loses tables, and the runs above would notice.
TEST_CASE("crashes: a machine that does not sync what it is told to is noticed", "[.][crash]") {
  Disobedience table, journals, folder, slot, writes;
  table.sync_of_table = true;
  journals.sync_of_journals = true;
  folder.sync_of_folder = true;
  slot.durable_write = true;
  writes.write_of_journals = true;
  for (const Disobedience& mutant : {table, journals, folder, slot, writes}) {
    CHECK(run({.durability = Durability::kPower, .disobedience = mutant}, 2000).violation != "");
  }
}
