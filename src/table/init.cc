#include "table/init.h"

#include <charconv>
#include <cmath>

#include "base/fail.h"
#include "table/philox.h"

namespace windrow {

namespace {

// ln(x) for x > 0, from operations that round the same way everywhere: libm's differs in the last bit from
// CPU to CPU. ln(m 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1)), by its series; |(m - 1) / (m + 1)| <= 0.172.
double portable_log(double x) {
  int exponent;
  double mantissa = std::frexp(x, &exponent);  // in [0.5, 1)
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double t = (mantissa - 1) / (mantissa + 1), t2 = t * t;
  double sum = 0;
  for (int k = 23; k >= 1; k -= 2) sum = sum * t2 + 1.0 / k;
  return exponent * 0.69314718055994530942 + 2 * t * sum;
}

// The x with normal distribution function p, 0 < p < 1, to about 1e-16: algorithm AS 241 (PPND16) of Wichura,
// "The percentage points of the normal distribution", Applied Statistics 37 (1988).
double inverse_normal(double p) {
  const auto ratio = [](double r, const double(&a)[8], const double(&b)[8]) {
    double above = 0, below = 0;
    for (int k = 7; k >= 0; --k) {
      above = above * r + a[k];
      below = below * r + b[k];
    }
    return above / below;
  };
  static constexpr double kCentreA[8] = {
      3.3871328727963666080,   1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
      4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr double kCentreB[8] = {1.0,
                                         4.2313330701600911252e1,
                                         6.8718700749205790830e2,
                                         5.3941960214247511077e3,
                                         2.1213794301586595867e4,
                                         3.9307895800092710610e4,
                                         2.8729085735721942674e4,
                                         5.2264952788528545610e3};
  static constexpr double kMiddleA[8] = {1.42343711074968357734,    4.63033784615654529590,
                                         5.76949722146069140550,    3.64784832476320460504,
                                         1.27045825245236838258,    2.41780725177450611770e-1,
                                         2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double kMiddleB[8] = {1.0,
                                         2.05319162663775882187,
                                         1.67638483018380384940,
                                         6.89767334985100004550e-1,
                                         1.48103976427480074590e-1,
                                         1.51986665636164571966e-2,
                                         5.47593808499534494600e-4,
                                         1.05075007164441684324e-9};
  static constexpr double kTailA[8] = {6.65790464350110377720,    5.46378491116411436990,
                                       1.78482653991729133580,    2.96560571828504891230e-1,
                                       2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double kTailB[8] = {1.0,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) return q * ratio(0.180625 - q * q, kCentreA, kCentreB);
  const double r = std::sqrt(-portable_log(q < 0 ? p : 1 - p));
  const double x = r <= 5 ? ratio(r - 1.6, kMiddleA, kMiddleB) : ratio(r - 5, kTailA, kTailB);
  return q < 0 ? -x : x;
}

// Uniform in [-1, 1), exact: 24 bits of the word.
float signed_unit(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8) - (1 << 23)) * 0x1p-23f;
}

// Uniform in (0, 1): the same bits, at the middle of their interval.
double open_unit(uint32_t word) {
  return ((word >> 8) + 0.5) * 0x1p-24;
}

template <class ValueOf>
void fill(uint64_t seed, int64_t row, std::span<float> values, ValueOf value_of) {
  for (size_t c = 0; c < values.size(); c += 4) {
    const auto words = philox_block(seed, 0, row, static_cast<uint32_t>(c / 4));
    for (size_t k = 0; k < 4 && c + k < values.size(); ++k) values[c + k] = value_of(words[k]);
  }
}

}  // namespace

Result<void> check_init(const Init& init) {
  if (!std::isfinite(init.value)) return fail(ErrorCode::kInvalidArgument, "init: the value must be finite");
  const bool needs_size = init.kind == Init::Kind::kUniform || init.kind == Init::Kind::kNormal;
  if (needs_size && init.value < 0)
    return fail(ErrorCode::kInvalidArgument, "init: the value must not be below 0");
  return {};
}

std::string init_text(const Init& init) {
  const char* name = "";
  switch (init.kind) {
    case Init::Kind::kXavierUniform:
      return "xavier_uniform";
    case Init::Kind::kZeros:
      return "zeros";
    case Init::Kind::kUniform:
      name = "uniform:";
      break;
    case Init::Kind::kNormal:
      name = "normal:";
      break;
    case Init::Kind::kConstant:
      name = "constant:";
      break;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), init.value).ptr;
  return name + std::string(digits, end);
}

void init_row(const Init& init, uint64_t seed, int64_t rows, int64_t row, std::span<float> values) {
  switch (init.kind) {
    case Init::Kind::kXavierUniform: {
      // Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
      // (2010).
      const auto fans = static_cast<double>(rows) + static_cast<double>(values.size());
      const auto bound = static_cast<float>(std::sqrt(6.0 / fans));
      return fill(seed, row, values, [bound](uint32_t word) { return signed_unit(word) * bound; });
    }
    case Init::Kind::kUniform: {
      const float bound = init.value;
      return fill(seed, row, values, [bound](uint32_t word) { return signed_unit(word) * bound; });
    }
    case Init::Kind::kNormal: {
      const double deviation = init.value;
      return fill(seed, row, values, [deviation](uint32_t word) {
        return static_cast<float>(inverse_normal(open_unit(word)) * deviation);
      });
    }
    case Init::Kind::kConstant:
      std::fill(values.begin(), values.end(), init.value);
      return;
    case Init::Kind::kZeros:
      std::fill(values.begin(), values.end(), 0.0f);
      return;
  }
}

}  // namespace windrow
