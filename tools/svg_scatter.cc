#include "svg_scatter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/fail.h"
#include "label_placement.h"
#include "svg_page.h"
#include "text_width.h"
#include "units.h"

namespace windrow::tools {

namespace {

constexpr double kLeft = 64, kRight = 20, kTop = 92, kBottom = 60;  // margins around the plot
constexpr double kPlotWidth = 880;
constexpr double kFlattest = 0.5, kTallest = 0.9;  // height of the plot, by its width
constexpr size_t kPointsOfPlot = 300;              // more make the page larger
constexpr double kRadius = 2.5;
constexpr double kInset = 14;  // between the outermost points and the frame
constexpr double kFont = 11;
constexpr size_t kMostColumns = 32;  // of a name beside its point

// The ground's colour around letters keeps them legible where they cross a line of the grid.
constexpr const char* kStyle = R"(.frame { fill: none; stroke: #d8dee4; stroke-width: 1; }
.zero { stroke: #afb8c1; stroke-width: 1; }
.point { fill: #0072b2; fill-opacity: 0.85; }
.name { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 2.5px; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
.frame { stroke: #2a313c; }
.zero { stroke: #4a5462; }
.point { fill: #56b4e9; }
.name { stroke: #0d1117; }
}
)";

struct Extent {
  double low = 0, high = 0;

  double length() const { return high - low; }
  double middle() const { return low + (high - low) / 2; }
};

template <class Of>
Extent extent_of(const std::vector<Scatter::Point>& points, Of of) {
  if (points.empty()) return {-1, 1};
  const auto [low, high] = std::minmax_element(points.begin(), points.end(),
                                               [&](const auto& a, const auto& b) { return of(a) < of(b); });
  return {of(*low), of(*high)};
}

// From values to places on the page.
class Frame {
 public:
  explicit Frame(const Scatter& scatter) {
    const Extent x = extent_of(scatter.points, [](const Scatter::Point& p) { return p.x; });
    const Extent y = extent_of(scatter.points, [](const Scatter::Point& p) { return p.y; });
    const double many = static_cast<double>(scatter.points.size()) / static_cast<double>(kPointsOfPlot);
    width_ = kPlotWidth * std::clamp(std::sqrt(many), 1.0, 4.0);
    const double ratio = x.length() > 0 ? y.length() / x.length() : kTallest;
    height_ = width_ * std::clamp(ratio, kFlattest, kTallest);
    // The larger of the two decides on the scale; without any, everything stands in the middle.
    const double per_x = (width_ - 2 * kInset) / x.length(), per_y = (height_ - 2 * kInset) / y.length();
    scale_ = std::min(x.length() > 0 ? per_x : per_y, y.length() > 0 ? per_y : per_x);
    if (!std::isfinite(scale_) || !(scale_ > 0)) scale_ = (width_ - 2 * kInset) / 2;
    middle_x_ = x.middle();
    middle_y_ = y.middle();
  }

  double page_width() const { return kLeft + width_ + kRight; }
  double page_height() const { return kTop + height_ + kBottom; }
  Rectangle inside() const { return {kLeft, kTop, kLeft + width_, kTop + height_}; }
  double x(double value) const { return kLeft + width_ / 2 + (value - middle_x_) * scale_; }
  double y(double value) const { return kTop + height_ / 2 - (value - middle_y_) * scale_; }
  Extent shown_x() const { return {middle_x_ - width_ / 2 / scale_, middle_x_ + width_ / 2 / scale_}; }
  Extent shown_y() const { return {middle_y_ - height_ / 2 / scale_, middle_y_ + height_ / 2 / scale_}; }

 private:
  double width_, height_;
  double scale_ = 1;
  double middle_x_, middle_y_;
};

// With the digits that tell neighbouring ticks apart.
std::string tick_text(double value, double step) {
  if (value == 0) return "0";
  const double power = std::floor(std::log10(step) + 1e-9);
  if (std::fabs(power) > 5) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.2g", value);
    return text;
  }
  return with_digits(value, power < 0 ? static_cast<int>(-power) : 0);
}

std::string axes(const Scatter& scatter, const Frame& frame) {
  const Rectangle inside = frame.inside();
  // The same ticks on both axes, since they have the same scale.
  const Extent shown_x = frame.shown_x(), shown_y = frame.shown_y();
  const std::vector<double> xs = ticks_between(shown_x.low, shown_x.high, 8);
  const double step = xs.size() > 1 ? xs[1] - xs[0] : shown_x.length();
  std::vector<double> ys;
  for (double k = std::ceil(shown_y.low / step); k * step <= shown_y.high; ++k) ys.push_back(k * step);
  std::string grid, zero, texts;
  for (const double tick : xs) {
    const std::string line =
        svg_line(tick == 0 ? "zero" : "grid", frame.x(tick), inside.top, frame.x(tick), inside.bottom);
    (tick == 0 ? zero : grid) += line;
    texts += svg_text("quiet", "middle", frame.x(tick), inside.bottom + 20, tick_text(tick, step));
  }
  for (const double tick : ys) {
    const std::string line =
        svg_line(tick == 0 ? "zero" : "grid", inside.left, frame.y(tick), inside.right, frame.y(tick));
    (tick == 0 ? zero : grid) += line;
    texts += svg_text("quiet", "end", inside.left - 8, frame.y(tick) + 4, tick_text(tick, step));
  }
  texts += svg_text("label", "middle", (inside.left + inside.right) / 2, inside.bottom + kBottom - 14,
                    scatter.x_axis);
  texts += svg_text("label", "start", 12, kTop - 14, scatter.y_axis);
  const std::string border =
      concat("<rect class=\"frame\" x=\"", svg_number(inside.left), "\" y=\"", svg_number(inside.top),
             "\" width=\"", svg_number(inside.right - inside.left), "\" height=\"",
             svg_number(inside.bottom - inside.top), "\"/>\n");
  return grid + zero + border + texts;
}

}  // namespace

std::vector<double> ticks_between(double low, double high, size_t wanted) {
  const double length = high - low;
  if (!(length > 0) || !std::isfinite(length) || wanted == 0) return {low};
  const double rough = length / static_cast<double>(wanted);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough * 0.8) step = factor * power;
  }
  std::vector<double> ticks;
  for (double k = std::ceil(low / step); k * step <= high; ++k)
    ticks.push_back(k * step + 0.0);  // no negative zero
  return ticks.empty() ? std::vector<double>{low} : ticks;
}

ScatterPicture draw(const Scatter& scatter) {
  const Frame frame(scatter);
  std::vector<LabelledPoint> places;
  std::vector<std::string> names;
  for (const Scatter::Point& point : scatter.points) {
    names.push_back(in_one_line(point.name, kMostColumns));
    places.push_back({frame.x(point.x), frame.y(point.y), kFont * proportional_width(names.back())});
  }
  const auto labels =
      place_labels(places, frame.inside(), {.height = kFont + 1, .radius = kRadius, .gap = 2});

  ScatterPicture picture;
  picture.svg = svg_start({frame.page_width(), frame.page_height(), scatter.title, scatter.subtitle}, kStyle);
  picture.svg += axes(scatter, frame);
  for (size_t i = 0; i < places.size(); ++i) {
    picture.svg += concat("<circle class=\"point\" cx=\"", svg_number(places[i].x), "\" cy=\"",
                          svg_number(places[i].y), "\" r=\"", svg_number(kRadius), "\"><title>",
                          svg_escaped(scatter.points[i].name), "</title></circle>\n");
  }
  for (size_t i = 0; i < places.size(); ++i) {
    if (!labels[i]) continue;
    // Towards its point, so that a guess of the width that is too large leaves no gap there.
    const double middle = (labels[i]->left + labels[i]->right) / 2;
    const bool right = labels[i]->left >= places[i].x, left = labels[i]->right <= places[i].x;
    picture.svg += svg_text("name",
                            right  ? "start"
                            : left ? "end"
                                   : "middle",
                            right  ? labels[i]->left
                            : left ? labels[i]->right
                                   : middle,
                            labels[i]->bottom - 3, names[i]);
    ++picture.named;
  }
  picture.svg += svg_end();
  return picture;
}

}  // namespace windrow::tools
