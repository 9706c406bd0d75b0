// Steps that torch took, by tests/torch/make_steps.py: the same from here, but for torch's roundings.

#include "format/read_data.h"
#include "train/train_fixture.h"

using namespace windrow;

namespace {

// The tensors of the data file.
class TorchSteps {
 public:
  TorchSteps() : bytes_(read_data("torch_steps.safetensors")) {
    auto header = safetensors::parse(std::span(bytes_).first(safetensors::header_bytes(bytes_, bytes_.size()).value()),
                                     bytes_.size());
    REQUIRE(header);
    header_ = *header;
  }
  template <class Value>
  std::vector<Value> get(const std::string& name) const {
    const auto* tensor = header_.find(name);
    REQUIRE(tensor);
    std::vector<Value> values((tensor->end - tensor->begin) / sizeof(Value));
    std::memcpy(values.data(), bytes_.data() + tensor->begin, values.size() * sizeof(Value));
    return values;
  }
  const std::vector<uint64_t>& shape(const std::string& name) const {
    const auto* tensor = header_.find(name);
    REQUIRE(tensor);
    return tensor->shape;
  }

 private:
  std::vector<uint8_t> bytes_;
  safetensors::Header header_;
};

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

struct Sequence {
  const char* name;
  const char* ids;
  Optimizer optimizer;
  std::vector<std::string> states;  // in the order of state_tensors(), as torch names them
  bool exact;
};

const Sequence kSequences[] = {
    {"sgd", "ids", Sgd{.lr = 0.05}, {}, false},
    {"adagrad", "ids", Adagrad{.lr = 0.1, .lr_decay = 0.02, .initial_accumulator = 0.1}, {"sum"}, false},
    {"adam", "ids", Adam{.lr = 0.01}, {"exp_avg", "exp_avg_sq"}, true},
    {"momentum", "ids_every_row", Sgd{.lr = 0.02, .momentum = 0.9}, {"momentum_buffer"}, false},
    {"nesterov", "ids_every_row", Sgd{.lr = 0.02, .momentum = 0.9, .nesterov = true}, {"momentum_buffer"}, false},
};

}  // namespace

// SparseAdam is the same to the bit, and so are Adagrad's sums. Where torch differs it fuses a product into a sum, and for SGD takes a step per occurrence instead of merging them: a rounding less or more of at most half a unit
// in the last place of a weight (or of a velocity, which lr makes smaller), at most three for each occurrence of a row.
TEST_CASE("torch: fifty steps with repeated ids end where torch's end", "[train]") {
  const TorchSteps torch;
  const auto shape = torch.shape("grads");  // steps, ids, dim
  const size_t steps = shape[0], count = shape[1], dim = shape[2];
  const auto weights = torch.get<float>("weights"), grads = torch.get<float>("grads");
  for (const auto& sequence : kSequences) {
    DYNAMIC_SECTION(sequence.name) {
      const TemporaryFolder folder;
      const auto path = folder / "t.safetensors";
      make_table(path, dim, weights, sequence.optimizer);
      auto trainer = opened(path, sequence.optimizer);
      const auto ids = torch.get<int64_t>(sequence.ids);
      for (size_t s = 0; s < steps; ++s) {
        REQUIRE(trainer.step(std::span<const int64_t>(ids).subspan(s * count, count),
                             RowsIn(std::span<const float>(grads).subspan(s * count * dim, count * dim), dim)));
      }
      const auto expected = torch.get<float>(sequence.name), got = rows_of(trainer.table());
      const std::vector<float> last_row(weights.end() - static_cast<std::ptrdiff_t>(dim), weights.end());
      float magnitude = 0;
      for (const float w : weights) magnitude = std::max(magnitude, std::fabs(w));
      for (const float w : expected) magnitude = std::max(magnitude, std::fabs(w));
      int64_t most = 0;  // occurrences of a row
      for (const int64_t id : ids) most = std::max<int64_t>(most, std::count(ids.begin(), ids.end(), id));
      const float tolerance = sequence.exact ? 0 : 3 * static_cast<float>(most) * 0x1p-24f * magnitude;
      CHECK(largest_difference(got, expected) <= tolerance);
      CHECK(first_difference(got, weights) != -1);
      if (std::string(sequence.ids) == "ids") {  // which leave the last row out
        CHECK(first_difference(std::span(got).last(dim), last_row) == -1);
      }

      const auto tensors = state_tensors(sequence.optimizer);
      REQUIRE(tensors.size() == sequence.states.size());
      for (size_t i = 0; i < tensors.size(); ++i) {
        const auto state = tensor_of(path, "optimizer." + std::string(tensors[i].name));
        const auto of_torch = torch.get<float>(std::string(sequence.name) + "." + sequence.states[i]);
        CAPTURE(sequence.states[i]);
        if (sequence.states[i] != "momentum_buffer") {
          CHECK(first_difference(state, of_torch) == -1);
        } else {
          // Three roundings a step, each of which momentum 0.9 keeps for some ten steps.
          float velocity = 0;
          for (const float v : of_torch) velocity = std::max(velocity, std::fabs(v));
          CHECK(largest_difference(state, of_torch) <= 30 * 0x1p-24f * velocity);
        }
      }
    }
  }
}
