#include <windrow/table_writer.h>
#include <windrow/trainer.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/safetensors_file.h"
#include "table/optimizer_state.h"
#include "table/table_file.h"
#include "tools/command.h"

using namespace windrow;

namespace {

// A table of four rows of two values, with these tokens.
void make(const std::string& path, const std::vector<std::string_view>& tokens = {},
          std::optional<Optimizer> optimizer = {}, RowFormat format = RowFormat::f32(2)) {
  auto writer = TableWriter::create(path, {.format = format, .optimizer = optimizer});
  REQUIRE(writer);
  const std::vector<float> rows = {1, 2, 3, 4, 5, 6, 7, 8};
  REQUIRE(writer->append(RowsIn(rows, 2), tokens));
  REQUIRE(writer->finish());
}

std::vector<float> state(const std::string& path, const std::string& name) {
  auto file = open_table_file(io::posix(), path, io::Access::kRead, "weight");
  REQUIRE(file);
  const auto* tensor = file->header.find(std::string(kStatePrefix) + name);
  REQUIRE(tensor);
  std::vector<float> values((tensor->end - tensor->begin) / 4);
  REQUIRE(file->file->read(tensor->begin, {reinterpret_cast<uint8_t*>(values.data()), 4 * values.size()}));
  return values;
}

nlohmann::json info(const TemporaryFolder& folder, const std::string& name = "t") {
  return nlohmann::json::parse(windrow_command(folder, {"info", name, "--json"}).out);
}

Outcome add_state(const TemporaryFolder& folder, std::vector<std::string> more) {
  more.insert(more.begin(), {"add-state", "t"});
  return windrow_command(folder, more);
}

void succeed(const Outcome& outcome) {
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.err.empty());
}

// The command fails with this status and message, and the table stays byte for byte.
void refuse(const TemporaryFolder& folder, std::vector<std::string> more, int status, const std::string& message) {
  const auto before = read_all(folder / "t");
  const size_t entries = folder.entries();
  const auto outcome = add_state(folder, std::move(more));
  INFO(outcome.err);
  CHECK(outcome.status == status);
  CHECK(outcome.says(message));
  CHECK(read_all(folder / "t") == before);
  CHECK(folder.entries() == entries);
}

const std::vector<float> kM = {1, 2, 3, 4, 5, 6, 7, 8}, kV = {10, 20, 30, 40, 50, 60, 70, 80};

}  // namespace

TEST_CASE("add-state and strip: state comes and goes", "[tools]") {
  const TemporaryFolder folder;
  make(folder / "t");
  const auto added = add_state(folder, {"--optimizer", "ftrl", "--initial-accumulator", "0.5"});
  succeed(added);
  CHECK(added.says("accumulator, linear"));
  CHECK(state(folder / "t", "accumulator") == std::vector<float>(8, 0.5f));
  const auto json = info(folder);
  CHECK(json["optimizer"] == "ftrl");
  REQUIRE(json["state_tensors"].size() == 2);
  CHECK(json["state_tensors"][0]["name"] == "accumulator");
  CHECK(json["state_tensors"][0]["shape"] == std::vector<int>{4, 2});
  CHECK(json["state_tensors"][0]["bytes"] == 32);
  CHECK(windrow_command(folder, {"info", "t"}).says("linear [4, 2], 32 bytes"));
  CHECK(windrow_command(folder, {"verify", "t"}).status == 0);
  refuse(folder, {"--optimizer", "ftrl"}, 1, "already");
  refuse(folder, {"--optimizer", "adam"}, 1, "windrow strip");
  succeed(windrow_command(folder, {"strip", "t", "out"}));
  CHECK(info(folder, "out")["optimizer"] == "none");
  CHECK(info(folder, "out")["state_tensors"].empty());
  succeed(windrow_command(folder, {"strip", "t", "t"}));
  succeed(add_state(folder, {"--optimizer", "adam", "--step-count", "12"}));
  CHECK(info(folder)["step_count"] == 12);
  CHECK(windrow_command(folder, {"strip", "t", "."}).status == 1);
  CHECK(windrow_command(folder, {"strip", "none", "out"}).status == 1);
}

TEST_CASE("add-state: hyper-parameters of other optimisers are wrong usage", "[tools]") {
  const TemporaryFolder folder;
  make(folder / "t");
  refuse(folder, {"--optimizer", "adam", "--lr-decay", "1"}, 2, "it has --lr, --beta1, --beta2, --eps");
  refuse(folder, {"--optimizer", "sgd", "--eps-inside"}, 2, "--nesterov");
  refuse(folder, {}, 2, "--optimizer");
  refuse(folder, {"--optimizer", "adam", "--beta1", "1"}, 1, "beta1");
  refuse(folder, {"--optimizer", "sgd", "--from", "x"}, 2, "no state");
}

TEST_CASE("add-state: torch's state, as safetensors", "[tools]") {
  const TemporaryFolder folder;
  const std::vector<FileTensor> tensors = {
      f32_tensor("state.0.exp_avg", {4, 2}, kM), f32_tensor("state.0.exp_avg_sq", {4, 2}, kV),
      f32_tensor("state.0.step", {}, {17})};
  write_safetensors_file(folder / "s", tensors);
  SECTION("found by the ends of names, or by their prefix") {
    for (const std::vector<std::string>& prefix : {std::vector<std::string>{}, {"--prefix", "state.0."}}) {
      make(folder / "t");
      std::vector<std::string> words = {"--optimizer", "adam", "--from", "s"};
      words.insert(words.end(), prefix.begin(), prefix.end());
      const auto added = add_state(folder, words);
      succeed(added);
      CHECK(added.says("exp_avg_sq from"));
      CHECK(state(folder / "t", "exp_avg") == kM);
      CHECK(state(folder / "t", "exp_avg_sq") == kV);
      CHECK(info(folder)["step_count"] == 17);
      CHECK(windrow_command(folder, {"verify", "t"}).status == 0);
    }
  }
  SECTION("several that fit are listed") {
    auto more = tensors;
    more.push_back(f32_tensor("state.1.exp_avg", {4, 2}, kM));
    write_safetensors_file(folder / "s", more);
    make(folder / "t");
    refuse(folder, {"--optimizer", "adam", "--from", "s"}, 1, "'state.1.exp_avg'");
    refuse(folder, {"--optimizer", "adam", "--from", "s", "--prefix", "state.1."}, 1, "state.1.exp_avg_sq");
    succeed(add_state(folder, {"--optimizer", "adam", "--from", "s", "--prefix", "state.0."}));
  }
  SECTION("without a step, it must be said where it counts") {
    write_safetensors_file(folder / "s", {tensors[0], tensors[1], f32_tensor("momentum_buffer", {4, 2}, kM)});
    make(folder / "t");
    refuse(folder, {"--optimizer", "adam", "--from", "s"}, 2, "--step-count");
    succeed(add_state(folder, {"--optimizer", "adam", "--from", "s", "--step-count", "3"}));
    CHECK(info(folder)["step_count"] == 3);
    make(folder / "t");
    succeed(add_state(folder, {"--optimizer", "sgd", "--momentum", "0.9", "--from", "s"}));
    CHECK(state(folder / "t", "momentum_buffer") == kM);
  }
  SECTION("steps that are none, and state of other shapes and types") {
    make(folder / "t");
    for (const float steps : {-1.0f, 1.5f, NAN, INFINITY, 1e30f}) {
      write_safetensors_file(folder / "s", {tensors[0], tensors[1], f32_tensor("state.0.step", {1}, {steps})});
      refuse(folder, {"--optimizer", "adam", "--from", "s"}, 1, "step");
    }
    write_safetensors_file(folder / "s", {f32_tensor("sum", {2, 4}, kM)});
    refuse(folder, {"--optimizer", "adagrad", "--from", "s"}, 1, "[4, 2]");
    refuse(folder, {"--optimizer", "rowwise_adagrad", "--from", "s"}, 1, "[4]");
    write_safetensors_file(folder / "s", {random_tensor("sum", "I32", {4, 2}, 1)});
    refuse(folder, {"--optimizer", "adagrad", "--from", "s"}, 1, "I32");
    refuse(folder, {"--optimizer", "adam", "--from", "s"}, 1, "exp_avg");
    refuse(folder, {"--optimizer", "adam", "--from", "none"}, 1, "none");
    write_bytes(folder / "p", std::string("PK\x03\x04", 4));
    refuse(folder, {"--optimizer", "adam", "--from", "p"}, 1, "pickle");
  }
  SECTION("types, and one value a row") {
    const std::vector<uint16_t> f16 = {0x3c00, 0x4000, 0x4200, 0x4400, 0, 0, 0, 0x3800};
    const std::vector<uint16_t> bf16 = {0x3f80, 0x4000, 0x4040, 0x4080, 0, 0, 0, 0x3f00};
    const std::vector<double> f64 = {1, 2, 3, 4, 0, 0, 0, 0.5};
    const std::vector<float> expected = {1, 2, 3, 4, 0, 0, 0, 0.5};
    for (const FileTensor& tensor : {FileTensor{"sum", "F16", {4, 2}, as_bytes(f16)},
                                     FileTensor{"sum", "BF16", {4, 2}, as_bytes(bf16)},
                                     FileTensor{"sum", "F64", {4, 2}, as_bytes(f64)}}) {
      CAPTURE(tensor.dtype);
      write_safetensors_file(folder / "s", {tensor, {"step", "I64", {1}, as_bytes(std::vector<int64_t>{9})}});
      make(folder / "t", {}, {}, RowFormat::bf16(2));
      succeed(add_state(folder, {"--optimizer", "adagrad", "--from", "s"}));
      CHECK(state(folder / "t", "sum") == expected);
      CHECK(info(folder)["step_count"] == 9);
    }
    for (const std::vector<uint64_t>& shape : {std::vector<uint64_t>{4}, {4, 1}}) {
      write_safetensors_file(folder / "s", {f32_tensor("sum", shape, {1, 2, 3, 4})});
      make(folder / "t");
      succeed(add_state(folder, {"--optimizer", "rowwise_adagrad", "--from", "s"}));
      CHECK(state(folder / "t", "sum") == std::vector<float>{1, 2, 3, 4});
    }
  }
}

TEST_CASE("add-state: GloVe's sums, as text", "[tools]") {
  const TemporaryFolder folder;
  make(folder / "t", {"the", ". . .", "at 7", "<unk>"});
  const std::string text =
      "at 7 2 3 9 4 5 9\n"
      "the 1 1.25 9 1.5 1.75 9\r\n"
      "elsewhere 1 1 1 1 1 1\n"
      ". . . 6 7 9 8 10 9\n"
      "the 9 9 9 9 9 9";
  write_bytes(folder / "g", text);
  const auto from = [](std::vector<std::string> more) {
    more.insert(more.begin(), {"--optimizer", "adagrad", "--from", "g"});
    return more;
  };
  const auto added = add_state(folder, from({"--part", "word", "--eta", "0.5"}));
  succeed(added);
  CHECK(state(folder / "t", "sum") == std::vector<float>{4, 5, 24, 28, 8, 12, 4, 4});
  CHECK(info(folder)["step_count"] == 0);
  for (const char* part : {"3 rows have their sums", "1 rows have no entry there, and start with 4",
                           "1 entries belong to no row", "1 entries repeat", "--lr 1 --eps 0 --initial-accumulator 4"}) {
    CAPTURE(part);
    CHECK(added.says(part));
  }
  make(folder / "t", {"the", ". . .", "at 7", "<unk>"});
  succeed(add_state(folder, from({"--part", "context"})));
  const auto sums = state(folder / "t", "sum");
  CHECK(sums[0] == static_cast<float>(1.5 / (0.05 * 0.05)));
  CHECK(sums[5] == static_cast<float>(5 / (0.05 * 0.05)));
  CHECK(sums[6] == static_cast<float>(1 / (0.05 * 0.05)));

  make(folder / "t", {"the", ". . .", "at 7", "<unk>"});
  refuse(folder, from({}), 1, "--part");
  refuse(folder, from({"--part", "both"}), 2, "--part");
  refuse(folder, from({"--part", "word", "--eta", "0"}), 1, "--eta");
  refuse(folder, {"--optimizer", "adam", "--from", "g", "--part", "word"}, 1, "adagrad");
  write_bytes(folder / "g", "the 1 1 1 1 1 1\nof 1 2 3 4 5\n");
  refuse(folder, from({"--part", "word"}), 1, "line 2, byte 16: too few fields");
  write_bytes(folder / "g", "the 1 1 1 1 1 1\nof 1 2 -3 4 5 6\n");
  refuse(folder, from({"--part", "word"}), 1, "field 3 of 6");
  write_bytes(folder / "g", "nowhere 1 1 1 1 1 1\n");
  refuse(folder, from({"--part", "word"}), 1, "none of its 1 entries");
  make(folder / "t");
  refuse(folder, from({"--part", "word"}), 1, "table has none");
}

TEST_CASE("add-state: GloVe's sums, as doubles", "[tools]") {
  const TemporaryFolder folder;
  const std::vector<double> sums = {1, 2, 9, 3, 4, 9, 5, 6, 9, 10, 20, 9, 30, 40, 9, 50, 60, 9};
  const auto bytes = as_bytes(sums);
  write_all(folder / "g", bytes);
  const std::vector<std::string> word = {"--optimizer", "adagrad", "--from", "g", "--eta", "1", "--part", "word"};
  make(folder / "t", {"a", "b", "c", "<unk>"});  // one row more than there are sums
  succeed(add_state(folder, word));
  CHECK(state(folder / "t", "sum") == std::vector<float>{1, 2, 3, 4, 5, 6, 1, 1});

  make(folder / "t", {"c", "<unk>", "other", "a b"});
  write_bytes(folder / "v", "a b 12\nb 11\nc 7\n");
  auto context = word;
  context.back() = "context";
  context.insert(context.end(), {"--vocab", "v"});
  const auto added = add_state(folder, context);
  succeed(added);
  CHECK(state(folder / "t", "sum") == std::vector<float>{50, 60, 1, 1, 1, 1, 10, 20});
  CHECK(added.says("1 entries belong to no row"));

  make(folder / "t", {"a", "b", "c", "d"});
  refuse(folder, word, 1, "--vocab");
  write_bytes(folder / "v", "a b 12\nb 11\n");
  refuse(folder, context, 1, "has 2 tokens");
  write_bytes(folder / "v", "a b 12\nb\nc 7\n");
  refuse(folder, context, 1, "line 2");
  write_all(folder / "g", {bytes.begin(), bytes.end() - 8});
  refuse(folder, word, 1, "not a whole number");
  auto spoiled = sums;
  spoiled[0] = -1;
  write_all(folder / "g", as_bytes(spoiled));
  make(folder / "t", {"a", "b", "c", "<unk>"});
  refuse(folder, word, 1, "row 0, column 0");
}

TEST_CASE("convert: --with-state keeps optimiser, state and steps", "[tools]") {
  const TemporaryFolder folder;
  for (const Optimizer& optimizer : {Optimizer(Sgd{}), Optimizer(Sgd{.momentum = 0.9}), Optimizer(Adagrad{}),
                                     Optimizer(RowwiseAdagrad{}), Optimizer(Adam{}), Optimizer(Ftrl{})}) {
    CAPTURE(optimizer_name(optimizer), optimizer.index());
    make(folder / "t", {"a", "b", "c", "d"}, optimizer);
    const std::vector<int64_t> ids = {0, 2};
    const std::vector<float> grads = {1, -2, 3, 4};
    auto trainer = Trainer::open(folder / "t", optimizer);
    REQUIRE(trainer);
    REQUIRE(trainer->step(std::span<const int64_t>(ids), RowsIn(grads, 2)));
    REQUIRE(trainer->close());
    const auto converted = windrow_command(
        folder, {"convert", "t", "u.safetensors", "--with-state", "--row-format", "bf16", "--limit", "3"});
    succeed(converted);
    CHECK(!converted.says("optimiser of the source was left behind"));
    const auto json = info(folder, "u.safetensors");
    CHECK(json["optimizer"] == std::string(optimizer_name(optimizer)));
    CHECK(json["step_count"] == 1);
    for (const StateTensor& tensor : state_tensors(optimizer)) {
      const std::string name(tensor.name);
      auto expected = state(folder / "t", name);
      expected.resize(tensor.per_row ? 3 : 6);
      CHECK(state(folder / "u.safetensors", name) == expected);
    }
    CHECK(Trainer::open(folder / "u.safetensors", optimizer));
    CHECK(windrow_command(folder, {"verify", "u.safetensors"}).status == 0);
  }
  const auto fails = [&](std::vector<std::string> more, int status, const std::string& message) {
    more.insert(more.begin(), "convert");
    more.push_back("--with-state");
    const auto outcome = windrow_command(folder, more);
    INFO(outcome.err);
    CHECK(outcome.status == status);
    CHECK(outcome.says(message));
  };
  fails({"t", "v.txt"}, 2, "holds no optimiser's state");
  fails({"t", "v.safetensors", "--row-format", "int8"}, 2, "cannot be trained");
  fails({"t", "v.safetensors", "--optimizer", "adam"}, 2, "leave out --optimizer");
  make(folder / "t");
  fails({"t", "v.safetensors"}, 1, "no optimiser");
  write_array<float>(folder / "a.npy", "<f4", {1, 2}, {1, 2});
  fails({"a.npy", "v.safetensors"}, 1, "one Windrow table");
  CHECK(folder.entries() == 3);
}
