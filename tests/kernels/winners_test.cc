#include "kernels/winners.h"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "support/cases.h"
#include "support/catch.h"
#include "support/loose_rows.h"
#include "support/targets.h"

using namespace windrow::kernels;

TEST_CASE("find_winners: every target finds the first of the greatest, and NaN as torch does", "[kernels]") {
  for (const auto target : every_target()) {
    DYNAMIC_SECTION(hwy::TargetName(target)) {
      const ScopedTarget scope(target);
      for (const int64_t columns : kDims) {
        const auto dim = static_cast<size_t>(columns);
        for (const size_t count : {1, 2, 37}) {
          CAPTURE(dim, count);
          std::mt19937 random(static_cast<uint32_t>(dim + count));
          LooseRows values(count, dim);
          std::vector<const uint8_t*> rows;
          std::vector<uint32_t> places, winners(dim + 1, 77), expected(dim + 1, 77);
          std::vector<float> best(dim);
          for (size_t i = 0; i < count; ++i) {
            rows.push_back(values.row(i));
            places.push_back(static_cast<uint32_t>(5 + 3 * i));
            for (size_t c = 0; c < dim; ++c) {
              const float few = static_cast<float>(random() % 4);  // many ties
              values.set(i, c,
                         random() % 9   ? few
                         : random() % 2 ? std::numeric_limits<float>::quiet_NaN()
                                        : -0.0f);
            }
          }
          for (size_t c = 0; c < dim; ++c) {
            float greatest = values.get<float>(0, c);
            expected[c] = places[0];
            for (size_t i = 1; i < count; ++i) {
              const auto value = values.get<float>(i, c);
              if (value > greatest) greatest = value, expected[c] = places[i];
            }
          }
          find_winners()({rows.data(), places.data(), count, true}, 0, dim, best.data(), winners.data());
          CHECK(winners == expected);
          // The same in two runs, the second going on from the first.
          const size_t first = count / 2;
          if (first == 0) continue;
          std::fill_n(winners.begin(), dim, 78);
          find_winners()({rows.data(), places.data(), first, true}, 0, dim, best.data(), winners.data());
          find_winners()({rows.data() + first, places.data() + first, count - first, false}, 0, dim, best.data(),
                         winners.data());
          CHECK(winners == expected);
          // Some columns only.
          if (dim < 17) continue;
          std::fill_n(winners.begin(), dim, 79);
          find_winners()({rows.data(), places.data(), count, true}, 16, dim, best.data(), winners.data());
          std::fill_n(expected.begin(), 16, 79);
          CHECK(winners == expected);
        }
      }
    }
  }
}
