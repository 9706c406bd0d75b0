#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windrow::tools {

// Which ids a benchmark asks for.
struct IdDistribution {
  double zipf_exponent = 0;  // 0: all rows alike
};

// "uniform", or "zipf:S" with S above 0.
std::optional<IdDistribution> parse_distribution(std::string_view text);

// A small generator with the same numbers everywhere: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable
// pseudorandom number generators").
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  uint64_t operator()() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, 1).
  double unit() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Numbers 1..n with probabilities proportional to k^-s, by rejection-inversion (Hörmann and Derflinger 1996,
// "Rejection-inversion to generate variates from monotone discrete distributions"): no table, whatever n.
class ZipfSampler {
 public:
  ZipfSampler(uint64_t n, double exponent);
  uint64_t operator()(SplitMix64& random) const;

 private:
  double h(double x) const;
  double h_integral(double x) const;
  double h_integral_inverse(double y) const;

  double n_;
  double exponent_;
  double h_first_;  // the integral from which the first number's share begins
  double h_last_;   // and at which the last one's ends
  double accept_;   // this close to its number, a point needs no second look
};

// `count` ids of a table with `rows` rows; the same for the same arguments. Frequent rows are spread over the
// table.
std::vector<int64_t> draw_ids(const IdDistribution& distribution, int64_t rows, size_t count);

}  // namespace windrow::tools
