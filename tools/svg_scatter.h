#pragma once

#include <string>
#include <vector>

namespace windrow::tools {

// Points with names as one SVG file, as svg_page.h says. Both axes have the same scale, so that distances mean the
// same in all directions.
struct Scatter {
  struct Point {
    double x, y;       // finite
    std::string name;  // any bytes
  };

  std::string title;
  std::string subtitle;
  std::string x_axis;
  std::string y_axis;
  std::vector<Point> points;  // where there is no room for all names, earlier points are named first
};

struct ScatterPicture {
  std::string svg;
  size_t named = 0;  // points whose name stands beside them; every point has its name as a <title>
};

ScatterPicture draw(const Scatter& scatter);

// Round numbers in [low, high], 1, 2 or 5 times a power of ten apart, about `wanted` of them; at least one.
std::vector<double> ticks_between(double low, double high, size_t wanted);

}  // namespace windrow::tools
