#include "svg_chart.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "support/catch.h"
#include "tools/xml_check.h"

using namespace windrow::tools;

namespace {

std::string plain(double x) {
  return std::to_string(static_cast<long>(x));
}

Chart some_chart() {
  Chart chart;
  chart.title = "a < b & \"c\"";
  chart.subtitle = "rows > 0";
  chart.x_axis = "columns";
  chart.y_axis = "ns per id";
  chart.x_text = plain;
  chart.series = {{"sum", {{1, 4}, {2, 2.5}, {64, 17}}, false}, {"limit", {{1, 3}, {2, 2}, {64, 8}}, true}};
  return chart;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The values of an attribute such as cx, in the order of the file.
std::vector<double> numbers_of(const std::string& svg, const std::string& attribute) {
  std::vector<double> numbers;
  const std::string start = " " + attribute + "=\"";
  for (size_t at = svg.find(start); at != std::string::npos; at = svg.find(start, at + 1)) {
    numbers.push_back(std::strtod(svg.c_str() + at + start.size(), nullptr));
  }
  return numbers;
}

}  // namespace

TEST_CASE("svg: a chart is well-formed, and texts are escaped", "[tools]") {
  const std::string svg = svg_of(some_chart());
  INFO(svg);
  CHECK(xml_problem(svg) == "");
  CHECK(svg.find("a &lt; b &amp; &quot;c&quot;") != std::string::npos);
  CHECK(svg.find("rows &gt; 0") != std::string::npos);
  CHECK(svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0) == 0);
}

TEST_CASE("svg: a chart holds its data, axes, ticks and legend", "[tools]") {
  const std::string svg = svg_of(some_chart());
  INFO(svg);
  CHECK(count_of(svg, "<circle") == 3);  // limits have no markers
  CHECK(count_of(svg, "<polyline") == 2);
  for (const char* text : {"sum, 1: 4.00", "sum, 2: 2.50", "sum, 64: 17.0", ">columns<", ">ns per id<",
                           ">limit<", ">sum<", ">64<", ">0<", ">20<"}) {
    CAPTURE(text);
    CHECK(svg.find(text) != std::string::npos);
  }
  const auto x = numbers_of(svg, "cx"), y = numbers_of(svg, "cy");
  REQUIRE(x.size() == 3);
  REQUIRE(y.size() == 3);
  // Logarithmic: 2 is a sixth of the way from 1 to 64. Downwards: 17 is above 4, and 4 above 2.5.
  CHECK(std::abs((x[1] - x[0]) / (x[2] - x[0]) - 1.0 / 6) < 0.01);
  CHECK(std::abs((y[1] - y[0]) / (y[0] - y[2]) - 1.5 / 13) < 0.02);
}

TEST_CASE("svg: nothing is loaded from elsewhere, and both colour schemes are served", "[tools]") {
  const std::string svg = svg_of(some_chart());
  CHECK(svg.find("prefers-color-scheme: dark") != std::string::npos);
  for (const char* text : {"<script", "href", "url(", "@import", "<image"}) {
    CAPTURE(text);
    CHECK(svg.find(text) == std::string::npos);
  }
  CHECK(count_of(svg, "http") == 1);  // the name of the SVG language
}

TEST_CASE("svg: charts of one point, of equal values, and of none", "[tools]") {
  Chart chart = some_chart();
  for (const std::vector<Chart::Point>& points :
       {std::vector<Chart::Point>{{7, 3}}, std::vector<Chart::Point>{{1, 0}, {2, 0}},
        std::vector<Chart::Point>{}}) {
    chart.series = {{"one", points, false}};
    const std::string svg = svg_of(chart);
    INFO(svg);
    CHECK(xml_problem(svg) == "");
    CHECK(svg.find("nan") == std::string::npos);
    CHECK(svg.find("inf") == std::string::npos);
    CHECK(count_of(svg, "<circle") == points.size());
  }
  chart.series.clear();
  CHECK(xml_problem(svg_of(chart)) == "");
}

TEST_CASE("svg: ticks are round numbers that cover the values", "[tools]") {
  for (const double max : {0.03, 0.99, 1.0, 1.7, 3.0, 7.2, 9.9, 10.0, 17.0, 99.0, 101.0, 2500.0}) {
    CAPTURE(max);
    const auto ticks = linear_ticks(max);
    CHECK(ticks.size() >= 4);
    CHECK(ticks.size() <= 10);
    CHECK(ticks.front() == 0);
    CHECK(ticks.back() >= max);
    CHECK(ticks[ticks.size() - 2] < max);
  }
  CHECK(linear_ticks(17).at(1) == 5);
  CHECK(linear_ticks(0).back() >= 1);
}
