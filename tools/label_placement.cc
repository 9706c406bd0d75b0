#include "label_placement.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace windrow::tools {

namespace {

// Rectangles, found again by the cells of a grid that they touch.
class TakenPlaces {
 public:
  explicit TakenPlaces(const Rectangle& frame)
      : frame_(frame),
        columns_(cells(frame.right - frame.left)),
        rows_(cells(frame.bottom - frame.top)),
        cells_(columns_ * rows_) {}

  void take(const Rectangle& place) {
    places_.push_back(place);
    for_each_cell(place, [&](std::vector<size_t>& cell) {
      cell.push_back(places_.size() - 1);
      return true;
    });
  }

  bool is_free(const Rectangle& place) {
    return for_each_cell(place, [&](const std::vector<size_t>& cell) {
      return std::none_of(cell.begin(), cell.end(), [&](size_t i) { return places_[i].overlaps(place); });
    });
  }

 private:
  static constexpr double kCell = 24;

  static size_t cells(double length) {
    return static_cast<size_t>(std::clamp(std::ceil(length / kCell), 1.0, 1000.0));
  }
  static size_t cell_at(double distance, size_t count) {
    return static_cast<size_t>(std::clamp(std::floor(distance / kCell), 0.0, static_cast<double>(count - 1)));
  }

  template <class Visit>
  bool for_each_cell(const Rectangle& place, Visit visit) {
    const size_t last_row = cell_at(place.bottom - frame_.top, rows_);
    const size_t last_column = cell_at(place.right - frame_.left, columns_);
    for (size_t r = cell_at(place.top - frame_.top, rows_); r <= last_row; ++r) {
      for (size_t c = cell_at(place.left - frame_.left, columns_); c <= last_column; ++c) {
        if (!visit(cells_[r * columns_ + c])) return false;
      }
    }
    return true;
  }

  Rectangle frame_;
  size_t columns_, rows_;
  std::vector<std::vector<size_t>> cells_;
  std::vector<Rectangle> places_;
};

// A label's middle, from the middle of its point, in halves of the label's size and whole distances.
struct Direction {
  double x, y;
};

constexpr Direction kDirections[] = {{1, 0}, {-1, 0}, {0, -1}, {0, 1}, {1, -1}, {-1, -1}, {1, 1}, {-1, 1}};

Rectangle label_at(const LabelledPoint& point, const Direction& direction, const LabelSizes& sizes) {
  // At a corner the mark is round, so that the label may come closer.
  const bool corner = direction.x != 0 && direction.y != 0;
  const double distance = corner ? 0.7 * sizes.radius + sizes.gap / 2 : sizes.radius + sizes.gap;
  const double x = point.x + direction.x * (distance + point.width / 2);
  // A line of text has more room above than below its letters.
  const double y = point.y + direction.y * ((corner ? 0.3 * sizes.radius : sizes.radius) + sizes.height / 2);
  return {x - point.width / 2, y - sizes.height / 2, x + point.width / 2, y + sizes.height / 2};
}

}  // namespace

std::vector<std::optional<Rectangle>> place_labels(const std::vector<LabelledPoint>& points,
                                                   const Rectangle& frame, const LabelSizes& sizes) {
  TakenPlaces taken(frame);
  for (const LabelledPoint& point : points) {
    // A square inside the circle: a label that touches its edge is still well apart.
    const double half = 0.85 * sizes.radius;
    taken.take({point.x - half, point.y - half, point.x + half, point.y + half});
  }
  std::vector<std::optional<Rectangle>> labels(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].width > 0)) continue;
    for (const Direction& direction : kDirections) {
      const Rectangle label = label_at(points[i], direction, sizes);
      if (!frame.contains(label) || !taken.is_free(label)) continue;
      labels[i] = label;
      taken.take(label);
      break;
    }
  }
  return labels;
}

}  // namespace windrow::tools
