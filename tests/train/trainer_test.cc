#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "format/checksum.h"
#include "train/train_fixture.h"

using namespace windrow;

namespace {

const Optimizer kAdagrad = Adagrad{.lr = 0.1};

// A step on a few rows of a table of at least 10 rows.
ReferenceRequest some_request(size_t dim, uint32_t seed = 1) {
  ReferenceRequest request;
  request.ids = {3, 9, 3, 0};
  request.grads = random_values(4 * dim, seed);
  return request;
}

ErrorCode code_of(const Result<Trainer>& result) {
  REQUIRE(!result);
  INFO(result.error().message);
  CHECK(!result.error().message.empty());
  return result.error().code;
}

MetaSlot slot_of(const std::string& path) {
  auto file = open_table_file(io::posix(), path, io::Access::kRead, "");
  REQUIRE(file);
  return *file->slot;
}

// Which bytes of a file a training session may change.
class Allowed {
 public:
  explicit Allowed(const std::string& path) {
    auto file = open_table_file(io::posix(), path, io::Access::kRead, "");
    REQUIRE(file);
    header_ = file->header;
    stride_ = file->format.stride_bytes;
    row_bytes_ = file->format.row_bytes();
    allowed_.resize(file->file_bytes);
    allow(find("_meta").begin, kMetaBytes);
  }
  void touch_row(int64_t row, bool state) {
    touch("weight", static_cast<uint64_t>(row) * stride_);
    if (state) touch("optimizer.sum", static_cast<uint64_t>(row) * row_bytes_);
  }
  bool at(size_t byte) const { return allowed_[byte]; }

 private:
  const safetensors::Tensor& find(const std::string& name) {
    const auto* tensor = header_.find(name);
    REQUIRE(tensor);
    return *tensor;
  }
  void touch(const std::string& name, uint64_t offset) {
    const auto& tensor = find(name);
    allow(tensor.begin + offset, row_bytes_);
    uint64_t entry = find("checksum").begin;
    for (const auto& other : header_.tensors) {
      if (other.name == name) break;
      if (is_checksummed(other.name)) entry += 8 * block_count(other.end - other.begin);
    }
    for (uint64_t block = offset / 65536; block <= (offset + row_bytes_ - 1) / 65536; ++block)
      allow(entry + 8 * block, 8);
  }
  void allow(uint64_t begin, uint64_t bytes) {
    std::fill_n(allowed_.begin() + static_cast<std::ptrdiff_t>(begin), bytes, true);
  }

  safetensors::Header header_;
  uint64_t stride_ = 0, row_bytes_ = 0;
  std::vector<bool> allowed_;
};

}  // namespace

TEST_CASE("trainer: a session changes touched rows, their state, their checksums and `_meta` alone",
          "[train]") {
  constexpr size_t kDim = 33;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const bool padded : {false, true}) {
    CAPTURE(padded);
    make_table(path, kDim, random_values(3000 * kDim, 1), kAdagrad, padded);
    const auto before = read_all(path);
    Allowed allowed(path);
    {
      auto trainer = Trainer::open(path, kAdagrad);
      REQUIRE(trainer);
      ReferenceRequest request;
      request.ids = {5, 2999, 496, 5, 1500};  // 496: its packed row lies in two checksum blocks
      request.grads = random_values(5 * kDim, 2);
      REQUIRE(step(*trainer, request, kDim));
      const std::vector<int64_t> written = {7};
      const RowsIn values(std::span(request.grads).first(kDim), kDim);
      REQUIRE(trainer->write_rows(std::span<const int64_t>(written), values));
      REQUIRE(trainer->close());
    }
    for (const int64_t row : {5, 2999, 496, 1500}) allowed.touch_row(row, true);
    allowed.touch_row(7, false);
    const auto after = read_all(path);
    REQUIRE(after.size() == before.size());
    size_t changed = 0, forbidden = 0;
    for (size_t i = 0; i < after.size(); ++i) {
      if (after[i] == before[i]) continue;
      ++changed;
      forbidden += !allowed.at(i);
    }
    CHECK(changed > 5 * kDim);
    CHECK(forbidden == 0);
    const auto report = verify(path);
    REQUIRE(report);
    CHECK(report->bad_blocks.empty());
    CHECK(report->blocks_not_computed == 0);
  }
}

TEST_CASE("trainer: one that changed nothing leaves the file byte for byte", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), kAdagrad);
  const auto before = read_all(path);
  {
    auto trainer = Trainer::open(path, kAdagrad);
    REQUIRE(trainer);
    REQUIRE(trainer->close());
  }
  CHECK(read_all(path) == before);
  { REQUIRE(Trainer::open(path, kAdagrad)); }
  CHECK(read_all(path) == before);
  CHECK(Table::open(path));
}

TEST_CASE("trainer: state and step count go on where the last session ended", "[train]") {
  constexpr size_t kDim = 7;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const Optimizer optimizer = Adagrad{.lr = 0.1, .lr_decay = 0.3};
  const auto weights = random_values(20 * kDim, 1);
  make_table(path, kDim, weights, optimizer);
  auto expected = reference_of(kDim, weights, optimizer);
  for (uint32_t session = 0; session < 3; ++session) {
    auto trainer = Trainer::open(path, optimizer);
    REQUIRE(trainer);
    CHECK(trainer->step_count() == 2 * session);
    for (const uint32_t seed : {10u, 20u}) {
      const auto request = some_request(kDim, seed + session);
      reference_step(expected, request, optimizer);
      REQUIRE(step(*trainer, request, kDim));
    }
    REQUIRE(trainer->close("session " + std::to_string(session)));
    const auto slot = slot_of(path);
    CHECK(slot.clean);
    CHECK(!slot.mixed);
    CHECK(slot.tag == "session " + std::to_string(session));
    CHECK(slot.step_count == 2 * (session + 1));
    CHECK(slot.committed_epoch == session + 1);
  }
  CHECK(bits_of(tensor_of(path, "weight")) == bits_of(expected.weights));
  CHECK(bits_of(tensor_of(path, "optimizer.sum")) == bits_of(expected.states));
}

TEST_CASE("trainer: a second one gets kBusy, in this process and in another", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), Sgd{});
  auto trainer = Trainer::open(path, Sgd{});
  REQUIRE(trainer);
  CHECK(code_of(Trainer::open(path, Sgd{})) == ErrorCode::kBusy);
  const auto recovered = recover(path);
  REQUIRE(!recovered);
  CHECK(recovered.error().code == ErrorCode::kBusy);

  const pid_t child = fork();
  if (child == 0) {
    auto second = Trainer::open(path, Sgd{});
    _exit(!second && second.error().code == ErrorCode::kBusy ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);

  REQUIRE(trainer->close());
  CHECK(Trainer::open(path, Sgd{}));
}

TEST_CASE("trainer: the lock goes with close() or the trainer, though its table lives on", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), Sgd{});
  std::optional<Table> table;
  {
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    table = trainer->table();
    REQUIRE(step(*trainer, some_request(4), 4));
    REQUIRE(trainer->close());
    CHECK(Trainer::open(path, Sgd{}));
  }
  CHECK(bits_of(rows_of(*table)) == bits_of(tensor_of(path, "weight")));
  {
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    table = trainer->table();
  }
  CHECK(Trainer::open(path, Sgd{}));
}

TEST_CASE("trainer: without close() the table is unclean, and recover() makes it usable again", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), kAdagrad);
  std::vector<float> left;
  {
    auto trainer = Trainer::open(path, kAdagrad);
    REQUIRE(trainer);
    REQUIRE(step(*trainer, some_request(4), 4));
    left = rows_of(trainer->table());
    // A trainer lives: readers may look on if they ask for it.
    CHECK(!Table::open(path));
    OpenOptions live;
    live.unclean = Unclean::kLive;
    CHECK(Table::open(path, live));
  }
  const auto opened = Table::open(path);
  REQUIRE(!opened);
  CHECK(opened.error().code == ErrorCode::kUnclean);
  CHECK(code_of(Trainer::open(path, kAdagrad)) == ErrorCode::kUnclean);
  const auto verified = verify(path);
  REQUIRE(!verified);
  CHECK(verified.error().code == ErrorCode::kUnclean);

  const auto before = read_all(path);
  const auto refused = recover(path);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kUnclean);
  CHECK(read_all(path) == before);

  const auto recovered = recover(path, {.accept_mixed = true});
  REQUIRE(recovered);
  CHECK(!recovered->was_clean);
  CHECK(recovered->mixed);
  CHECK(Table::open(path));
  CHECK(bits_of(tensor_of(path, "weight")) == bits_of(left));
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->bad_blocks.empty());
  CHECK(report->mixed);

  // The mark stays through later sessions.
  auto trainer = Trainer::open(path, kAdagrad);
  REQUIRE(trainer);
  REQUIRE(step(*trainer, some_request(4), 4));
  REQUIRE(trainer->close());
  CHECK(slot_of(path).mixed);
}

TEST_CASE("trainer: a refused request leaves the file byte for byte and the trainer usable", "[train]") {
  constexpr size_t kDim = 4;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, kDim, random_values(10 * kDim, 1), kAdagrad);
  auto trainer = Trainer::open(path, kAdagrad);
  REQUIRE(trainer);
  const auto before = read_all(path);

  const std::vector<int64_t> good = {1, 2, 3}, too_big = {1, 10, 3}, negative = {1, 2, -1};
  const std::vector<int64_t> offsets = {0, 1, 3}, decreasing = {0, 2, 1}, short_offsets = {0, 1, 2};
  const std::vector<float> grads(3 * kDim, 1.0f), two(2 * kDim, 1.0f), weights(3, 1.0f), few_weights(2, 1.0f);
  const auto ids = [](const std::vector<int64_t>& values) { return Ids{std::span<const int64_t>(values)}; };
  const auto bags = [&](const std::vector<int64_t>& i, const std::vector<int64_t>& o,
                        std::span<const float> w) {
    Bags view;
    view.ids = ids(i);
    view.offsets = ids(o);
    view.weights = w;
    return view;
  };
  struct Bad {
    const char* name;
    ErrorCode code;
    std::function<Result<void>()> call;
  };
  const auto of = [](auto result) -> Result<void> {
    if (!result) return tl::make_unexpected(result.error());
    return {};
  };
  const RowsIn three(grads, kDim), two_rows(two, kDim);
  const std::vector<Bad> bad = {
      {"id == rows", ErrorCode::kOutOfRange, [&] { return of(trainer->step(ids(too_big), three)); }},
      {"id < 0", ErrorCode::kOutOfRange, [&] { return of(trainer->step(ids(negative), three)); }},
      {"id in a bag", ErrorCode::kOutOfRange,
       [&] { return of(trainer->step(bags(too_big, offsets, {}), Pooling::kSum, two_rows)); }},
      {"rows of grads", ErrorCode::kInvalidArgument, [&] { return of(trainer->step(ids(good), two_rows)); }},
      {"stride of grads", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(ids(good), RowsIn(std::span(grads).first(9), 3))); }},
      {"grads per id for bags", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(bags(good, offsets, {}), Pooling::kSum, three)); }},
      {"decreasing offsets", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(bags(good, decreasing, {}), Pooling::kSum, two_rows)); }},
      {"short offsets", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(bags(good, short_offsets, {}), Pooling::kSum, two_rows)); }},
      {"weights of a maximum", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(bags(good, offsets, weights), Pooling::kMax, two_rows)); }},
      {"few weights", ErrorCode::kInvalidArgument,
       [&] { return of(trainer->step(bags(good, offsets, few_weights), Pooling::kSum, two_rows)); }},
      {"write id", ErrorCode::kOutOfRange, [&] { return trainer->write_rows(ids(too_big), three); }},
      {"write rows", ErrorCode::kInvalidArgument, [&] { return trainer->write_rows(ids(good), two_rows); }},
      {"lr", ErrorCode::kInvalidArgument,
       [&] { return trainer->set_learning_rate(std::numeric_limits<double>::quiet_NaN()); }},
      {"tag", ErrorCode::kInvalidArgument, [&] { return trainer->close(std::string(257, 'x')); }},
  };
  for (const auto& request : bad) {
    CAPTURE(request.name);
    const auto result = request.call();
    REQUIRE(!result);
    CHECK(result.error().code == request.code);
    CHECK(!result.error().message.empty());
  }
  CHECK(read_all(path) == before);
  CHECK(trainer->step_count() == 0);
  // A bad id that is the padding id is none.
  StepOptions options;
  options.padding_id = -1;
  const auto report = trainer->step(ids(negative), three, options);
  REQUIRE(report);
  CHECK(report->used_ids == 2);
  CHECK(trainer->close(std::string(256, 'x')));
}

TEST_CASE("trainer: after close() it only fails, and says so", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), Sgd{});
  auto opened = Trainer::open(path, Sgd{});
  REQUIRE(opened);
  Trainer trainer = std::move(*opened);  // may be moved
  REQUIRE(step(trainer, some_request(4), 4));
  REQUIRE(trainer.close());
  const auto stepped = step(trainer, some_request(4), 4);
  REQUIRE(!stepped);
  CHECK(stepped.error().code == ErrorCode::kPoisoned);
  CHECK(trainer.write_rows(Ids{}, RowsIn{}).error().code == ErrorCode::kPoisoned);
  CHECK(trainer.set_learning_rate(1).error().code == ErrorCode::kPoisoned);
  CHECK(trainer.close().error().code == ErrorCode::kPoisoned);
  CHECK(trainer.step_count() == 1);
}

TEST_CASE("trainer: a tag alone is kept too", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), Sgd{});
  auto trainer = Trainer::open(path, Sgd{});
  REQUIRE(trainer);
  REQUIRE(trainer->close("as made"));
  CHECK(slot_of(path).tag == "as made");
  CHECK(slot_of(path).clean);
}

TEST_CASE("trainer: the optimiser must be the one whose state the table holds", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 4, random_values(40, 1), std::nullopt);
  CHECK(Trainer::open(path, Sgd{}));
  CHECK(code_of(Trainer::open(path, Adagrad{})) == ErrorCode::kNoState);
  make_table(path, 4, random_values(40, 1), Sgd{});
  CHECK(Trainer::open(path, Sgd{}));
  CHECK(code_of(Trainer::open(path, Adagrad{})) == ErrorCode::kNoState);
  make_table(path, 4, random_values(40, 1), Adagrad{});
  CHECK(Trainer::open(path, Adagrad{}));
  CHECK(code_of(Trainer::open(path, Sgd{})) == ErrorCode::kInvalidArgument);
  CHECK(code_of(Trainer::open(path, Adagrad{.eps = 0})) == ErrorCode::kInvalidArgument);
}

TEST_CASE("trainer: only Windrow files are trained", "[train]") {
  const TemporaryFolder folder;
  CHECK(code_of(Trainer::open(folder / "none.safetensors", Sgd{})) == ErrorCode::kNotFound);
  const std::string header = R"({"emb":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";
  std::vector<uint8_t> foreign(8);
  foreign[0] = static_cast<uint8_t>(header.size());
  foreign.insert(foreign.end(), header.begin(), header.end());
  foreign.resize(foreign.size() + 8);
  write_all(folder / "foreign.safetensors", foreign);
  CHECK(code_of(Trainer::open(folder / "foreign.safetensors", Sgd{})) == ErrorCode::kUnsupported);
  write_all(folder / "noise.safetensors", some_bytes(1000));
  CHECK(code_of(Trainer::open(folder / "noise.safetensors", Sgd{})) == ErrorCode::kFormat);
}

TEST_CASE("trainer: of equal ids the last position is written", "[train]") {
  constexpr size_t kDim = 5;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const bool padded : {false, true}) {
    auto expected = random_values(10 * kDim, 1);
    make_table(path, kDim, expected, kAdagrad, padded);
    auto trainer = Trainer::open(path, kAdagrad);
    REQUIRE(trainer);
    const std::vector<int32_t> ids = {9, 4, 9, 4, 9};
    const auto values = random_values(5 * 8, 2);  // rows of 8, of which 5 are used
    REQUIRE(trainer->write_rows(std::span<const int32_t>(ids), RowsIn(values, 8)));
    for (size_t i = 0; i < ids.size(); ++i) {
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(8 * i), kDim,
                  expected.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(ids[i]) * kDim));
    }
    CHECK(bits_of(rows_of(trainer->table())) == bits_of(expected));
    CHECK(trainer->step_count() == 0);
    REQUIRE(trainer->close());
    const auto states = tensor_of(path, "optimizer.sum");
    CHECK(std::all_of(states.begin(), states.end(), [](float s) { return s == 0; }));
    const auto report = verify(path);
    REQUIRE(report);
    CHECK(report->bad_blocks.empty());
  }
}

TEST_CASE("trainer: the learning rate may change between steps", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, 1, {1, 1}, Sgd{});
  auto trainer = Trainer::open(path, Sgd{.lr = 1});
  REQUIRE(trainer);
  const std::vector<int64_t> ids = {1};
  const std::vector<float> grads = {0.25f};
  REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, 1)));
  REQUIRE(trainer->set_learning_rate(2));
  REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, 1)));
  CHECK(rows_of(trainer->table()) == std::vector<float>{1, 0.25f});
}

TEST_CASE("trainer: its table has the vocabulary of the file", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const std::vector<std::string_view> tokens = {"plum", "pear"};
  TableSpec spec;
  spec.rows = 2;
  spec.format = RowFormat::f32(3);
  spec.tokens = tokens;
  REQUIRE(Table::create(path, spec));
  auto trainer = Trainer::open(path, Sgd{});
  REQUIRE(trainer);
  CHECK(trainer->table().vocabulary().find("pear") == 1);
}

TEST_CASE("trainer: a table without rows can be opened, stepped on nothing and closed", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  TableSpec spec;
  spec.format = RowFormat::f32(3);
  spec.optimizer = kAdagrad;
  REQUIRE(Table::create(path, spec));
  auto trainer = Trainer::open(path, kAdagrad);
  REQUIRE(trainer);
  REQUIRE(trainer->step(Ids{}, RowsIn{}));
  REQUIRE(trainer->close());
  CHECK(verify(path));
}
