#pragma once

#include <optional>
#include <vector>

namespace windrow::tools {

// Labels of the points of a picture.

struct Rectangle {
  double left, top, right, bottom;

  bool overlaps(const Rectangle& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
  bool contains(const Rectangle& other) const {
    return left <= other.left && other.right <= right && top <= other.top && other.bottom <= bottom;
  }
};

struct LabelledPoint {
  double x, y;   // downwards, as on a page
  double width;  // of its label; 0 for none
};

struct LabelSizes {
  double height = 12;  // of a line of text
  double radius = 3;   // of the mark of a point
  double gap = 2;      // between a mark and its label
};

// Where the label of each point goes, or nothing where it finds no room: beside the mark, above or below it, or at a
// corner, whichever is free first, inside `frame`, over no mark and no other label. Earlier points choose first.
// As fast as points are many: places that are taken are found by a grid.
std::vector<std::optional<Rectangle>> place_labels(const std::vector<LabelledPoint>& points,
                                                   const Rectangle& frame, const LabelSizes& sizes);

}  // namespace windrow::tools
