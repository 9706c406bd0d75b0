#include "svg_chart.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "svg_page.h"
#include "units.h"

namespace windrow::tools {

namespace {

constexpr double kWidth = 760, kHeight = 440;
constexpr double kLeft = 64, kRight = 36, kTop = 92, kBottom = 60;  // margins around the plot
constexpr double kLabelDistance = 58;                               // between the middles of two labels of x
constexpr size_t kColours = 4;

// Colours that colour-blind readers can tell apart (Okabe and Ito), darker ones on light ground.
constexpr const char* kStyle = R"(.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.dashed { stroke-dasharray: 6 4; }
.c0 { stroke: #0072b2; } .c1 { stroke: #d55e00; } .c2 { stroke: #00795a; } .c3 { stroke: #a8508a; }
circle.c0 { fill: #0072b2; } circle.c1 { fill: #d55e00; } circle.c2 { fill: #00795a; } circle.c3 { fill: #a8508a; }
@media (prefers-color-scheme: dark) {
.c0 { stroke: #56b4e9; } .c1 { stroke: #e69f00; } .c2 { stroke: #2bc796; } .c3 { stroke: #cc79a7; }
circle.c0 { fill: #56b4e9; } circle.c1 { fill: #e69f00; } circle.c2 { fill: #2bc796; } circle.c3 { fill: #cc79a7; }
}
)";

// Three digits where that many tell something.
std::string value_text(double value) {
  return with_digits(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

// From values to places on the page.
class Frame {
 public:
  explicit Frame(const Chart& chart) {
    double max_y = 0;
    for (const auto& series : chart.series) {
      for (const auto& point : series.points) {
        min_x_ = any_ ? std::min(min_x_, point.x) : point.x;
        max_x_ = any_ ? std::max(max_x_, point.x) : point.x;
        max_y = std::max(max_y, point.y);
        any_ = true;
      }
    }
    ticks_ = linear_ticks(max_y);
  }

  const std::vector<double>& y_ticks() const { return ticks_; }
  double x(double value) const {
    const double width = kWidth - kLeft - kRight;
    if (max_x_ <= min_x_) return kLeft + width / 2;
    return kLeft + width * std::log(value / min_x_) / std::log(max_x_ / min_x_);
  }
  double y(double value) const {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * value / ticks_.back();
  }

 private:
  double min_x_ = 1, max_x_ = 1;
  bool any_ = false;
  std::vector<double> ticks_;
};

std::string x_axis(const Chart& chart, const Frame& frame) {
  const double bottom = kHeight - kBottom;
  std::string svg = svg_line("axis", kLeft, bottom, kWidth - kRight, bottom);
  double last_label = -kLabelDistance;
  for (const auto& point : chart.series.empty() ? std::vector<Chart::Point>() : chart.series[0].points) {
    const double x = frame.x(point.x);
    svg += svg_line("axis", x, bottom, x, bottom + 4);
    if (x - last_label < kLabelDistance) continue;
    svg += svg_text("quiet", "middle", x, bottom + 20, chart.x_text(point.x));
    last_label = x;
  }
  return svg + svg_text("label", "middle", (kLeft + kWidth - kRight) / 2, kHeight - 14, chart.x_axis);
}

std::string y_axis(const Chart& chart, const Frame& frame) {
  const auto& ticks = frame.y_ticks();
  const int digits = ticks[1] < 0.1 ? 2 : ticks[1] < 1 ? 1 : 0;
  std::string svg;
  for (const double tick : ticks) {
    if (tick > 0) svg += svg_line("grid", kLeft, frame.y(tick), kWidth - kRight, frame.y(tick));
    svg += svg_text("quiet", "end", kLeft - 8, frame.y(tick) + 4, with_digits(tick, digits));
  }
  return svg + svg_text("label", "start", 12, kTop - 14, chart.y_axis);
}

std::string style_of(const Chart::Series& series, size_t number_of_series) {
  return concat("line c", number_of_series % kColours, series.dashed ? " dashed" : "");
}

std::string curve(const Chart& chart, size_t s, const Frame& frame) {
  const Chart::Series& series = chart.series[s];
  std::string svg = concat("<polyline class=\"", style_of(series, s), "\" points=\"");
  for (const auto& point : series.points)
    svg += concat(svg_number(frame.x(point.x)), ",", svg_number(frame.y(point.y)), " ");
  svg += "\"/>\n";
  if (series.dashed) return svg;
  for (const auto& point : series.points) {
    svg += concat("<circle class=\"c", s % kColours, "\" cx=\"", svg_number(frame.x(point.x)), "\" cy=\"",
                  svg_number(frame.y(point.y)), "\" r=\"3.5\"><title>",
                  svg_escaped(concat(series.name, ", ", chart.x_text(point.x), ": ", value_text(point.y))),
                  "</title></circle>\n");
  }
  return svg;
}

// Names above the plot, from right to left, so that they cross no curve.
std::string legend(const Chart& chart) {
  std::string svg;
  double right = kWidth - kRight;
  for (size_t s = chart.series.size(); s-- > 0;) {
    const Chart::Series& series = chart.series[s];
    svg += svg_text("label", "end", right, kTop - 14, series.name);
    right -= 7.0 * static_cast<double>(series.name.size()) + 10;  // a letter is about 7 wide
    svg += svg_line(style_of(series, s).c_str(), right - 26, kTop - 18, right, kTop - 18);
    right -= 46;
  }
  return svg;
}

}  // namespace

std::vector<double> linear_ticks(double max) {
  if (!(max > 0) || !std::isfinite(max)) max = 1;
  const double power = std::pow(10.0, std::floor(std::log10(max)));
  double step = power / 5;
  for (const double factor : {0.5, 1.0, 2.0}) {
    if (max / step > 8) step = power * factor;
  }
  std::vector<double> ticks;
  for (int k = 0; ticks.empty() || ticks.back() < max; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string svg_of(const Chart& chart) {
  const Frame frame(chart);
  std::string svg = svg_start({kWidth, kHeight, chart.title, chart.subtitle}, kStyle);
  svg += y_axis(chart, frame) + x_axis(chart, frame);
  for (size_t s = 0; s < chart.series.size(); ++s) svg += curve(chart, s, frame);
  return svg + legend(chart) + svg_end();
}

}  // namespace windrow::tools
