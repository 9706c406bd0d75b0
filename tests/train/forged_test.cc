#include <windrow/delta.h>

#include <cstring>
#include <filesystem>

#include "delta/delta_writer.h"
#include "table/optimizer_state.h"
#include "table/row_images.h"
#include "train/forge.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 4;
constexpr int64_t kRows = 50;
const Optimizer kOptimizer = Adagrad{.lr = 0.1};

void step(Trainer& trainer) {
  const std::vector<int64_t> ids = {1, 2, 49};
  REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(random_values(ids.size() * kDim, 3), kDim)));
}

// A table that a trainer died with.
void make_unclean(const std::string& path, Durability durability) {
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  Trainer trainer = opened(path, kOptimizer, {.durability = durability});
  step(trainer);
}

// A delta, and a table that it is for.
struct Pair {
  TemporaryFolder folder;
  std::string table = folder / "table", delta = folder / "delta";

  explicit Pair(std::vector<std::string_view> tokens = {}, int64_t rows = kRows) {
    const bool has_tokens = !tokens.empty();
    TableSpec spec{.rows = rows, .format = RowFormat::f32(kDim), .tokens = std::move(tokens)};
    spec.optimizer = kOptimizer;
    const auto later = folder / "later";
    REQUIRE(Table::create(table, spec));
    std::filesystem::copy_file(table, later);
    Trainer trainer = opened(later, kOptimizer, {.durability = Durability::kProcess});
    const std::vector<int64_t> ids = {0, 1};
    const auto grads = random_values(ids.size() * kDim, 3);
    REQUIRE(trainer.step(std::span<const int64_t>(ids).first(rows > 1 ? 2 : 0),
                         RowsIn(std::span(grads).first(rows > 1 ? 2 * kDim : 0), kDim)));
    REQUIRE(trainer.checkpoint("later", {.delta_path = delta, .delta = {.state = true, .tokens = has_tokens}}));
    REQUIRE(trainer.close("later"));
  }

  // The message, where nothing has changed.
  std::string refused(ErrorCode code) const {
    const auto before = read_all(table);
    const auto in_place = apply_delta(table, delta), copied = apply_delta(table, delta, {.target = folder / "copy"});
    REQUIRE(!in_place);
    REQUIRE(!copied);
    CHECK(in_place.error().code == code);
    CHECK(copied.error().code == code);
    CHECK(read_all(table) == before);
    CHECK(!std::filesystem::exists(folder / "copy"));
    return in_place.error().message;
  }
};

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("forged: a table whose checksums are of other blocks is not trained, put right or scrubbed", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  const auto other_blocks = [](MetaSlot& slot) { slot.checksum_block_bytes = 4096; };
  for (const Durability durability : {Durability::kPower, Durability::kNone}) {
    make_unclean(path, durability);
    change_slot(path, other_blocks);
    CHECK(recover(path, {.accept_mixed = true}).error().code == ErrorCode::kUnsupported);
    CHECK(Table::open(path).error().code == ErrorCode::kUnclean);
  }
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  change_slot(path, other_blocks);
  CHECK(Trainer::open(path, kOptimizer).error().code == ErrorCode::kUnsupported);
  CHECK(Table::open(path, {.scrub = true}).error().code == ErrorCode::kUnsupported);
  CHECK(verify(path).error().code == ErrorCode::kUnsupported);
  CHECK(Table::open(path));
}

TEST_CASE("forged: a step count that cannot be is refused", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
  change_slot(path, [](MetaSlot& slot) { slot.step_count = UINT64_MAX / 2; });
  const auto before = read_all(path);
  CHECK(Trainer::open(path, kOptimizer).error().code == ErrorCode::kFormat);
  CHECK(read_all(path) == before);
  CHECK(Table::open(path));
}

TEST_CASE("forged: a table whose checksums are not where they should be is not trained", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  for (const auto& [old, text] : {std::pair("\"checksum\"", "\"checksun\""),
                                  std::pair("\"optimizer.sum\"", "\"_pad.izer.sum\""),  // fewer blocks
                                  std::pair("\"checksum\":{\"dtype\":\"I64\"", "\"checksum\":{\"dtype\":\"F64\"")}) {
    make_table(path, kDim, random_values(kRows * kDim, 1), kOptimizer);
    change_header(path, old, text);
    CHECK(!Trainer::open(path, kOptimizer));
    CHECK(verify(path).error().code == ErrorCode::kFormat);
  }
}

TEST_CASE("forged: a table without checksums is trained and put right like others", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  const auto weights = random_values(kRows * kDim, 1);
  make_table(path, kDim, weights, kOptimizer);
  change_slot(path, [](MetaSlot& slot) { slot.checksum_block_bytes = 0; });
  {
    Trainer trainer = opened(path, kOptimizer, {.durability = Durability::kPower});
    step(trainer);
  }
  REQUIRE(recover(path)->rows_restored == 3);
  CHECK(tensor_of(path, "weight") == weights);
}

TEST_CASE("forged: a state that is not of the table's rows is told before anything is done", "[train]") {
  // A state of no bytes, of three for two rows, of three rows, and of none; of a type whose bytes nobody can check.
  for (const auto& [token, shape] : {std::pair("", "[2]"), std::pair("odd", "[2]"), std::pair("odd", "[3]"),
                                     std::pair("", "[ ]")}) {
    const Pair pair({"", token}, 2);
    const std::string bytes = std::to_string(std::strlen(token));
    change_header(pair.table, "\"vocab.bytes\":{\"dtype\":\"U8\",\"shape\":[" + bytes + "]",
                  "\"optimizer.x\":{\"dtype\":\"X8\",\"shape\":" + std::string(shape));
    CHECK(contains(pair.refused(ErrorCode::kFormat), "is not of 2 rows"));
    change_slot(pair.table, [](MetaSlot& slot) { slot.clean = false; slot.level = DurabilityLevel::kPower; });
    CHECK(recover(pair.table).error().code == ErrorCode::kFormat);
  }
}

TEST_CASE("forged: a state of as many bytes as rows, and of another shape, is refused", "[train][delta]") {
  // 50 rows of 4 floats of state, and what else has 800 bytes.
  for (const char* shape : {"[4,50]", "[200]", "[8,25]"}) {
    const Pair pair;
    const std::string old = "\"optimizer.sum\":{\"dtype\":\"F32\",\"shape\":[50,4]";
    std::string text = "\"optimizer.sum\":{\"dtype\":\"F32\",\"shape\":" + std::string(shape);
    text.resize(old.size(), ' ');
    change_header(pair.table, old, text);
    CHECK(contains(pair.refused(ErrorCode::kFormat), "is not of 50 rows"));
    const auto made = pair.folder / "made";
    for (const bool state : {true, false}) {
      CHECK(write_delta(pair.table, pair.folder / "later", made, {.state = state}).error().code == ErrorCode::kFormat);
      CHECK(write_delta(pair.folder / "later", pair.table, made, {.state = state}).error().code == ErrorCode::kFormat);
    }
  }
}

TEST_CASE("forged: a damaged block of rows of less than a byte is told without them", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  const std::vector<std::string_view> tokens = {"a", "b", "c", "d", "", "", "", ""};
  REQUIRE(Table::create(path, {.rows = 8, .format = RowFormat::f32(kDim), .tokens = tokens}));
  change_header(path, "\"vocab.bytes\":{\"dtype\":\"U8\",\"shape\":[4]", "\"optimizer.x\":{\"dtype\":\"F4\",\"shape\":[8]");
  {
    auto data = open_data_file(io::posix(), path, io::Access::kWrite);
    REQUIRE(data);
    REQUIRE(data->file->write(data->header.find("optimizer.x")->begin, std::vector<uint8_t>{1, 2, 3, 4}));
  }
  const auto report = verify(path);
  REQUIRE(report);
  REQUIRE(report->bad_blocks.size() == 1);
  CHECK((report->bad_blocks[0].tensor == "optimizer.x" && report->bad_blocks[0].first_row == -1));
  CHECK(Table::open(path, {.scrub = true}).error().code == ErrorCode::kFormat);
}

TEST_CASE("forged: a row whose state is too large for a journal is refused", "[train]") {
  const TemporaryFolder folder;
  make_table(folder / "t", kDim, random_values(kRows * kDim, 1), kOptimizer);
  auto table = open_table_file(io::posix(), folder / "t", io::Access::kRead, "weight");
  REQUIRE(table);
  for (auto& tensor : table->header.tensors) {
    if (tensor.name == "optimizer.sum") tensor.end = tensor.begin + (uint64_t{kRows} << 32);
  }
  CHECK(RowImages::of(*table).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("forged: a delta for rows of another format, dim or scales is refused", "[train][delta]") {
  using Change = void (*)(MetaSlot&);
  for (const Change change : {Change([](MetaSlot& slot) { slot.dim = 5; }),
                              Change([](MetaSlot& slot) { slot.row_format_id += 1; }),
                              Change([](MetaSlot& slot) { slot.scale_block = 2; }),
                              Change([](MetaSlot& slot) { slot.scale_type += 1; }),
                              Change([](MetaSlot& slot) { slot.scale_place += 1; })}) {
    const Pair pair;
    change_end(pair.delta, 1, change);
    CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "another format or dim"));
  }
}

TEST_CASE("forged: a delta of the state of another optimiser is refused", "[train][delta]") {
  {
    const Pair pair;
    change_end(pair.delta, 1, [](MetaSlot& slot) { slot.optimizer_id += 1; });
    CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "another optimiser"));
  }
  {
    const Pair pair;
    change_header(pair.delta, "optimizer.sum", "optimizer.sun");
    CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "and \"optimizer.sun\" has"));
  }
}

TEST_CASE("forged: a delta with fewer states, or shorter ones, is refused", "[train][delta]") {
  const Pair pair;
  const auto source = open_table_file(io::posix(), pair.table, io::Access::kRead, "");
  REQUIRE(source);
  const std::vector<int64_t> rows = {3, 4};
  const auto forge = [&](auto change) {
    NewDelta delta{.base = *source->slot,
                   .target = *source->slot,
                   .parts = delta_parts(*source, 2, true),
                   .rows = rows};
    delta.target.content += 1;
    change(delta.parts);
    const auto fill = [](size_t, size_t, std::span<uint8_t>) { return Result<void>(); };
    auto file = write_delta_file(io::posix(), pair.delta, pair.table, delta, fill);
    REQUIRE(file);
    REQUIRE(file->commit());
  };
  using Parts = std::vector<safetensors::NewTensor>;
  forge([](Parts& parts) { parts.push_back({"optimizer.twin", "F32", {2, kDim}}); });
  CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "another optimiser"));
  forge([](Parts& parts) { parts[1].shape = {2, 1}; });
  CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "\"optimizer.sum\" have 16 bytes"));
  forge([](Parts& parts) { parts[0].shape = {2, kDim + 1}; });
  CHECK(contains(pair.refused(ErrorCode::kInvalidArgument), "\"weight\" have 16 bytes"));
}

TEST_CASE("forged: a delta whose two ends do not belong together is none", "[train][delta]") {
  using Change = void (*)(MetaSlot&);
  for (const int end : {0, 1}) {
    for (const Change change : {Change([](MetaSlot& slot) { slot.content = 0; }),
                                Change([](MetaSlot& slot) { slot.rows_in_use += 1; })}) {
      const Pair pair;
      change_end(pair.delta, end, change);
      CHECK(contains(pair.refused(ErrorCode::kFormat), "do not belong together"));
    }
    const Pair pair;
    change_end(pair.delta, end, [](MetaSlot& slot) { slot.reader_features = 1; });
    pair.refused(ErrorCode::kVersion);
  }
}

TEST_CASE("forged: a delta without the tensors that one has is none", "[train][delta]") {
  const auto refused = [](const std::string& old, const std::string& text) {
    const Pair pair({"one", "two"}, 2);
    change_header(pair.delta, old, text);
    return pair.refused(ErrorCode::kFormat);
  };
  CHECK(contains(refused("\"_delta\"", "\"_delto\""), "not a delta"));
  CHECK(contains(refused("\"_delta\":{\"dtype\":\"U8\"", "\"_delta\":{\"dtype\":\"I8\""), "not a delta"));
  CHECK(contains(refused("\"rows\"", "\"Rows\""), "no tensor \"rows\""));
  CHECK(contains(refused("\"rows\":{\"dtype\":\"I64\"", "\"rows\":{\"dtype\":\"U64\""), "no tensor \"rows\""));
  CHECK(contains(refused("\"weight\"", "\"Weight\""), "no tensor \"weight\""));
  CHECK(contains(refused("\"vocab.bytes\"", "\"vocab.bites\""), "of a token for each of 2 rows"));
  CHECK(contains(refused("\"vocab.offsets\"", "\"vocab.offsetz\""), "of a token for each of 2 rows"));
  CHECK(contains(refused("\"vocab.offsets\":{\"dtype\":\"I64\"", "\"vocab.offsets\":{\"dtype\":\"U64\""),
                 "of a token for each of 2 rows"));
  CHECK(contains(refused("\"vocab.bytes\"", "\"optimizer.x\""), "is not of 2 rows"));
}

TEST_CASE("forged: offsets of a delta's tokens that lead astray are refused", "[train][delta]") {
  for (const std::vector<int64_t>& offsets : {std::vector<int64_t>{1, 3, 6}, {0, 3, 7}, {0, -1, 6}, {0, 7, 6}}) {
    const Pair pair({"one", "two"}, 2);
    change_numbers(pair.delta, kDeltaTokenOffsets, offsets);
    CHECK(contains(pair.refused(ErrorCode::kFormat), "offset"));
  }
}

TEST_CASE("forged: a delta with tokens for a table that has none, or damaged ones, is refused", "[train][delta]") {
  {
    const Pair pair({"one", "two"}, 2);
    for (const char* part : {"bytes", "offsets", "index"})
      change_header(pair.table, std::string("vocab.") + part, std::string("Vocab.") + part);
    CHECK(contains(pair.refused(ErrorCode::kUnsupported), "no tokens"));
  }
  const Pair pair({"one", "two"}, 2);
  change_header(pair.table, "vocab.index", "vocab.indez");
  CHECK(contains(pair.refused(ErrorCode::kFormat), "vocabulary is damaged"));
}

TEST_CASE("forged: a delta of rows that are marked as mixed marks those it is applied to", "[train][delta]") {
  const auto mixed = [](MetaSlot& slot) { slot.mixed = true; };
  const Pair pair, marked;
  change_end(pair.delta, 1, mixed);
  change_slot(marked.table, mixed);
  for (const Pair* each : {&pair, &marked}) {
    REQUIRE(apply_delta(each->table, each->delta));
    CHECK(verify(each->table)->mixed);
  }
}

TEST_CASE("forged: the step count of another optimiser does not count", "[train][delta]") {
  const Pair pair;
  for (const uint32_t optimizer : {uint32_t{0}, optimizer_id(Sgd{})}) {
    const auto stateless = pair.folder / "stateless";
    REQUIRE(strip(pair.table, stateless));
    change_slot(stateless, [&](MetaSlot& slot) { slot.optimizer_id = optimizer; });
    REQUIRE(apply_delta(stateless, pair.delta));
    const auto file = open_table_file(io::posix(), stateless, io::Access::kRead, "");
    REQUIRE(file);
    CHECK(file->slot->step_count == 0);
  }
  REQUIRE(apply_delta(pair.table, pair.delta));
  CHECK(opened(pair.table, kOptimizer).step_count() == 1);
}

TEST_CASE("forged: a delta of a table without rows is applied", "[train][delta]") {
  const Pair pair({}, 0);
  const auto applied = apply_delta(pair.table, pair.delta);
  REQUIRE(applied);
  CHECK((applied->rows == 0 && applied->checkpoint.tag == "later" && applied->checkpoint.step_count == 1));
}
