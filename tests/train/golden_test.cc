// Numbers that torch gives for the same requests; each line names its case.

#include <initializer_list>

#include "train/train_fixture.h"

using namespace windrow;

namespace {

const std::vector<float> kTable = {1, -2, 0.5, 4, 0, 8, -1, 0.25, 3, 3, 3, 3, -5, 1, 2, 0, 10, -10, 0.125, 7};
constexpr size_t kDim = 4;

ReferenceRequest bags_request(Pooling pooling) {
  ReferenceRequest request;
  request.ids = {0, 2, 2, 4, 1, 3, 1};
  request.offsets = {0, 3, 3, 5, 7};
  request.pooling = pooling;
  request.grads = {1, 2, 3, 4, 9, 9, 9, 9, -1, 0.5, 0.25, 2, 0.5, 0.5, -0.5, 1};
  return request;
}

std::vector<float> from_bits(std::initializer_list<uint32_t> bits) {
  std::vector<float> values;
  for (const uint32_t b : bits) values.push_back(std::bit_cast<float>(b));
  return values;
}

// The merged gradient: a step of SGD with learning rate 1 takes it off the rows.
std::vector<float> gradient_of(const ReferenceRequest& request, const std::vector<float>& table, size_t dim) {
  const TemporaryFolder folder;
  make_table(folder / "t.safetensors", dim, table, Sgd{});
  auto trainer = Trainer::open(folder / "t.safetensors", Sgd{.lr = 1});
  REQUIRE(trainer);
  REQUIRE(step(*trainer, request, dim));
  auto values = rows_of(trainer->table());
  for (size_t i = 0; i < values.size(); ++i) values[i] = table[i] - values[i];
  return values;
}

// Values for which rows - (rows - gradient) is the gradient exactly: zeros, or small multiples of 1/4.
const std::vector<float> kZeros(kTable.size(), 0.0f);

void check_gradient(const ReferenceRequest& request, const std::vector<float>& table,
                    const std::vector<float>& expected) {
  CHECK(gradient_of(request, table, kDim) == expected);
}

}  // namespace

TEST_CASE("golden gradients: sum", "[train]") {
  check_gradient(bags_request(Pooling::kSum), kZeros,
                 {1, 2, 3, 4, -0.5, 1, -0.25, 3, 2, 4, 6, 8, 0.5, 0.5, -0.5, 1, -1, 0.5, 0.25, 2});
}

TEST_CASE("golden gradients: mean", "[train]") {
  auto expected = from_bits({0x3eaaaaab, 0x3f2aaaab, 0x3f800000, 0x3faaaaab});
  for (const float v : {-0.25f, 0.5f, -0.125f, 1.5f}) expected.push_back(v);
  for (const float v : from_bits({0x3f2aaaab, 0x3faaaaab, 0x40000000, 0x402aaaab})) expected.push_back(v);
  for (const float v : {0.25f, 0.25f, -0.25f, 0.5f, -0.5f, 0.25f, 0.125f, 1.0f}) expected.push_back(v);
  check_gradient(bags_request(Pooling::kMean), kZeros, expected);
}

TEST_CASE("golden gradients: max", "[train]") {
  check_gradient(bags_request(Pooling::kMax), kTable,
                 {0, 0, 0, 4, 0.5, 1, 0, 1, 1, 2, 3, 0, 0, 0, -0.5, 0, -1, 0, 0.25, 2});
}

TEST_CASE("golden gradients: weighted sum", "[train]") {
  auto request = bags_request(Pooling::kSum);
  request.weights = {0.5, 2, 1, -1, 3, 0.25, 4};
  check_gradient(request, kZeros, {0.5, 1,  1.5,   2,     -1,     3.5,  -1.25, 10,   3,     6,
                                   9,   12, 0.125, 0.125, -0.125, 0.25, 1,     -0.5, -0.25, -2});
}

TEST_CASE("golden gradients: sum, mean and max with padding", "[train]") {
  auto request = bags_request(Pooling::kSum);
  request.options.padding_id = 2;
  check_gradient(request, kZeros,
                 {1, 2, 3, 4, -0.5, 1, -0.25, 3, 0, 0, 0, 0, 0.5, 0.5, -0.5, 1, -1, 0.5, 0.25, 2});
  request.pooling = Pooling::kMean;
  check_gradient(request, kZeros, {1, 2, 3,    4,    -0.25, 0.5, -0.125, 1.5,  0,     0,
                                   0, 0, 0.25, 0.25, -0.25, 0.5, -0.5,   0.25, 0.125, 1});
  request.pooling = Pooling::kMax;
  check_gradient(request, kTable, {1, 2, 3, 4, 0.5, 1, 0, 1, 0, 0, 0, 0, 0, 0, -0.5, 0, -1, 0, 0.25, 2});
}

TEST_CASE("golden gradients: sum, divided by frequency", "[train]") {
  auto request = bags_request(Pooling::kSum);
  request.options.scale_by_frequency = true;
  check_gradient(request, kZeros,
                 {1, 2, 3, 4, -0.25, 0.5, -0.125, 1.5, 1, 2, 3, 4, 0.5, 0.5, -0.5, 1, -1, 0.5, 0.25, 2});
}

TEST_CASE("golden gradients: of equal maxima the first position wins, once per column", "[train]") {
  ReferenceRequest request;
  request.ids = {1, 0, 2, 1};
  request.offsets = {0, 4};
  request.pooling = Pooling::kMax;
  request.grads = {10, 20, 30};
  const std::vector<float> table = {1, 5, 0, 1, 2, 0, 0, 5, 0};
  CHECK(gradient_of(request, table, 3) == std::vector<float>{0, 20, 0, 10, 0, 30, 0, 0, 0});
}

TEST_CASE("golden gradients: a position that wins no column does not touch its row", "[train]") {
  const TemporaryFolder folder;
  make_table(folder / "t.safetensors", 3, {1, 5, 0, 1, 2, 0, 0, 5, 0}, Sgd{});
  auto trainer = Trainer::open(folder / "t.safetensors", Sgd{});
  REQUIRE(trainer);
  ReferenceRequest request;
  request.ids = {1, 0, 2, 1};
  request.offsets = {0, 4};
  request.pooling = Pooling::kMax;
  request.grads = {10, 20, 30};
  const auto report = step(*trainer, request, 3);
  REQUIRE(report);
  CHECK(report->rows_touched == 2);
  CHECK(report->used_ids == 4);
}

TEST_CASE("golden gradients: the mean multiplies by the reciprocal", "[train]") {
  ReferenceRequest request;
  request.ids = {0, 1, 2};
  request.offsets = {0, 3};
  request.pooling = Pooling::kMean;
  request.grads = {5};
  CHECK(bits_of(gradient_of(request, {0, 0, 0}, 1)) == std::vector<uint32_t>(3, 0x3fd55556));

  request.ids = {2, 0, 2};
  request.grads = {0.7f, -1.3f};
  const auto gradient = gradient_of(request, std::vector<float>(6, 0.0f), 2);
  CHECK(bits_of(gradient) == std::vector<uint32_t>{0x3e6eeeef, 0xbeddddde, 0, 0, 0x3eeeeeef, 0xbf5dddde});
}

namespace {

struct GoldenState {
  const char* name;
  std::vector<uint32_t> rows;  // 0, 2 and 3
  uint32_t untouched;          // each entry of row 1
};

struct GoldenSteps {
  const char* name;
  Optimizer optimizer;
  std::vector<uint32_t> weights;  // rows 0, 2 and 3 after three steps; row 1 is never touched
  std::vector<GoldenState> states = {};
};

const GoldenSteps kGoldenSteps[] = {
    {"SGD",
     Sgd{.lr = 0.1},
     {0x3f7851eb, 0xc0034395, 0x3ea66666, 0xbf85c28f, 0x3dae147b,
      0x3edc28f6, 0x40e00000, 0x40ffff2e, 0xc2b60000},
     {}},
    {"Adagrad",
     Adagrad{.lr = 0.1},
     {0x3f7514a4, 0xc0068729, 0x3f00329c, 0xbf8e633d, 0xbd372dbf,
      0x3e9926a0, 0x40e00000, 0x40fccccd, 0x410e6666},
     {{"sum", {0x3fbeb852, 0x3e800d1b, 0x40820000, 0x3e266667, 0x3c4ccccf,
        0x40128f5c, 0x00000000, 0x358637be, 0x49742400}, 0x00000000}}},
    {"Adagrad with decay",
     Adagrad{.lr = 0.1, .lr_decay = 0.1, .initial_accumulator = 0.1},
     {0x3f7482c9, 0xc00581df, 0x3ef22002, 0xbf8b1504, 0x3d6b37ce,
      0x3ea7a170, 0x40e00000, 0x40fffdd7, 0x410eaaab},
     {{"sum", {0x3fcb851f, 0x3eb3404e, 0x40853333, 0x3e866667, 0x3de66666,
        0x4018f5c3, 0x3dcccccd, 0x3dcccd53, 0x49742402}, 0x3dcccccd}}},
    {"TensorFlow 1",
     Adagrad::tf1(0.1),
     {0x3f75cd87, 0xc0058464, 0x3eed8fef, 0xbf8b4a50, 0x3d610a98,
      0x3eafe906, 0x40e00000, 0x40fffd69, 0x410e6666},
     {{"sum", {0x3fcb851f, 0x3eb3404e, 0x40853333, 0x3e866667, 0x3de66666,
        0x4018f5c3, 0x3dcccccd, 0x3dcccd53, 0x49742402}, 0x3dcccccd}}},
    {"Keras 3",
     Adagrad::keras3(),
     {0x3f7fe5e6, 0xc0000e20, 0x3effd0cd, 0xbf801ce8, 0x3dcbe091,
      0x3e99d2b7, 0x40e00000, 0x40fffff9, 0x410ffbe7},
     {{"sum", {0x3fcb851f, 0x3eb3404e, 0x40853333, 0x3e866667, 0x3de66666,
        0x4018f5c3, 0x3dcccccd, 0x3dcccd53, 0x49742402}, 0x3dcccccd}}},
    {"row-wise Adagrad",
     RowwiseAdagrad{.lr = 0.1},
     {0x3f662e78, 0xc004e24c, 0x3ec9b904, 0xbf940ecd, 0x3d68313c,
      0x3ec79f2e, 0x40e00000, 0x41000000, 0x410d3a8d},
     {{"sum", {0x3ff793dd, 0x3f5258c0, 0x48a2c2ab}, 0x00000000}}},
    {"row-wise Adagrad, L2",
     RowwiseAdagrad{.lr = 0.1, .weight_decay = 0.01},
     {0x3f6599c1, 0xc004993d, 0x3ec9339b, 0xbf93b634, 0x3d63d403,
      0x3ec68992, 0x40dfffe7, 0x40ffffe3, 0x410d3a8d},
     {{"sum", {0x3ff7e8a6, 0x3f5124ab, 0x48a2ca2b}, 0x00000000}}},
    {"row-wise Adagrad, decoupled",
     RowwiseAdagrad{.lr = 0.1, .weight_decay = 0.01, .decoupled = true},
     {0x3f65b55f, 0xc0049f8e, 0x3ec93110, 0xbf93c859, 0x3d678741,
      0x3ec75a7c, 0x40dfc6a8, 0x40ffbe77, 0x410d15b0},
     {{"sum", {0x3ff793dd, 0x3f5258c0, 0x48a2c2ab}, 0x00000000}}},
    {"Adam",
     Adam{.lr = 0.1},
     {0x3f634718, 0xc00ac864, 0x3f08d2d8, 0xbf951edf, 0xbda3e365,
      0x3e82ee24, 0x40e00000, 0x40fdf4d9, 0x410efa58},
     {{"exp_avg", {0x3ca3d708, 0x3d3c6a7f, 0x3e35c290, 0x3d27ef9e, 0x3c656042,
        0xbe072b02, 0x00000000, 0x38d1b718, 0x42c80000}, 0x00000000},
      {"exp_avg_sq", {0x3ac32a8d, 0x3982fe4d, 0x3b851e33, 0x392a39d2, 0x37518c27,
        0x3b161328, 0x00000000, 0x30897061, 0x447a0001}, 0x00000000}}},
    {"FTRL",
     Ftrl{.lr = 0.1, .l1 = 0.05, .l2 = 0.01},
     {0x3f2714d8, 0xbf80ae04, 0x3d705217, 0xbee9b1fa, 0xbcce4258,
      0x3dbc5ff2, 0x00000000, 0x00000000, 0x410e5aa7},
     {{"accumulator", {0x3fcb851f, 0x3eb3404e, 0x40853333, 0x3e866667, 0x3de66666,
        0x4018f5c3, 0x3dcccccd, 0x3dcccd53, 0x49742402}, 0x3dcccccd},
      {"linear", {0xc104af55, 0x40c0972a, 0xbf9fc56c, 0x40197361, 0x3e0a3142,
        0xbfbca5f0, 0x00000000, 0x3a6504de, 0xc7adc5c5}, 0x00000000}}},
};

// Without row 1.
std::vector<uint32_t> rows_0_2_3(const std::vector<float>& values) {
  auto bits = bits_of(values);
  const auto columns = static_cast<std::ptrdiff_t>(bits.size() / 4);
  bits.erase(bits.begin() + columns, bits.begin() + 2 * columns);
  return bits;
}

}  // namespace

TEST_CASE("golden steps: three steps of every optimiser, weights and state", "[train]") {
  const std::vector<float> table = {1, -2, 0.5f, 0.25f, 0.125f, 3, -1, 0.1f, 0.3f, 7, 8, 9};
  for (const auto& golden : kGoldenSteps) {
    DYNAMIC_SECTION(golden.name) {
      const TemporaryFolder folder;
      const auto path = folder / "t.safetensors";
      make_table(path, 3, table, golden.optimizer);
      auto trainer = opened(path, golden.optimizer);
      ReferenceRequest request;
      request.ids = {2, 0, 2};
      request.grads = {0.1f, -0.2f, 0.3f, 1, 0.5f, -0.25f, 0.3f, 0.3f, -0.1f};
      REQUIRE(step(trainer, request, 3));
      request.ids = {0};
      request.grads = {-0.7f, 0.01f, 2};
      REQUIRE(step(trainer, request, 3));
      request.ids = {2, 3};
      request.grads = {0.05f, 0.05f, -1.5f, 0, 0.001f, 1000};
      REQUIRE(step(trainer, request, 3));
      REQUIRE(trainer.close());

      const auto weights = tensor_of(path, "weight");
      CHECK(rows_0_2_3(weights) == golden.weights);
      CHECK(std::vector<float>(weights.begin() + 3, weights.begin() + 6) == std::vector<float>{0.25f, 0.125f, 3});
      REQUIRE(state_tensors(golden.optimizer).size() == golden.states.size());
      for (const auto& state : golden.states) {
        CAPTURE(state.name);
        const auto values = tensor_of(path, std::string("optimizer.") + state.name);
        REQUIRE(values.size() == state.rows.size() / 3 * 4);
        CHECK(rows_0_2_3(values) == state.rows);
        const size_t columns = values.size() / 4;
        for (size_t c = columns; c < 2 * columns; ++c) CHECK(std::bit_cast<uint32_t>(values[c]) == state.untouched);
      }
    }
  }
}

TEST_CASE("golden steps: momentum moves touched rows only", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  const Optimizer optimizer = Sgd{.lr = 1, .momentum = 0.5};
  make_table(path, 1, {1, 1, 1, 1}, optimizer);
  auto trainer = opened(path, optimizer);
  for (const auto& [ids, grads] : std::vector<std::pair<std::vector<int64_t>, std::vector<float>>>{
           {{0, 1}, {1, 2}}, {{1}, {4}}, {{2}, {8}}}) {
    REQUIRE(trainer.step(std::span<const int64_t>(ids), RowsIn(grads, 1)));
  }
  CHECK(rows_of(trainer.table()) == std::vector<float>{0, -6, -7, 1});
}
