#include <windrow/windrow.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/fail.h"
#include "io/file.h"
#include "support/catch.h"
#include "support/safetensors_file.h"
#include "support/table_values.h"
#include "support/temporary_folder.h"
#include "table/optimizer_state.h"
#include "table/table_file.h"

using namespace windrow;

namespace {

constexpr size_t kDim = 100;
constexpr size_t kRows = 1000;  // 400,000 bytes of f32 rows: 7 blocks

const std::vector<Optimizer> kAll = {Sgd{.momentum = 0.9}, Adagrad{.initial_accumulator = 0.5}, RowwiseAdagrad{},
                                     Adam{}, Ftrl{.initial_accumulator = 0.25}};

std::vector<float> values(size_t count) {
  std::vector<float> list(count);
  for (size_t i = 0; i < count; ++i) list[i] = static_cast<float>(i % 1013) / 64 - 7;
  return list;
}

void make(const std::string& path, const TableWriterSpec& given = {}, bool with_tokens = true) {
  TableWriterSpec spec = given;
  if (spec.format.dim == 0) spec.format = RowFormat::f32(kDim);
  spec.metadata.emplace_back("note", "kept");
  auto writer = TableWriter::create(path, spec);
  REQUIRE(writer);
  std::vector<std::string> texts;
  for (size_t r = 0; r < kRows; ++r) texts.push_back("token " + std::to_string(r));
  std::vector<std::string_view> tokens;
  if (with_tokens) tokens.assign(texts.begin(), texts.end());
  const auto rows = values(kRows * kDim);
  REQUIRE(writer->append(RowsIn(rows, kDim), tokens));
  REQUIRE(writer->finish());
}

// A whole table file, tensor by tensor.
struct Read {
  TableFile file;
  explicit Read(const std::string& path)
      : file(std::move(*open_table_file(io::posix(), path, io::Access::kRead, "weight"))) {}

  const MetaSlot& slot() const { return *file.slot; }
  std::vector<uint8_t> tensor(const std::string& name) const {
    const auto* found = file.header.find(name);
    REQUIRE(found);
    std::vector<uint8_t> bytes(found->end - found->begin);
    REQUIRE(file.file->read(found->begin, bytes));
    return bytes;
  }
  std::vector<float> floats(const std::string& name) const {
    const auto bytes = tensor(name);
    std::vector<float> list(bytes.size() / 4);
    std::memcpy(list.data(), bytes.data(), bytes.size());
    return list;
  }
};

// All blocks of the table match their checksums, and all have one.
void check_whole(const std::string& path) {
  const auto report = verify(path);
  REQUIRE(report);
  CHECK(report->bad_blocks.empty());
  CHECK(report->blocks_not_computed == 0);
  CHECK(report->leftovers.empty());
}

// The first `bytes` are as they were, the folder too, and the error is of this kind.
void check_refused(const TemporaryFolder& folder, const std::string& path, const Optimizer& optimizer,
                   const AddStateOptions& options, ErrorCode code, const std::string& part) {
  const auto before = read_all(path);
  const size_t entries = folder.entries();
  const auto added = add_state(path, optimizer, options);
  REQUIRE(!added);
  INFO(added.error().message);
  CHECK(added.error().code == code);
  CHECK(added.error().message.find(part) != std::string::npos);
  CHECK(read_all(path) == before);
  CHECK(folder.entries() == entries);
}

}  // namespace

TEST_CASE("add_state: every optimiser's state is added to every format that can be trained", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const RowFormat& format : {RowFormat::f32(kDim), RowFormat::f16(kDim).padded_to_lines(), RowFormat::bf16(kDim)}) {
    for (const Optimizer& optimizer : kAll) {
      CAPTURE(optimizer_name(optimizer), row_format_name(format.kind));
      make(path, {.format = format});
      const Read before(path);
      REQUIRE(add_state(path, optimizer));
      const Read after(path);
      for (const char* name : {"weight", "vocab.bytes", "vocab.offsets", "vocab.index"})
        CHECK(after.tensor(name) == before.tensor(name));
      for (const StateTensor& state : state_tensors(optimizer)) {
        const auto got = after.floats(concat(kStatePrefix, state.name));
        CHECK(got == std::vector<float>(state.per_row ? kRows : kRows * kDim, state.initial_value));
      }
      CHECK(after.slot().optimizer_id == optimizer_id(optimizer));
      CHECK(after.slot().generation == before.slot().generation + 1);
      CHECK(after.slot().uuid == before.slot().uuid);
      CHECK(after.slot().step_count == 0);
      CHECK(after.file.header.metadata.at("note") == "kept");
      CHECK(after.file.header.metadata.at("windrow.optimizer") == optimizer_name(optimizer));
      CHECK(Table::open(path)->vocabulary().find("token 7") == 7);
      check_whole(path);
      CHECK(folder.entries() == 1);
      CHECK(Trainer::open(path, optimizer));
    }
  }
}

TEST_CASE("add_state: the file is the one that a new table with this state would be", "[train]") {
  const TemporaryFolder folder;
  make(folder / "added");
  make(folder / "made", {.optimizer = Adam{}});
  REQUIRE(add_state(folder / "added", Adam{}));
  const Read added(folder / "added"), made(folder / "made");
  REQUIRE(added.file.header.tensors.size() == made.file.header.tensors.size());
  for (size_t i = 0; i < made.file.header.tensors.size(); ++i) {
    const auto &a = added.file.header.tensors[i], &b = made.file.header.tensors[i];
    CHECK(a.name == b.name);
    CHECK(a.begin == b.begin);
    CHECK(a.end == b.end);
    if (a.name != "_meta") CHECK(added.tensor(a.name) == made.tensor(b.name));
  }
  CHECK(added.file.header.metadata == made.file.header.metadata);
}

TEST_CASE("add_state: strip gives back the table that it was", "[train]") {
  const TemporaryFolder folder;
  for (const Optimizer& optimizer : kAll) {
    CAPTURE(optimizer_name(optimizer));
    make(folder / "t");
    const Read before(folder / "t");
    REQUIRE(add_state(folder / "t", optimizer, {.step_count = 5}));
    REQUIRE(strip(folder / "t", folder / "other"));
    REQUIRE(strip(folder / "t", folder / "t"));
    for (const char* name : {"t", "other"}) {
      const Read after(folder / name);
      REQUIRE(after.file.header.tensors.size() == before.file.header.tensors.size());
      for (size_t i = 0; i < before.file.header.tensors.size(); ++i) {
        const auto &a = after.file.header.tensors[i], &b = before.file.header.tensors[i];
        CHECK(a.name == b.name);
        CHECK(a.begin == b.begin);
        CHECK(a.end == b.end);
        if (a.name != "_meta") CHECK(after.tensor(a.name) == before.tensor(a.name));
      }
      CHECK(after.file.header.metadata == before.file.header.metadata);
      CHECK(after.slot().optimizer_id == 0);
      CHECK(after.slot().step_count == 0);
      CHECK(after.slot().uuid == before.slot().uuid);
      CHECK(after.slot().generation == 2);
      check_whole(folder / name);
    }
    CHECK(folder.entries() == 2);
  }
}

TEST_CASE("add_state: values come from the caller, with their step count", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path);
  AddStateOptions options{.step_count = 17};
  options.values = [](size_t tensor, int64_t first_row, std::span<float> part) -> Result<void> {
    for (size_t i = 0; i < part.size(); ++i)
      part[i] = static_cast<float>(1000 * tensor + static_cast<size_t>(first_row) + i / kDim);
    return {};
  };
  REQUIRE(add_state(path, Adam{}, options));
  const Read after(path);
  CHECK(after.slot().step_count == 17);
  const auto m = after.floats("optimizer.exp_avg"), v = after.floats("optimizer.exp_avg_sq");
  CHECK(m[0] == 0);
  CHECK(m[7 * kDim + 99] == 7);
  CHECK(v[0] == 1000);
  CHECK(v[999 * kDim + 99] == 1999);
  check_whole(path);
  auto trainer = Trainer::open(path, Adam{});
  REQUIRE(trainer);
  CHECK(trainer->step_count() == 17);
}

TEST_CASE("add_state: tag, mixed flag and permissions stay", "[train]") {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path, {.optimizer = Sgd{}});
  {
    const std::vector<int64_t> ids = {3};
    const std::vector<float> grad(kDim, 1);
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grad, kDim)));
  }  // dies
  {
    const auto before = read_all(path);
    const auto refused = add_state(path, Adam{});
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kUnclean);
    CHECK(strip(path, folder / "u").error().code == ErrorCode::kUnclean);
    CHECK(read_all(path) == before);
    CHECK(folder.entries() == 1);
  }
  REQUIRE(recover(path, {.accept_mixed = true}));
  REQUIRE(Trainer::open(path, Sgd{})->close("a tag"));
  fs::permissions(path, fs::perms(0640));
  const Read before(path);
  REQUIRE(add_state(path, Adam{}));
  const Read after(path);
  CHECK(after.slot().mixed);
  CHECK(after.slot().clean);
  CHECK(after.slot().tag == "a tag");
  CHECK(after.slot().committed_epoch == before.slot().committed_epoch);
  CHECK(after.slot().generation == before.slot().generation + 1);
  CHECK(after.slot().step_count == 0);
  CHECK(fs::status(path).permissions() == fs::perms(0640));
  REQUIRE(strip(path, folder / "copy"));  // whom the table is closed to, its copy is, too
  CHECK(fs::status(folder / "copy").permissions() == fs::perms(0640));
  CHECK(after.tensor("weight") == before.tensor("weight"));
  check_whole(path);
}

TEST_CASE("add_state: open tables stay on the old file", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path);
  const auto old = Table::open(path);
  REQUIRE(old);
  const auto before = all_values(*old);
  REQUIRE(add_state(path, Adagrad{.lr = 1}));
  {
    std::vector<int64_t> ids;
    for (int64_t r = 0; r < static_cast<int64_t>(kRows); ++r) ids.push_back(r);
    const std::vector<float> grads(kRows * kDim, 1);
    auto trainer = Trainer::open(path, Adagrad{.lr = 1});
    REQUIRE(trainer);
    REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, kDim)));
    REQUIRE(trainer->close());
  }
  CHECK(all_values(*old) == before);
  CHECK(all_values(*Table::open(path)) != before);
}

TEST_CASE("add_state: what cannot be is refused, and the file stays byte for byte", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make(path, {.optimizer = Adagrad{}});
  check_refused(folder, path, Adagrad{}, {}, ErrorCode::kInvalidArgument, "already");
  check_refused(folder, path, Adam{}, {}, ErrorCode::kInvalidArgument, "windrow strip");
  make(path);
  check_refused(folder, path, Adam{.beta1 = 1}, {}, ErrorCode::kInvalidArgument, "beta1");
  check_refused(folder, path, Adam{}, {.step_count = -1}, ErrorCode::kInvalidArgument, "step_count");
  {
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    check_refused(folder, path, Adam{}, {}, ErrorCode::kBusy, "trainer");
  }
  make(path, {.format = RowFormat::int8(kDim)});
  check_refused(folder, path, Adam{}, {}, ErrorCode::kUnsupported, "f32, f16 or bf16");
  write_safetensors_file(path, {f32_tensor("weight", {2, 3}, std::vector<float>(6))});
  check_refused(folder, path, Adam{}, {}, ErrorCode::kUnsupported, "windrow convert");
  write_safetensors_file(path, {f32_tensor("else", {2}, std::vector<float>(2))});
  check_refused(folder, path, Adam{}, {}, ErrorCode::kUnsupported, "windrow convert");
  write_npy_file(path, "<f4", {2, 3}, std::vector<uint8_t>(24));
  check_refused(folder, path, Adam{}, {}, ErrorCode::kUnsupported, "windrow convert");
  CHECK(add_state(folder / "none", Adam{}).error().code == ErrorCode::kNotFound);
}

TEST_CASE("add_state: a table that another program saved anew is refused", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path);
  std::vector<FileTensor> tensors;
  {
    const Read table(path);
    for (const auto& t : table.file.header.tensors) tensors.push_back({t.name, t.dtype, t.shape, table.tensor(t.name)});
  }
  write_safetensors_file(path, tensors);
  check_refused(folder, path, Adam{}, {}, ErrorCode::kUnsupported, "saved anew");
  CHECK(strip(path, folder / "u").error().code == ErrorCode::kUnsupported);
}

TEST_CASE("add_state: interrupted or failing, it leaves nothing", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path);
  size_t calls = 0;
  uint64_t last = 0, last_total = 0;
  bool rising = true;
  AddStateOptions watched;
  watched.progress = [&](uint64_t done, uint64_t total) {
    rising = rising && done >= last && done <= total;
    last = done, last_total = total;
    ++calls;
    return true;
  };
  make(folder / "u");
  REQUIRE(add_state(folder / "u", Adam{}, watched));
  CHECK(rising);
  CHECK(last == last_total);
  CHECK(last_total == read_all(folder / "u").size());
  REQUIRE(calls > 4);

  for (size_t stop = 1; stop <= calls; ++stop) {
    size_t left = stop;
    AddStateOptions options;
    options.progress = [&](uint64_t, uint64_t) { return --left > 0; };
    check_refused(folder, path, Adam{}, options, ErrorCode::kIo, "stopped");
    left = stop;
    if (stop < 3) CHECK(strip(folder / "u", folder / "v", options.progress).error().code == ErrorCode::kIo);
  }
  AddStateOptions failing;
  failing.values = [](size_t tensor, int64_t, std::span<float>) -> Result<void> {
    if (tensor == 0) return {};
    return fail(ErrorCode::kFormat, "no second tensor");
  };
  check_refused(folder, path, Adam{}, failing, ErrorCode::kFormat, "no second tensor");
  failing.values = [](size_t, int64_t, std::span<float>) -> Result<void> { throw std::bad_alloc(); };
  check_refused(folder, path, Adam{}, failing, ErrorCode::kNoMemory, "memory");
  CHECK(folder.entries() == 2);
}

TEST_CASE("add_state: a table without state becomes another optimiser's", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path, {.optimizer = Sgd{}});
  const auto before = read_all(path);
  REQUIRE(add_state(path, Sgd{.lr = 3}));  // there is nothing to add
  CHECK(read_all(path) == before);
  REQUIRE(add_state(path, Sgd{.momentum = 0.5}));
  CHECK(Read(path).slot().optimizer_id == optimizer_id(Sgd{}));
  check_refused(folder, path, Sgd{}, {}, ErrorCode::kInvalidArgument, "already");

  make(path, {.optimizer = Sgd{}});
  REQUIRE(add_state(path, RowwiseAdagrad{}));
  CHECK(Trainer::open(path, RowwiseAdagrad{}));
  make(path);
  REQUIRE(add_state(path, Sgd{}));
  CHECK(Read(path).slot().optimizer_id == optimizer_id(Sgd{}));
  CHECK(Read(path).file.header.metadata.at("windrow.optimizer") == "sgd");
  check_whole(path);
}

TEST_CASE("add_state: a table without rows, and one whose header was full", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  auto empty = TableWriter::create(path, {.format = RowFormat::f32(kDim)});
  REQUIRE(empty);
  REQUIRE(empty->finish());
  REQUIRE(add_state(path, Adam{}));
  CHECK(Trainer::open(path, Adam{}));
  check_whole(path);

  size_t most = 4096;
  const auto spec = [](size_t bytes) {
    return TableWriterSpec{.format = RowFormat::f32(kDim), .metadata = {{"long", std::string(bytes, 'x')}}};
  };
  while (!TableWriter::create(path, spec(most))) --most;
  make(path, spec(most - 20));
  const Read before(path);
  REQUIRE(add_state(path, Adam{}));
  const Read after(path);
  CHECK(after.tensor("weight") == before.tensor("weight"));
  CHECK(after.file.header.metadata.at("long").size() == most - 20);
  CHECK(Trainer::open(path, Adam{}));
  check_whole(path);
}

TEST_CASE("add_state: a damaged block keeps the checksum that tells of it", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path);
  auto bytes = read_all(path);
  bytes[Read(path).file.header.find("weight")->begin + 70'000] ^= 1;
  write_all(path, bytes);
  REQUIRE(add_state(path, Adam{}));
  const auto report = verify(path);
  REQUIRE(report);
  REQUIRE(report->bad_blocks.size() == 1);
  CHECK(report->bad_blocks[0].tensor == "weight");
}

TEST_CASE("strip: the source may be read-only, and a target that is in use is refused", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t", target = folder / "u";
  make(path, {.optimizer = Adam{}});
  make(target, {.optimizer = Adam{}});
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  const auto before = read_all(target);
  {
    auto trainer = Trainer::open(target, Adam{});
    REQUIRE(trainer);
    CHECK(strip(path, target).error().code == ErrorCode::kBusy);
    CHECK(strip(target, target).error().code == ErrorCode::kBusy);
  }
  CHECK(read_all(target) == before);
  CHECK(folder.entries() == 2);
  CHECK(strip(path, folder.path()).error().code == ErrorCode::kIo);
  CHECK(strip(folder / "none", target).error().code == ErrorCode::kNotFound);
  REQUIRE(strip(path, target));
  CHECK(!Read(target).file.header.find("optimizer.exp_avg"));
  CHECK(Read(path).file.header.find("optimizer.exp_avg"));

  std::filesystem::create_symlink(target, folder / "link");
  make(target, {.optimizer = Adam{}});
  REQUIRE(strip(folder / "link", folder / "link"));
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(!Read(target).file.header.find("optimizer.exp_avg"));
}

TEST_CASE("strip: a trainer that begins and ends meanwhile is noticed", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t";
  make(path, {.optimizer = Sgd{}});
  bool trained = false;
  const auto stripped = strip(path, folder / "u", [&](uint64_t, uint64_t) {
    if (trained) return true;
    trained = true;
    const std::vector<int64_t> ids = {3};
    const std::vector<float> grad(kDim, 1);
    auto trainer = Trainer::open(path, Sgd{});
    REQUIRE(trainer);
    REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grad, kDim)));
    REQUIRE(trainer->close());
    return true;
  });
  REQUIRE(!stripped);
  CHECK(stripped.error().code == ErrorCode::kUnclean);
  CHECK(folder.entries() == 1);
}
