#include <windrow/delta.h>

#include <filesystem>
#include <fstream>

#include "delta/delta_file.h"
#include "train/forge.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 5;
constexpr int64_t kRows = 200;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

void step(Trainer& trainer, std::vector<int64_t> ids, uint32_t seed) {
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(ids.size() * kDim, seed), kDim)));
}

Trainer trained(const std::string& path) { return opened(path, kOptimizer, {.durability = Durability::kProcess}); }

CheckpointOptions with_delta(const std::string& path, DeltaOptions options = {.state = true}) {
  return {.delta_path = path, .delta = options};
}

// Rows, state, tag and steps of a clean table, which verifies.
struct Contents {
  std::vector<float> rows, state;
  std::string tag;
  uint64_t steps;
  bool operator==(const Contents&) const = default;
};

Contents contents_of(const std::string& path) {
  const auto file = open_table_file(io::posix(), path, io::Access::kRead, "");
  REQUIRE(file);
  const auto report = verify(path);
  REQUIRE(report);
  CHECK((report->bad_blocks.empty() && report->leftovers.empty()));
  return {tensor_of(path, "weight"), tensor_of(path, "optimizer.sum"), file->slot->tag, file->slot->step_count};
}

// A trained table and, beside it, a copy from before; deltas "1", "2" and "3" of three checkpoints lead from one to the
// other.
struct Trained {
  TemporaryFolder folder;
  std::string table = folder / "table", copy = folder / "copy";
  std::vector<std::string> deltas = {folder / "1", folder / "2", folder / "3"};

  explicit Trained(DeltaOptions options = {.state = true}) {
    make_table(table, kDim, random_values(kRows * kDim, 1), kOptimizer);
    std::filesystem::copy_file(table, copy);
    Trainer trainer = trained(table);
    for (uint32_t epoch = 0; epoch < 3; ++epoch) {
      step(trainer, {7, 3, 7, static_cast<int64_t>(20 + epoch)}, epoch);
      step(trainer, {199, static_cast<int64_t>(epoch)}, 10 + epoch);
      REQUIRE(trainer.checkpoint("epoch " + std::to_string(epoch), with_delta(deltas[epoch], options)));
    }
    REQUIRE(trainer.close("epoch 2"));
  }
};

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string text_of(const std::string& path) {
  const auto bytes = read_all(path);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("delta: a copy that takes those of the checkpoints is the trained table", "[train][delta]") {
  const Trained trained;
  for (const auto& delta : trained.deltas) {
    const auto applied = apply_delta(trained.copy, delta);
    REQUIRE(applied);
    CHECK((applied->rows == 5 && !applied->was_applied));
  }
  CHECK(contents_of(trained.copy) == contents_of(trained.table));
  CHECK(contents_of(trained.copy).steps == 6);
  // It can be trained on, like any table.
  Trainer trainer = opened(trained.copy, kOptimizer);
  CHECK(trainer.last_checkpoint().tag == "epoch 2");
  CHECK(trained.folder.entries() == 5);
}

TEST_CASE("delta: applied again it does nothing; another base is refused", "[train][delta]") {
  const Trained trained;
  const auto before = read_all(trained.copy);
  const auto refused = apply_delta(trained.copy, trained.deltas[1]);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kWrongBase);
  CHECK(refused.error().message.find("'epoch 1'") != std::string::npos);
  CHECK(read_all(trained.copy) == before);
  REQUIRE(apply_delta(trained.copy, trained.deltas[0]));
  const auto once = read_all(trained.copy);
  const auto again = apply_delta(trained.copy, trained.deltas[0]);
  REQUIRE(again);
  CHECK((again->was_applied && again->rows == 0 && again->checkpoint.tag == "epoch 0"));
  CHECK(read_all(trained.copy) == once);
  // Back is no way either.
  REQUIRE(apply_delta(trained.copy, trained.deltas[1]));
  CHECK(apply_delta(trained.copy, trained.deltas[0]).error().code == ErrorCode::kWrongBase);
}

TEST_CASE("delta: what was trained on its own is another base", "[train][delta]") {
  const Trained trained;
  {
    Trainer trainer = opened(trained.copy, kOptimizer);
    step(trainer, {1}, 1);
    REQUIRE(trainer.close());
  }
  CHECK(apply_delta(trained.copy, trained.deltas[0]).error().code == ErrorCode::kWrongBase);
}

TEST_CASE("delta: a table without state follows one with state", "[train][delta]") {
  for (const bool state : {false, true}) {
    const Trained trained({.state = state});
    const auto served = trained.folder / "served";
    REQUIRE(strip(trained.copy, served));
    for (const auto& delta : trained.deltas) REQUIRE(apply_delta(served, delta));
    CHECK(contents_of(served).rows == contents_of(trained.table).rows);
    CHECK(contents_of(served).tag == "epoch 2");
    if (state) continue;
    // The other way round rows and state would no longer belong together.
    const auto refused = apply_delta(trained.copy, trained.deltas[0]);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("delta: state that was added later is another base", "[train][delta]") {
  const Trained trained;
  REQUIRE(strip(trained.copy, trained.copy));
  REQUIRE(add_state(trained.copy, kOptimizer));
  CHECK(apply_delta(trained.copy, trained.deltas[0]).error().code == ErrorCode::kWrongBase);
}

TEST_CASE("delta: those that follow each other are merged into one", "[train][delta]") {
  const Trained trained;
  const auto merged = trained.folder / "merged";
  const auto report = merge_deltas(trained.deltas, merged);
  REQUIRE(report);
  CHECK(report->rows == 9);  // 0, 1, 2, 3, 7, 20, 21, 22, 199
  CHECK(report->bytes == std::filesystem::file_size(merged));
  REQUIRE(apply_delta(trained.copy, merged));
  CHECK(contents_of(trained.copy) == contents_of(trained.table));
  // One that is merged already comes too late, and a gap is no chain.
  CHECK(apply_delta(trained.copy, trained.deltas[2])->was_applied);
  const std::vector<std::string> gap = {trained.deltas[0], trained.deltas[2]};
  CHECK(merge_deltas(gap, trained.folder / "gap").error().code == ErrorCode::kWrongBase);
  CHECK(merge_deltas({}, trained.folder / "gap").error().code == ErrorCode::kInvalidArgument);
  CHECK(!std::filesystem::exists(trained.folder / "gap"));
  // Of one it is a copy.
  const std::vector<std::string> one = {trained.deltas[0]};
  REQUIRE(merge_deltas(one, trained.folder / "one"));
  CHECK(read_all(trained.folder / "one") == read_all(trained.deltas[0]));
}

TEST_CASE("delta: with and without state are not merged", "[train][delta]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  Trainer trainer = trained(path);
  step(trainer, {1}, 1);
  REQUIRE(trainer.checkpoint("a", with_delta(folder / "a")));
  step(trainer, {1}, 2);
  REQUIRE(trainer.checkpoint("b", with_delta(folder / "b", {})));
  const std::vector<std::string> both = {folder / "a", folder / "b"};
  CHECK(merge_deltas(both, folder / "c").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("delta: a checkpoint without changes leads from a content to itself", "[train][delta]") {
  const Trained trained;
  std::filesystem::copy_file(trained.table, trained.folder / "replica");
  Trainer trainer = ::trained(trained.table);
  REQUIRE(trainer.checkpoint("again", with_delta(trained.folder / "4")));
  step(trainer, {5}, 5);
  REQUIRE(trainer.rollback());
  REQUIRE(trainer.checkpoint("back", with_delta(trained.folder / "5")));
  REQUIRE(trainer.checkpoint("still", with_delta(trained.folder / "6")));
  step(trainer, {6}, 6);
  REQUIRE(trainer.checkpoint("on", with_delta(trained.folder / "7")));
  REQUIRE(trainer.close("on"));
  for (const char* delta : {"4", "5", "6", "7"}) REQUIRE(apply_delta(trained.folder / "replica", trained.folder / delta));
  CHECK(contents_of(trained.folder / "replica") == contents_of(trained.table));
  CHECK(apply_delta(trained.folder / "replica", trained.folder / "7")->was_applied);
}

TEST_CASE("delta: what was rolled back, or only prepared, leaves the content and the chain", "[train][delta]") {
  const Trained trained;
  std::filesystem::copy_file(trained.table, trained.folder / "replica");
  const std::vector<int64_t> ids = {5, 6};
  {
    Trainer trainer = ::trained(trained.table);
    step(trainer, {5}, 5);
    REQUIRE(trainer.rollback());
    REQUIRE(trainer.close("epoch 2"));
  }
  {
    Trainer trainer = ::trained(trained.table);
    REQUIRE(trainer.prepare(std::span<const int64_t>(ids)));
    REQUIRE(trainer.close("epoch 2"));
  }
  {
    Trainer trainer = ::trained(trained.table);
    step(trainer, ids, 6);
    REQUIRE(trainer.checkpoint("next", with_delta(trained.folder / "next")));
    REQUIRE(trainer.close("next"));
  }
  REQUIRE(apply_delta(trained.folder / "replica", trained.folder / "next"));
  CHECK(contents_of(trained.folder / "replica") == contents_of(trained.table));
}

TEST_CASE("delta: a step of no rows brings its count along", "[train][delta]") {
  const Trained trained;
  REQUIRE(merge_deltas(trained.deltas, trained.folder / "all"));
  REQUIRE(apply_delta(trained.copy, trained.folder / "all"));
  Trainer trainer = ::trained(trained.table);
  const std::vector<int64_t> padding = {-1};
  REQUIRE(trainer.step(std::span<const int64_t>(padding), RowsIn(random_values(kDim, 1), kDim), {.padding_id = -1}));
  REQUIRE(trainer.checkpoint("epoch 2", with_delta(trained.folder / "count")));
  REQUIRE(trainer.close("epoch 2"));
  const auto applied = apply_delta(trained.copy, trained.folder / "count");
  REQUIRE(applied);
  CHECK((applied->rows == 0 && !applied->was_applied && applied->checkpoint.step_count == 7));
  CHECK(contents_of(trained.copy) == contents_of(trained.table));
  CHECK(apply_delta(trained.copy, trained.folder / "count")->was_applied);
}

TEST_CASE("delta: a table that a trainer died with is put right before", "[train][delta]") {
  const Trained trained;
  {
    Trainer trainer = ::trained(trained.copy);
    step(trainer, {8}, 8);
  }
  REQUIRE(apply_delta(trained.copy, trained.deltas[0]));
  CHECK(contents_of(trained.copy).tag == "epoch 0");
}

TEST_CASE("delta: tables that have its content and another form are refused", "[train][delta]") {
  const Trained trained;
  const auto content = read_delta_info(trained.deltas[0])->base_content;
  const auto values = random_values(kRows * kDim, 1);
  const auto refused = [&](const char* name) {
    const auto path = trained.folder / name;
    change_slot(path, [&](MetaSlot& slot) { slot.content = content; });
    const auto before = read_all(path);
    const auto applied = apply_delta(path, trained.deltas[0]);
    REQUIRE(!applied);
    CHECK(applied.error().code == ErrorCode::kInvalidArgument);
    CHECK(read_all(path) == before);
    return applied.error().message;
  };
  make_table(trained.folder / "bf16", RowFormat::bf16(kDim), values, {});
  CHECK(refused("bf16").find("another format") != std::string::npos);
  make_table(trained.folder / "short", kDim, random_values(kDim, 1), kOptimizer);
  CHECK(refused("short").find("it is for 200 rows") != std::string::npos);
  make_table(trained.folder / "adam", kDim, values, Adam{});
  CHECK(refused("adam").find("another optimiser") != std::string::npos);
}

TEST_CASE("delta: a table of a Windrow without deltas gets a number by a checkpoint", "[train][delta]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  change_slot(path, [](MetaSlot& slot) { slot.content = 0; });
  std::filesystem::copy_file(path, folder / "old");
  std::filesystem::copy_file(path, folder / "unchanged");
  CHECK(write_delta(folder / "old", path, folder / "delta").error().code == ErrorCode::kUnsupported);
  Trainer trainer = trained(path);
  step(trainer, {1}, 1);
  CHECK(trainer.checkpoint("x", with_delta(folder / "delta")).error().code == ErrorCode::kUnsupported);
  REQUIRE(trainer.checkpoint("x"));
  step(trainer, {2}, 2);
  REQUIRE(trainer.checkpoint("y", with_delta(folder / "delta")));
  // Also where it has changed no row.
  Trainer unchanged = trained(folder / "unchanged");
  REQUIRE(unchanged.checkpoint("x"));
  REQUIRE(unchanged.checkpoint("y", with_delta(folder / "empty")));
  CHECK(read_delta_info(folder / "empty")->rows == 0);
}

TEST_CASE("delta: one whose end was never written is refused", "[train][delta]") {
  const Trained trained;
  auto bytes = text_of(trained.deltas[0]);
  const auto before = read_all(trained.copy);
  for (size_t at = bytes.size() - 8; at > 12'288; at -= 8) {
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.end(), '\0');
    write_file(trained.folder / "cut", bytes);
    CHECK(apply_delta(trained.copy, trained.folder / "cut").error().code == ErrorCode::kFormat);
    if (at < bytes.size() - 200) at -= 1000;
  }
  CHECK(read_all(trained.copy) == before);
}

TEST_CASE("delta: in the background its rows are those of the checkpoint", "[train][delta]") {
  const TemporaryFolder folder;
  const auto path = folder / "table", copy = folder / "copy";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  std::filesystem::copy_file(path, copy);
  std::vector<float> then;
  {
    Trainer trainer = trained(path);
    step(trainer, {1, 2, 3}, 1);
    then = rows_of(trainer.table());
    auto options = with_delta(folder / "delta");
    options.in_background = true;
    REQUIRE(trainer.checkpoint("then", options));
    step(trainer, {1, 2, 9}, 2);
    REQUIRE(trainer.end_checkpoint());
    CHECK(trainer.last_checkpoint().tag == "then");
  }
  REQUIRE(apply_delta(copy, folder / "delta"));
  CHECK(contents_of(copy).rows == then);
  CHECK(contents_of(copy).tag == "then");
}

TEST_CASE("delta: a trainer that cannot write one makes no checkpoint", "[train][delta]") {
  const TemporaryFolder folder;
  const auto path = folder / "table";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  {
    Trainer trainer = opened(path, kOptimizer);
    step(trainer, {1}, 1);
    const auto refused = trainer.checkpoint("x", with_delta(folder / "delta"));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kUnsupported);
    REQUIRE(trainer.close());
  }
  Trainer trainer = trained(path);
  step(trainer, {1}, 1);
  CHECK(trainer.checkpoint("x", with_delta(folder / "no such folder/delta")).error().code == ErrorCode::kNotFound);
  CHECK(trainer.checkpoint("x", with_delta(path)).error().code == ErrorCode::kBusy);
  CHECK(trainer.checkpoint("x", with_delta(folder / "delta", {.tokens = true})).error().code == ErrorCode::kUnsupported);
  CHECK(trainer.last_checkpoint().tag.empty());
  step(trainer, {2}, 2);
  REQUIRE(trainer.checkpoint("y", with_delta(folder / "delta")));
  const auto info = read_delta_info(folder / "delta");
  REQUIRE(info);
  CHECK((info->rows == 2 && info->table_rows == kRows && info->dim == 5 && info->has_state && !info->has_tokens));
  CHECK((info->target.tag == "y" && info->target.step_count == 3 && info->base_content != info->target_content));
}

TEST_CASE("delta: of two tables, in any format", "[train][delta]") {
  const RowFormat formats[] = {RowFormat::f32(kDim), RowFormat::f32(kDim).padded_to_lines(), RowFormat::bf16(kDim),
                               RowFormat::int8(kDim), RowFormat::int4(kDim), RowFormat::fp8_e4m3(kDim)};
  for (const auto& format : formats) {
    const TemporaryFolder folder;
    const auto before = folder / "before", after = folder / "after", delta = folder / "delta";
    auto values = random_values(kRows * kDim, 1);
    make_table(before, format, values, {});
    for (const size_t row : {0, 1, 2, 77, 199}) values[row * kDim + 2] = 3;
    make_table(after, format, values, {});
    uint64_t last = 0;
    const auto report = write_delta(before, after, delta, {}, [&](uint64_t done, uint64_t total) {
      last = total - done;
      return true;
    });
    REQUIRE(report);
    CHECK((report->rows == 5 && last == 0));
    REQUIRE(apply_delta(before, delta));
    CHECK(rows_of(*Table::open(before)) == rows_of(*Table::open(after)));
    CHECK(verify(before)->bad_blocks.empty());
    const auto stopped = write_delta(before, after, folder / "stopped", {}, [](uint64_t, uint64_t) { return false; });
    REQUIRE(!stopped);
    CHECK(stopped.error().code == ErrorCode::kIo);
    CHECK(folder.entries() == 3);
  }
}

TEST_CASE("delta: tables that do not fit together have none", "[train][delta]") {
  const TemporaryFolder folder;
  const auto path = folder / "a", delta = folder / "delta";
  const auto values = random_values(kRows * kDim, 1);
  make_table(path, kDim, values, kOptimizer);
  make_table(folder / "shorter", kDim, random_values((kRows - 1) * kDim, 1), kOptimizer);
  make_table(folder / "bf16", RowFormat::bf16(kDim), values, {});
  make_table(folder / "stateless", kDim, values, {});
  for (const char* other : {"shorter", "bf16"})
    CHECK(write_delta(path, folder / other, delta).error().code == ErrorCode::kInvalidArgument);
  CHECK(write_delta(path, folder / "stateless", delta, {.state = true}).error().code == ErrorCode::kInvalidArgument);
  CHECK(write_delta(path, folder / "stateless", delta)->rows == 0);
  CHECK(write_delta(path, folder / "shorter", path).error().code == ErrorCode::kInvalidArgument);
  CHECK(write_delta(path, folder / "none", delta).error().code == ErrorCode::kNotFound);
  write_file(folder / "text", "no table");
  CHECK(write_delta(path, folder / "text", delta).error().code == ErrorCode::kFormat);
  CHECK(apply_delta(path, folder / "text").error().code == ErrorCode::kFormat);
  CHECK(apply_delta(path, path).error().code == ErrorCode::kFormat);
  CHECK(apply_delta(path, folder / "none").error().code == ErrorCode::kNotFound);
  Trainer trainer = trained(path);
  step(trainer, {1}, 1);
  CHECK(write_delta(path, folder / "stateless", delta).error().code == ErrorCode::kUnclean);
}

TEST_CASE("delta: tokens go along, and must be those of the table", "[train][delta]") {
  const TemporaryFolder folder;
  const auto make = [&](const std::string& path, std::vector<std::string_view> tokens, float value) {
    const Init init{Init::Kind::kConstant, value};
    REQUIRE(Table::create(path, {.rows = 3, .format = RowFormat::f32(2), .init = init, .tokens = tokens}));
  };
  make(folder / "a", {"one", std::string_view("tw\0o", 4), ""}, 1);
  make(folder / "b", {"one", std::string_view("tw\0o", 4), ""}, 2);
  make(folder / "other", {"one", "zwei", ""}, 2);
  CHECK(write_delta(folder / "a", folder / "other", folder / "delta").error().code == ErrorCode::kInvalidArgument);
  REQUIRE(write_delta(folder / "a", folder / "b", folder / "delta", {.tokens = true}));
  CHECK(read_delta_info(folder / "delta")->has_tokens);
  const auto read = DeltaFile::open(io::posix(), folder / "delta");
  REQUIRE(read);
  CHECK(read->read_tokens()->tokens == std::vector<std::string_view>{"one", std::string_view("tw\0o", 4), ""});
  // A table of the same content under other tokens.
  change_slot(folder / "other", [&](MetaSlot& slot) { slot.content = read->base().content; });
  const auto refused = apply_delta(folder / "other", folder / "delta");
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kWrongBase);
  CHECK(refused.error().message.find("'zwei'") != std::string::npos);
  // Those of a trainer have them as well.
  Trainer trainer = opened(folder / "b", Sgd{.lr = 1}, {.durability = Durability::kProcess});
  REQUIRE(trainer.write_rows(std::span<const int64_t>(std::vector<int64_t>{1}), RowsIn(std::vector<float>(2), 2)));
  REQUIRE(trainer.checkpoint("trained", {.delta_path = folder / "trained", .delta = {.tokens = true}}));
  const auto of_trainer = DeltaFile::open(io::posix(), folder / "trained");
  REQUIRE(of_trainer);
  CHECK(of_trainer->read_tokens()->tokens == std::vector<std::string_view>{std::string_view("tw\0o", 4)});
  REQUIRE(trainer.close());
  make(folder / "b", {"one", std::string_view("tw\0o", 4), ""}, 2);
  REQUIRE(write_delta(folder / "a", folder / "b", folder / "delta", {.tokens = true}));
  // Merged they stay.
  make(folder / "c", {"one", std::string_view("tw\0o", 4), ""}, 3);
  REQUIRE(write_delta(folder / "b", folder / "c", folder / "delta2", {.tokens = true}));
  const std::vector<std::string> both = {folder / "delta", folder / "delta2"};
  REQUIRE(merge_deltas(both, folder / "merged"));
  REQUIRE(apply_delta(folder / "a", folder / "merged"));
  CHECK(rows_of(*Table::open(folder / "a")) == rows_of(*Table::open(folder / "c")));
}

TEST_CASE("delta: to a copy, which takes the place of what is served", "[train][delta]") {
  const Trained trained;
  const auto served = trained.folder / "served";
  REQUIRE(publish(trained.copy, served));
  const auto reader = Table::open(served);
  REQUIRE(reader);
  const auto before = rows_of(*reader);
  const auto untouched = read_all(trained.copy);
  const auto applied = apply_delta(trained.copy, trained.deltas[0], {.target = served});
  REQUIRE(applied);
  CHECK((applied->rows == 5 && applied->checkpoint.tag == "epoch 0"));
  CHECK(read_all(trained.copy) == untouched);
  CHECK(rows_of(*reader) == before);
  CHECK(contents_of(served).tag == "epoch 0");
  REQUIRE(apply_delta(served, trained.deltas[1]));
  // It goes on from there; what has been applied is copied as it is.
  REQUIRE(apply_delta(served, trained.deltas[2], {.target = trained.copy}));
  CHECK(contents_of(trained.copy) == contents_of(trained.table));
  CHECK(apply_delta(trained.copy, trained.deltas[2], {.target = served})->was_applied);
  CHECK(read_all(served) == read_all(trained.copy));
  CHECK(apply_delta(served, trained.deltas[2], {.target = served}).error().code == ErrorCode::kInvalidArgument);
  Trainer trainer = opened(served, kOptimizer);
  CHECK(apply_delta(trained.copy, trained.deltas[2], {.target = served}).error().code == ErrorCode::kBusy);
  CHECK(apply_delta(served, trained.deltas[2]).error().code == ErrorCode::kBusy);
}

TEST_CASE("delta: cut off anywhere, it is refused", "[train][delta]") {
  const Trained trained;
  const auto good = text_of(trained.deltas[0]);
  const auto before = read_all(trained.copy);
  for (size_t bytes = 0; bytes < good.size(); bytes += 1 + bytes % 97) {
    write_file(trained.folder / "cut", good.substr(0, bytes));
    REQUIRE(!apply_delta(trained.copy, trained.folder / "cut"));
  }
  CHECK(read_all(trained.copy) == before);
}

TEST_CASE("delta: it has the permissions of its table", "[train][delta]") {
  const TemporaryFolder folder;
  make_table(folder / "t", kDim, random_values(kRows * kDim, 1), kOptimizer);
  std::filesystem::permissions(folder / "t", std::filesystem::perms(0600));
  Trainer trainer = trained(folder / "t");
  step(trainer, {1}, 1);
  REQUIRE(trainer.checkpoint("x", with_delta(folder / "delta")));
  CHECK(std::filesystem::status(folder / "delta").permissions() == std::filesystem::perms(0600));
}
