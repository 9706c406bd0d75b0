#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
    rows_ = static_cast<uint64_t>(file->rows);
    row_bytes_ = file->format.row_bytes();
    allowed_.resize(file->file_bytes);
    allow(find("_meta").begin, kMetaBytes);
  }
  void touch_row(int64_t row, const Optimizer& optimizer) {
    touch_weights(row);
    for (const auto& state : state_tensors(optimizer)) {
      const std::string name = "optimizer." + std::string(state.name);
      const auto& tensor = find(name);
      const uint64_t bytes = (tensor.end - tensor.begin) / rows_;
      touch(name, static_cast<uint64_t>(row) * bytes, bytes);
    }
  }
  void touch_weights(int64_t row) {
    const auto& tensor = find("weight");
    const uint64_t stride = (tensor.end - tensor.begin) / rows_;
    touch("weight", static_cast<uint64_t>(row) * stride, row_bytes_);
  }
  bool at(size_t byte) const { return allowed_[byte]; }

 private:
  const safetensors::Tensor& find(const std::string& name) {
    const auto* tensor = header_.find(name);
    REQUIRE(tensor);
    return *tensor;
  }
  void touch(const std::string& name, uint64_t offset, uint64_t bytes) {
    allow(find(name).begin + offset, bytes);
    uint64_t entry = find("checksum").begin;
    for (const auto& other : header_.tensors) {
      if (other.name == name) break;
      if (is_checksummed(other.name)) entry += 8 * block_count(other.end - other.begin);
    }
    for (uint64_t block = offset / 65536; block <= (offset + bytes - 1) / 65536; ++block) allow(entry + 8 * block, 8);
  }
  void allow(uint64_t begin, uint64_t bytes) {
    std::fill_n(allowed_.begin() + static_cast<std::ptrdiff_t>(begin), bytes, true);
  }

  safetensors::Header header_;
  uint64_t rows_ = 0, row_bytes_ = 0;
  std::vector<bool> allowed_;
};

}  // namespace

TEST_CASE("trainer: a session changes touched rows, their state, their checksums and `_meta` alone", "[train]") {
  constexpr size_t kDim = 33;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto& [name, optimizer] : kEveryOptimizer) {
    for (const auto type : kValueTypes) {
      for (const bool padded : {false, true}) {
        CAPTURE(name, static_cast<int>(type), padded);
        const auto format = format_of(type, kDim);
        make_table(path, padded ? format.padded_to_lines() : format, random_values(3000 * kDim, 1), optimizer);
        const auto before = read_all(path);
        Allowed allowed(path);
        {
          auto trainer = opened(path, optimizer);
          ReferenceRequest request;
          request.ids = {5, 2999, 496, 5, 1500};  // 496: its packed row of floats lies in two checksum blocks
          request.grads = random_values(5 * kDim, 2);
          REQUIRE(step(trainer, request, kDim));
          const std::vector<int64_t> written = {7};
          const RowsIn values(std::span(request.grads).first(kDim), kDim);
          REQUIRE(trainer.write_rows(std::span<const int64_t>(written), values));
          REQUIRE(trainer.close());
        }
        for (const int64_t row : {5, 2999, 496, 1500}) allowed.touch_row(row, optimizer);
        allowed.touch_weights(7);
        const auto after = read_all(path);
        REQUIRE(after.size() == before.size());
        size_t changed = 0, forbidden = 0;
        for (size_t i = 0; i < after.size(); ++i) {
          if (after[i] == before[i]) continue;
          ++changed;
          forbidden += !allowed.at(i);
        }
        CHECK(changed > 2 * kDim);
        CHECK(forbidden == 0);
        const auto report = verify(path);
        REQUIRE(report);
        CHECK(report->bad_blocks.empty());
        CHECK(report->blocks_not_computed == 0);
      }
    }
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
  for (const auto& [name, optimizer] : kEveryOptimizer) {
    CAPTURE(name);
    const auto weights = random_values(20 * kDim, 1);
    const TrainOptions options{.rounding = Rounding::kStochastic, .seed = 5};
    make_table(path, format_of(ValueType::kBf16, kDim), weights, optimizer);
    auto expected = reference_of(kDim, weights, optimizer, ValueType::kBf16, options);
    for (uint32_t session = 0; session < 3; ++session) {
      auto trainer = opened(path, optimizer, options);
      CHECK(trainer.step_count() == 2 * session);
      for (const uint32_t seed : {10u, 20u}) {
        const auto request = some_request(kDim, seed + session);
        reference_step(expected, request, optimizer);
        REQUIRE(step(trainer, request, kDim));
      }
      check_equal(expected, trainer, path, optimizer);
      REQUIRE(trainer.close("session " + std::to_string(session)));
      const auto slot = slot_of(path);
      CHECK(slot.clean);
      CHECK(!slot.mixed);
      CHECK(slot.tag == "session " + std::to_string(session));
      CHECK(slot.step_count == 2 * (session + 1));
      CHECK(slot.committed_epoch == session + 1);
    }
  }
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

TEST_CASE("trainer: the optimiser must be the one whose state the table holds, and the message says what to do",
          "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const auto error_opening = [&](const Optimizer& optimizer) {
    const auto before = read_all(path);
    auto trainer = Trainer::open(path, optimizer);
    CHECK(read_all(path) == before);
    REQUIRE(!trainer);
    return trainer.error();
  };
  const std::vector<std::optional<Optimizer>> without_state = {std::nullopt, Sgd{}};
  for (const auto& holder : without_state) {
    make_table(path, 4, random_values(40, 1), holder);
    CHECK(Trainer::open(path, Sgd{}));
    for (const auto& [name, optimizer] : kEveryOptimizer) {
      if (state_tensors(optimizer).empty()) continue;
      CAPTURE(name);
      const Error error = error_opening(optimizer);
      CHECK(error.code == ErrorCode::kNoState);
      CHECK(error.message.find("add-state") != std::string::npos);
    }
  }
  for (const auto& [holder_name, holder] : kEveryOptimizer) {
    if (state_tensors(holder).empty()) continue;
    make_table(path, 4, random_values(40, 1), holder);
    for (const auto& [name, optimizer] : kEveryOptimizer) {
      CAPTURE(holder_name, name);
      if (optimizer.index() == holder.index()) {
        if (!state_tensors(optimizer).empty()) CHECK(Trainer::open(path, optimizer));
        continue;
      }
      const Error error = error_opening(optimizer);
      CHECK(error.code == ErrorCode::kInvalidArgument);
      CHECK(error.message.find(optimizer_name(holder)) != std::string::npos);
      CHECK(error.message.find("strip") != std::string::npos);
    }
  }
}

TEST_CASE("trainer: hyper-parameters that make no sense are refused", "[train]") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const std::vector<Optimizer> bad = {
      Sgd{.lr = -1},
      Sgd{.lr = nan},
      Sgd{.momentum = -0.5},
      Sgd{.nesterov = true},
      Adagrad{.eps = 0},
      Adagrad{.lr_decay = infinity},
      Adagrad{.initial_accumulator = -1},
      RowwiseAdagrad{.eps = 0},
      RowwiseAdagrad{.weight_decay = nan},
      Adam{.beta1 = 1},
      Adam{.beta2 = 1.5},
      Adam{.eps = 0},
      Ftrl{.lr = 0},
      Ftrl{.l1 = -1},
      Ftrl{.initial_accumulator = 0},
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    CAPTURE(i);
    make_table(path, 4, random_values(40, 1), Sgd{});
    CHECK(code_of(Trainer::open(path, bad[i])) == ErrorCode::kInvalidArgument);
    TableSpec spec;
    spec.format = RowFormat::f32(4);
    spec.optimizer = bad[i];
    CHECK(error_of(Table::create(folder / "new.safetensors", spec)).code == ErrorCode::kInvalidArgument);
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("trainer: rows of other formats are not trained", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto& format : {RowFormat::int8(4), RowFormat::int4(4), RowFormat::fp8_e4m3(4)}) {
    make_table(path, format, random_values(40, 1), std::nullopt);
    const auto before = read_all(path);
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(!trainer);
    CHECK(trainer.error().code == ErrorCode::kUnsupported);
    CHECK(trainer.error().message.find("convert") != std::string::npos);
    CHECK(read_all(path) == before);
  }
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

TEST_CASE("trainer: the learning rate may change between steps, of every optimiser", "[train]") {
  constexpr size_t kDim = 5;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto& [name, given] : kEveryOptimizer) {
    CAPTURE(name);
    Optimizer optimizer = given;
    const auto weights = random_values(20 * kDim, 1);
    make_table(path, kDim, weights, optimizer);
    auto expected = reference_of(kDim, weights, optimizer);
    auto trainer = opened(path, optimizer);
    for (const double lr : {0.5, 0.25, 1e-3}) {
      REQUIRE(trainer.set_learning_rate(lr));
      std::visit([lr](auto& kind) { kind.lr = lr; }, optimizer);
      const auto request = some_request(kDim);
      reference_step(expected, request, optimizer);
      REQUIRE(step(trainer, request, kDim));
    }
    check_equal(expected, trainer, path, optimizer);
  }
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
