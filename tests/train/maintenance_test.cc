#include "train/train_fixture.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 100;     // 400 bytes a row: a block of 65536 bytes holds 163 rows and parts of others
constexpr int64_t kRows = 1000;  // 7 blocks

void flip_byte(const std::string& path, uint64_t at) {
  auto bytes = read_all(path);
  bytes[at] ^= 0x10;
  write_all(path, bytes);
}

const safetensors::Tensor tensor_in(const std::string& path, const std::string& name) {
  auto file = open_table_file(io::posix(), path, io::Access::kRead, "");
  REQUIRE(file);
  REQUIRE(file->header.find(name));
  return *file->header.find(name);
}

}  // namespace

TEST_CASE("verify: a new table is whole", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(kRows * kDim, 1), Adagrad{});
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->blocks_ok == 14);
  CHECK(report->blocks_not_computed == 0);
  CHECK(report->bad_blocks.empty());
  CHECK(report->leftovers.empty());
  CHECK(!report->mixed);
}

TEST_CASE("verify: a flipped bit is found, with the rows of its block", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(kRows * kDim, 1), Adagrad{});
  const auto weight = tensor_in(path, "weight"), state = tensor_in(path, "optimizer.sum");
  flip_byte(path, weight.begin + 65536 + 5);
  flip_byte(path, state.end - 1);
  const auto before = read_all(path);
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->blocks_ok == 12);
  REQUIRE(report->bad_blocks.size() == 2);
  const auto& first = report->bad_blocks[0];
  CHECK(first.tensor == "weight");
  CHECK(first.file_begin == weight.begin + 65536);
  CHECK(first.file_end == weight.begin + 2 * 65536);
  CHECK(first.first_row == 163);  // 65536 / 400 = 163.84
  CHECK(first.last_row == 327);   // 131071 / 400 = 327.68
  const auto& second = report->bad_blocks[1];
  CHECK(second.tensor == "optimizer.sum");
  CHECK(second.file_end == state.end);
  CHECK(second.first_row == 983);  // 6 x 65536 / 400 = 983.04
  CHECK(second.last_row == 999);
  CHECK(read_all(path) == before);
}

TEST_CASE("verify: a damaged slot is found, and not taken for a trainer at work", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(kRows * kDim, 1), Sgd{});
  {
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    const std::vector<int64_t> ids = {1};
    const std::vector<float> grads(kDim, 1.0f);
    REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
    REQUIRE(trainer->close());
  }
  const auto meta = tensor_in(path, "_meta").begin;
  const auto whole = read_all(path);
  REQUIRE(verify(path)->bad_slots.empty());
  const uint64_t newest = open_table_file(io::posix(), path, io::Access::kRead, "")->slot->generation % 2;
  // The one before is that of the trainer while it worked.
  flip_byte(path, meta + (1 - newest) * 4096 + 40);
  const auto older = verify(path);
  REQUIRE(older);
  CHECK(older->bad_slots == std::vector<uint64_t>{meta + (1 - newest) * 4096});
  write_all(path, whole);
  flip_byte(path, meta + newest * 4096 + 40);
  const auto newer = verify(path);
  REQUIRE(!newer);
  CHECK(newer.error().code == ErrorCode::kMetaCorrupt);
  CHECK(newer.error().message.find("byte " + std::to_string(meta + newest * 4096)) != std::string::npos);
}

TEST_CASE("verify: damage in the vocabulary is found, and names no rows", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const std::vector<std::string_view> tokens = {"plum", "pear"};
  TableSpec spec;
  spec.rows = 2;
  spec.format = RowFormat::f32(3);
  spec.tokens = tokens;
  REQUIRE(Table::create(path, spec));
  flip_byte(path, tensor_in(path, "vocab.bytes").begin);
  const auto report = verify(path);
  REQUIRE(report);
  REQUIRE(report->bad_blocks.size() == 1);
  CHECK(report->bad_blocks[0].tensor == "vocab.bytes");
  CHECK(report->bad_blocks[0].first_row == -1);
  CHECK(report->bad_blocks[0].last_row == -1);
}

TEST_CASE("verify: an entry of 0 is not computed, no damage", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(kRows * kDim, 1), Sgd{});
  auto bytes = read_all(path);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(tensor_in(path, "checksum").begin), 8, uint8_t{0});
  write_all(path, bytes);
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->blocks_ok == 6);
  CHECK(report->blocks_not_computed == 1);
}

TEST_CASE("verify: names what a crash left beside the table, and only that", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 2, 3}, Sgd{});
  std::string leftover;
  {
    // What an interrupted writer leaves, under the very name that it takes.
    TableWriterSpec spec;
    spec.format = RowFormat::f32(3);
    auto writer = TableWriter::create(path, spec);
    REQUIRE(writer);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      const auto name = entry.path().filename().string();
      if (name != "t.safetensors") leftover = name;
    }
  }
  REQUIRE(!leftover.empty());
  write_text(folder / leftover, "half a table");
  write_text(folder / ".other.safetensors.tmp-0123456789abcdef", "of another table");
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->leftovers == std::vector<std::string>{leftover});
}

TEST_CASE("verify and recover: only Windrow files", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "foreign.safetensors";
  const std::string header = R"({"emb":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";
  std::vector<uint8_t> foreign(8);
  foreign[0] = static_cast<uint8_t>(header.size());
  foreign.insert(foreign.end(), header.begin(), header.end());
  foreign.resize(foreign.size() + 8);
  write_all(path, foreign);
  const auto verified = verify(path);
  REQUIRE(!verified);
  CHECK(verified.error().code == ErrorCode::kUnsupported);
  const auto recovered = recover(path, {.accept_mixed = true});
  REQUIRE(!recovered);
  CHECK(recovered.error().code == ErrorCode::kUnsupported);
  CHECK(read_all(path) == foreign);
  CHECK(verify(folder / "none").error().code == ErrorCode::kNotFound);
}

TEST_CASE("recover: a clean table is left byte for byte", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 3, {1, 2, 3}, Sgd{});
  const auto before = read_all(path);
  const auto report = recover(path, {.accept_mixed = true});
  REQUIRE(report);
  CHECK(report->was_clean);
  CHECK(!report->mixed);
  CHECK(read_all(path) == before);
}

TEST_CASE("verify: rows with NaN and infinite values are counted", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  auto values = random_values(kRows * kDim, 1);
  values[7 * kDim + 99] = std::numeric_limits<float>::quiet_NaN();
  values[8 * kDim] = std::numeric_limits<float>::quiet_NaN();
  values[8 * kDim + 1] = -std::numeric_limits<float>::infinity();
  make_table(path, kDim, values, std::nullopt);
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->nan_rows == 2);
  CHECK(report->first_nan_row == 7);
  CHECK(report->infinite_rows == 1);
  CHECK(report->first_infinite_row == 8);
  CHECK(report->bad_blocks.empty());
}

TEST_CASE("verify: an index that was wrong when its checksums were made is found", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const std::vector<std::string_view> tokens = {"one", "two", "two"};
  REQUIRE(Table::create(path, {.rows = 3, .format = RowFormat::f32(2), .tokens = tokens}));
  const auto good = verify(path);
  REQUIRE(good);
  CHECK(good->tokens == 3);
  CHECK(good->vocabulary_error_count == 0);

  const auto index = tensor_in(path, "vocab.index"), sums = tensor_in(path, "checksum");
  auto bytes = read_all(path);
  std::fill(bytes.begin() + static_cast<ptrdiff_t>(index.begin), bytes.begin() + static_cast<ptrdiff_t>(index.end), 0);
  // The last checksum is that of the index: 0 is "not computed".
  std::fill(bytes.begin() + static_cast<ptrdiff_t>(sums.end) - 8, bytes.begin() + static_cast<ptrdiff_t>(sums.end), 0);
  write_all(path, bytes);
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->bad_blocks.empty());
  CHECK(report->vocabulary_error_count == 3);
  REQUIRE(report->vocabulary_errors.size() == 3);
  CHECK(report->vocabulary_errors[0].find("token 0, 'one'") == 0);
}
