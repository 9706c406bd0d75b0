#include "train/train_fixture.h"

using namespace windrow;

TEST_CASE("write_rows: of equal ids the last position is written, in rows and values of every type", "[train]") {
  constexpr size_t kDim = 5;
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  for (const auto type : kValueTypes) {
    for (const auto value_type : kValueTypes) {
      for (const bool padded : {false, true}) {
        CAPTURE(static_cast<int>(type), static_cast<int>(value_type), padded);
        const auto weights = random_values(10 * kDim, 1);
        const auto format = format_of(type, kDim);
        make_table(path, padded ? format.padded_to_lines() : format, weights, Adagrad{});
        auto expected = reference_of(kDim, weights, Adagrad{}, type);
        auto trainer = opened(path, Adagrad{});
        const std::vector<int32_t> ids = {9, 4, 9, 4, 9};
        auto values = random_values(5 * 8, 2);  // rows of 8, of which 5 are used
        narrow(values, value_type);
        std::vector<uint16_t> codes;
        if (value_type != ValueType::kF32) {
          for (const float v : values) codes.push_back(reference_nearest(value_type, v));
        }
        const RowsIn rows = codes.empty() ? RowsIn(values, 8) : RowsIn(codes, 8, value_type);
        REQUIRE(trainer.write_rows(std::span<const int32_t>(ids), rows));
        for (size_t i = 0; i < ids.size(); ++i) {
          const auto begin = values.begin() + static_cast<std::ptrdiff_t>(8 * i);
          expected.write_row(ids[i], Vector(begin, begin + kDim));
        }
        check_equal(expected, trainer, path, Adagrad{});
        REQUIRE(trainer.close());
        const auto report = verify(path);
        REQUIRE(report);
        CHECK(report->bad_blocks.empty());
      }
    }
  }
}

TEST_CASE("write_rows: any bits may be written, NaN and infinity among them", "[train]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.safetensors";
  make_table(path, format_of(ValueType::kBf16, 3), std::vector<float>(6, 1.0f), Sgd{});
  auto trainer = opened(path, Sgd{});
  const std::vector<int64_t> ids = {1};
  const std::vector<uint16_t> codes = {0x7fc1, 0xff80, 0x8000};
  REQUIRE(trainer.write_rows(std::span<const int64_t>(ids), RowsIn(codes, 3, ValueType::kBf16)));
  CHECK(std::memcmp(trainer.table().row(1), codes.data(), 6) == 0);
}
