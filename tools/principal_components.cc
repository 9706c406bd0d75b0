// One thread, so that sums are made in the same order everywhere.
#define EIGEN_DONT_PARALLELIZE

#include "principal_components.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace windrow::tools {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Eigen::VectorXd;

// Below this share of the variance a direction is rounding only.
constexpr double kNoise = 1e-12;

Matrix centred(std::span<const float> values, size_t rows, size_t dim) {
  const auto n = static_cast<Eigen::Index>(rows), d = static_cast<Eigen::Index>(dim);
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix matrix = Eigen::Map<const Floats>(values.data(), n, d).cast<double>();
  const Eigen::RowVectorXd mean = matrix.colwise().mean();
  matrix.rowwise() -= mean;
  return matrix;
}

// Components that differ by rounding only are equally large, so that the first of them decides.
void fix_sign(VectorXd& direction) {
  const double largest = direction.cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < direction.size(); ++i) {
    if (std::fabs(direction[i]) < largest * (1 - 1e-9)) continue;
    if (direction[i] < 0) direction = -direction;
    return;
  }
}

}  // namespace

PrincipalComponents principal_components(std::span<const float> values, size_t rows, size_t dim) {
  PrincipalComponents result;
  result.x.assign(rows, 0);
  result.y.assign(rows, 0);
  if (rows < 2 || dim == 0) return result;
  const Matrix matrix = centred(values, rows, dim);
  const double variance = matrix.squaredNorm();
  if (!(variance > 0)) return result;

  const bool wide = rows < dim;
  Eigen::MatrixXd square =
      wide ? Eigen::MatrixXd(matrix * matrix.transpose()) : Eigen::MatrixXd(matrix.transpose() * matrix);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(square);
  const Eigen::Index count = solver.eigenvalues().size();
  std::vector<double>* const coordinates[] = {&result.x, &result.y};
  for (Eigen::Index k = 0; k < std::min<Eigen::Index>(2, count); ++k) {
    const double share = solver.eigenvalues()[count - 1 - k] / variance;
    if (!(share > kNoise)) break;
    VectorXd direction = solver.eigenvectors().col(count - 1 - k);
    if (wide) direction = (matrix.transpose() * direction).eval();
    direction.normalize();
    fix_sign(direction);
    const VectorXd along = matrix * direction;
    std::copy(along.begin(), along.end(), coordinates[k]->begin());
    result.share[static_cast<size_t>(k)] = std::min(share, 1.0);
  }
  return result;
}

}  // namespace windrow::tools
