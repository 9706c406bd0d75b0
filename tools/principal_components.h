#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace windrow::tools {

// The two directions in which rows differ most, and where each row stands along them.
struct PrincipalComponents {
  std::vector<double> x, y;           // per row: along the first and the second, from the rows' mean
  std::array<double, 2> share{0, 0};  // of the variance of all rows, from 0 to 1
};

// Principal component analysis (Pearson 1901; Jolliffe, Principal Component Analysis, 2002, chapters 1 to 3) of
// rows x dim finite values, in double:
//
//   m = mean of the rows;  X = rows - m;  C = X' X / rows          (dim x dim)
//   v1, v2 = eigenvectors of the two largest eigenvalues of C;  x = X v1, y = X v2
//   share = eigenvalue / trace of C
//
// With fewer rows than columns the eigenvectors u of the Gram matrix X X' are found instead, and v = X' u / |X' u|,
// which are the same. The sign of a vector is not determined: here its first component of the largest magnitude is
// positive. A direction in which rows do not differ gives zeros.
//
// Memory: a square of min(rows, dim) doubles, a few times over, beside rows x dim doubles.
PrincipalComponents principal_components(std::span<const float> values, size_t rows, size_t dim);

}  // namespace windrow::tools
