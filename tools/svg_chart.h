#pragma once

#include <functional>
#include <string>
#include <vector>

namespace windrow::tools {

// A line chart as one SVG file: nothing is loaded from elsewhere, no scripts, and light or dark as the reader's
// system is.
struct Chart {
  struct Point {
    double x;  // above 0
    double y;  // 0 or more
  };
  struct Series {
    std::string name;
    std::vector<Point> points;  // by ascending x
    bool dashed = false;        // a limit, rather than a measurement: no markers
  };

  // UTF-8; what XML reserves is escaped by the writer.
  std::string title;
  std::string subtitle;
  std::string x_axis;
  std::string y_axis;
  std::vector<Series> series;  // up to 4 have colours of their own
  // How a value of x is shown.
  std::function<std::string(double)> x_text;
};

// x is on a logarithmic axis with a tick at each x of the first series that finds room; y on a linear one from 0.
// Every marker carries its values as a <title>, which browsers show under the pointer.
std::string svg_of(const Chart& chart);

// Where ticks of an axis from 0 to at least `max` stand, 1, 2 or 5 times a power of ten apart: 4 to 10 of them.
// The last is not below `max`.
std::vector<double> linear_ticks(double max);

}  // namespace windrow::tools
