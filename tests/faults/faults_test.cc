#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "faults/failing_system.h"
#include "train/train_fixture.h"

// Whatever is done with tables, each call of the system and each allocation in it fails once, or from some point on: the
// answer is an error, the tables are what they were or what they were to be, and nothing is left beside them.

using namespace windrow;
namespace fs = std::filesystem;
using failing::What;

namespace {

constexpr size_t kDim = 3;
constexpr int64_t kRows = 40;
const Optimizer kOptimizer = Adagrad{.lr = 0.5};
using Rows = std::vector<float>;

// What the jobs work on, made before anything fails: what a test allocates is not to fail.
struct Names {
  std::string a, served, died, mixed, later, made, delta;
  ApplyOptions to_served;
  CheckpointOptions with_delta, beside;
  std::vector<int64_t> next = {2, 11, 20};

  explicit Names(const TemporaryFolder& folder)
      : a(folder / "a"), served(folder / "served"), died(folder / "died"), mixed(folder / "mixed"),
        later(folder / "later"), made(folder / "new"), delta(folder / "delta"), to_served{.target = served},
        with_delta{.delta_path = folder / "one"}, beside{.in_background = true, .delta_path = folder / "one"} {}
};

struct Job {
  const char* name;
  Result<void> (*run)(const Names& names, std::vector<Rows>& states);
};

template <class T>
Result<void> without_value(const Result<T>& result) {
  if (!result) return tl::make_unexpected(result.error());
  return {};
}

void step(Trainer& trainer, int64_t row) {
  std::vector<int64_t> ids;
  Rows grads;
  {
    const failing::Pause pause;
    ids = {row, row + 9};
    grads = random_values(2 * kDim, static_cast<uint32_t>(row));
  }
  (void)trainer.step(std::span<const int64_t>(ids), RowsIn(grads, kDim), {.threads = 1});
}

void remember(const Trainer& trainer, std::vector<Rows>& states) {
  const failing::Pause pause;
  states.push_back(rows_of(trainer.table()));
}

// A trainer's whole life. Rows at each checkpoint go to `states`.
template <Durability durability>
Result<void> train(const Names& names, std::vector<Rows>& states) {
  auto trainer = Trainer::open(names.a, kOptimizer, {.durability = durability, .whole_rows = true});
  if (!trainer) return tl::make_unexpected(trainer.error());
  step(*trainer, 1);
  remember(*trainer, states);
  if (auto made = trainer->checkpoint("one", names.with_delta); !made) return made;
  step(*trainer, 2);
  if (auto back = trainer->rollback(); !back) return back;
  step(*trainer, 3);
  remember(*trainer, states);
  return trainer->close("closed");
}

// The same, with all that a trainer does beside itself.
Result<void> train_beside(const Names& names, std::vector<Rows>& states) {
  auto trainer = Trainer::open(names.a, kOptimizer, {.durability = Durability::kPower});
  if (!trainer) return tl::make_unexpected(trainer.error());
  step(*trainer, 1);
  remember(*trainer, states);
  (void)trainer->prepare(std::span<const int64_t>(names.next));
  if (auto begun = trainer->checkpoint("one", names.beside); !begun) return begun;
  step(*trainer, 2);
  (void)trainer->prepare(std::span<const int64_t>(names.next));
  if (auto ended = trainer->end_checkpoint(); !ended) return ended;
  step(*trainer, 3);
  remember(*trainer, states);
  return trainer->close("closed");
}

Result<void> create(const Names& names, std::vector<Rows>&) {
  static constexpr std::string_view kTokens[] = {"one", "two"};
  TableSpec spec{.rows = 2, .format = RowFormat::f32(4), .tokens = kTokens};
  spec.optimizer = kOptimizer;
  return without_value(Table::create(names.made, spec));
}

Result<void> replace(const Names& names, std::vector<Rows>&) {
  static const Rows values = random_values(kRows * kDim, 7);
  auto writer = TableWriter::create(names.served, {.format = RowFormat::f32(kDim)});
  if (!writer) return tl::make_unexpected(writer.error());
  if (auto put = writer->append(RowsIn(values, kDim)); !put) return put;
  return writer->finish();
}

constexpr Job kJobs[] = {
    {"create", create},
    {"replace", replace},
    {"open", [](auto& names, auto&) { return without_value(Table::open(names.a, {.scrub = true})); }},
    {"verify", [](auto& names, auto&) { return without_value(verify(names.a)); }},
    {"publish", [](auto& names, auto&) { return publish(names.a, names.served); }},
    {"strip", [](auto& names, auto&) { return strip(names.a, names.a); }},
    {"strip to a copy", [](auto& names, auto&) { return strip(names.a, names.made); }},
    {"add state", [](auto& names, auto&) { return add_state(names.served, kOptimizer); }},
    {"train at process", train<Durability::kProcess>},
    {"train at power", train<Durability::kPower>},
    {"train with work beside", train_beside},
    {"recover", [](auto& names, auto&) { return without_value(recover(names.died)); }},
    {"accept mixed rows",
     [](auto& names, auto&) { return without_value(recover(names.mixed, {.accept_mixed = true})); }},
    {"write a delta",
     [](auto& names, auto&) { return without_value(write_delta(names.a, names.later, names.made, {.state = true})); }},
    {"merge deltas", [](auto& names, auto&) { return without_value(merge_deltas({&names.delta, 1}, names.made)); }},
    {"apply a delta", [](auto& names, auto&) { return without_value(apply_delta(names.a, names.delta)); }},
    {"apply a delta to a copy",
     [](auto& names, auto&) { return without_value(apply_delta(names.a, names.delta, names.to_served)); }},
};

// "a" and "served"; "died" and "mixed", which trainers died with, the latter without a journal; "later", and a delta from
// "a" to it.
void make_files(const TemporaryFolder& folder) {
  make_table(folder / "a", kDim, random_values(kRows * kDim, 1), kOptimizer);
  make_table(folder / "served", kDim, random_values(kRows * kDim, 2), {});
  fs::copy_file(folder / "a", folder / "died");
  fs::copy_file(folder / "a", folder / "later");
  {
    Trainer trainer = opened(folder / "died", kOptimizer, {.durability = Durability::kPower});
    step(trainer, 4);
  }
  fs::copy_file(folder / "a", folder / "mixed");
  {
    Trainer trainer = opened(folder / "mixed", kOptimizer);
    step(trainer, 4);
  }
  Trainer trainer = opened(folder / "later", kOptimizer, {.durability = Durability::kProcess});
  step(trainer, 5);
  REQUIRE(trainer.checkpoint("later", {.delta_path = folder / "delta", .delta = {.state = true}}));
  REQUIRE(trainer.close("later"));
}

void copy_files(const TemporaryFolder& from, const TemporaryFolder& to) {
  for (const auto& entry : fs::directory_iterator(to.path())) fs::remove(entry);
  for (const auto& entry : fs::directory_iterator(from.path())) fs::copy(entry, to / entry.path().filename().string());
}

Rows rows_at(const std::string& path) {
  if (!fs::exists(path)) return {};
  const auto table = Table::open(path, {.unclean = Unclean::kAny});
  return table ? rows_of(*table) : Rows{};
}

constexpr const char* kTables[] = {"a", "served", "died", "mixed", "later", "new"};

class Harness {
 public:
  Harness() { make_files(base_); }

  // What each table may be: as before, as after, or as at a checkpoint on the way.
  void run_without_faults(const Job& job) {
    copy_files(base_, work_);
    std::vector<Rows> states;
    const auto done = job.run(names_, states);
    if (!done) FAIL(done.error().message);
    for (const char* name : kTables) {
      allowed_[name] = {rows_at(base_ / name), rows_at(work_ / name)};
    }
    // Put right, it can be nothing else.
    allowed_["died"] = {rows_at(base_ / "a")};
    for (const char* name : kTables) after_[name] = rows_at((name == std::string("died") ? base_ / "a" : work_ / name));
  }

  // False: it ran to its end before anything failed.
  bool run(const Job& job, What what, uint64_t at, int error, bool for_ever) {
    copy_files(base_, work_);
    std::vector<Rows> states;
    states.reserve(8);
    failing::arm(what, at, error, for_ever);
    const auto done = job.run(names_, states);
    failing::disarm();
    const char* const failed = failing::failed();
    if (!failed) {
      CHECK(done);
      return false;
    }
    CAPTURE(job.name, failed, at, error, for_ever);
    if (!done) CHECK(!done.error().message.empty());
    for (const char* name : kTables) check_table(name, states, done.has_value());
    // Nobody can remove what cannot be removed.
    const bool may_stay = for_ever || std::string(failed) == "unlink" || what == What::kMemory;
    if (!may_stay) {
      for (const auto& entry : fs::directory_iterator(work_.path()))
        CHECK(entry.path().filename().string().find(".tmp-") == std::string::npos);
    }
    return true;
  }

 private:
  // `done`: the job says that all went well, whatever has failed.
  void check_table(const std::string& name, const std::vector<Rows>& states, bool done) {
    CAPTURE(name);
    const auto path = work_ / name;
    if (name == "new" && (!fs::exists(path) || read_delta_info(path))) return;
    const auto put_right = recover(path, {.accept_mixed = name == "mixed"});
    if (!put_right) FAIL(put_right.error().message);
    const auto report = verify(path);
    if (!report) FAIL(report.error().message);
    CHECK(report->bad_blocks.empty());
    const Rows rows = rows_at(path);
    if (done)
      CHECK(rows == (name == "a" && !states.empty() ? states.back() : after_[name]));
    else
      CHECK((allowed_[name].contains(rows) || std::find(states.begin(), states.end(), rows) != states.end()));
  }

  TemporaryFolder base_, work_;
  const Names names_{work_};
  std::map<std::string, std::set<Rows>> allowed_;
  std::map<std::string, Rows> after_;
};

}  // namespace

TEST_CASE("faults: each call of the system", "[faults]") {
  Harness harness;
  for (const Job& job : kJobs) {
    harness.run_without_faults(job);
    for (const auto& [error, for_ever] : {std::pair(EIO, false), std::pair(ENOSPC, true)}) {
      uint64_t at = 1;
      while (harness.run(job, What::kCalls, at, error, for_ever)) ++at;
      CHECK(at > 3);
    }
  }
}

TEST_CASE("faults: each allocation", "[faults]") {
  Harness harness;
  for (const Job& job : kJobs) {
    harness.run_without_faults(job);
    uint64_t at = 1;
    while (harness.run(job, What::kMemory, at, ENOMEM, false)) ++at;
    CHECK(at > 3);
  }
}
