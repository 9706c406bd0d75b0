#include "bench_ids.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "formats/numbers.h"

namespace windrow::tools {

namespace {

__extension__ typedef unsigned __int128 Wide;  // not in ISO C++, but in both compilers

// A number in [0, n): the high half of a product (Lemire 2019); its bias is below n / 2^64.
uint64_t below(uint64_t n, SplitMix64& random) {
  return static_cast<uint64_t>((static_cast<Wide>(random()) * n) >> 64);
}

// log(1 + x) / x and (exp(x) - 1) / x, also where x is all but 0.
double log1p_ratio(double x) {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x / 3);
}
double expm1_ratio(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * (0.5 + x / 6);
}

// Multiplying by this, modulo n, visits every number once, and neighbours end up far apart.
uint64_t spreading_factor(uint64_t n) {
  auto factor = std::max<uint64_t>(1, static_cast<uint64_t>(0.6180339887498949 * static_cast<double>(n)));
  while (std::gcd(factor, n) != 1) ++factor;
  return factor;
}

}  // namespace

std::optional<IdDistribution> parse_distribution(std::string_view text) {
  if (text == "uniform") return IdDistribution{};
  if (!text.starts_with("zipf:")) return std::nullopt;
  const auto exponent = parse_float(text.substr(5));
  if (!exponent || !std::isfinite(*exponent) || *exponent <= 0) return std::nullopt;
  return IdDistribution{static_cast<double>(*exponent)};
}

ZipfSampler::ZipfSampler(uint64_t n, double exponent)
    : n_(static_cast<double>(n)),
      exponent_(exponent),
      h_first_(h_integral(1.5) - 1),
      h_last_(h_integral(n_ + 0.5)),
      accept_(2 - h_integral_inverse(h_integral(2.5) - h(2))) {}

double ZipfSampler::h(double x) const {
  return std::exp(-exponent_ * std::log(x));
}

double ZipfSampler::h_integral(double x) const {
  const double log_x = std::log(x);
  return expm1_ratio((1 - exponent_) * log_x) * log_x;
}

double ZipfSampler::h_integral_inverse(double y) const {
  const double t = std::max(-1.0, y * (1 - exponent_));  // rounding may lead below -1
  return std::exp(log1p_ratio(t) * y);
}

uint64_t ZipfSampler::operator()(SplitMix64& random) const {
  while (true) {
    const double u = h_last_ + random.unit() * (h_first_ - h_last_);
    const double x = h_integral_inverse(u);
    const double k = std::clamp(std::floor(x + 0.5), 1.0, n_);
    if (k - x <= accept_ || u >= h_integral(k + 0.5) - h(k)) return static_cast<uint64_t>(k);
  }
}

std::vector<int64_t> draw_ids(const IdDistribution& distribution, int64_t rows, size_t count) {
  std::vector<int64_t> ids(count);
  const auto n = static_cast<uint64_t>(rows);
  SplitMix64 random(1);
  if (distribution.zipf_exponent == 0) {
    for (int64_t& id : ids) id = static_cast<int64_t>(below(n, random));
    return ids;
  }
  const ZipfSampler rank(n, distribution.zipf_exponent);
  const uint64_t factor = spreading_factor(n);
  for (int64_t& id : ids) id = static_cast<int64_t>(static_cast<Wide>(rank(random) - 1) * factor % n);
  return ids;
}

}  // namespace windrow::tools
