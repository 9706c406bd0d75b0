#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "label_placement.h"
#include "principal_components.h"
#include "support/catch.h"
#include "svg_scatter.h"
#include "text_width.h"
#include "tools/command.h"
#include "tools/xml_check.h"

using namespace windrow::tools;

namespace {

bool near(double a, double b, double tolerance = 1e-9) {
  return std::abs(a - b) <= tolerance;
}

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Values without a pattern, in [-1, 1).
std::vector<float> some_values(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 7;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(static_cast<int32_t>(state)) / 2147483648.0f;
  }
  return values;
}

}  // namespace

TEST_CASE("principal components: of points on a cross", "[tools]") {
  // 2 and -2 along (3, 4) / 5 and 1 and -1 across: variances 2 and 0.5. The mean is (1, 1).
  const std::vector<float> rows = {1 + 1.2f, 1 + 1.6f, 1 - 1.2f, 1 - 1.6f, 1 + 0.8f, 1 - 0.6f, 1 - 0.8f, 1 + 0.6f};
  const auto found = principal_components(rows, 4, 2);
  CHECK(near(found.share[0], 0.8, 1e-6));
  CHECK(near(found.share[1], 0.2, 1e-6));
  // The largest weight is positive: (0.6, 0.8), and (0.8, -0.6).
  const double x[] = {2, -2, 0, 0}, y[] = {0, 0, 1, -1};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(near(found.x[i], x[i], 1e-6));
    CHECK(near(found.y[i], y[i], 1e-6));
  }
}

TEST_CASE("principal components: fewer rows than columns give what more rows would", "[tools]") {
  constexpr size_t kRows = 12, kDim = 40;
  const auto wide = some_values(kRows * kDim);
  const auto found = principal_components(wide, kRows, kDim);
  // Every row four times: the same directions and shares, by the other way, 48 rows of 40 columns.
  std::vector<float> often;
  for (int i = 0; i < 4; ++i) often.insert(often.end(), wide.begin(), wide.end());
  const auto other = principal_components(often, 4 * kRows, kDim);
  for (size_t i = 0; i < 2; ++i) CHECK(near(found.share[i], other.share[i]));
  for (size_t i = 0; i < kRows; ++i) {
    CHECK(near(found.x[i], other.x[i]));
    CHECK(near(found.y[i], other.y[i]));
  }
  // Coordinates are centred and uncorrelated, and the first vary more.
  double sum_x = 0, sum_xy = 0, sum_xx = 0, sum_yy = 0;
  for (size_t i = 0; i < kRows; ++i) {
    sum_x += found.x[i];
    sum_xy += found.x[i] * found.y[i];
    sum_xx += found.x[i] * found.x[i];
    sum_yy += found.y[i] * found.y[i];
  }
  CHECK(near(sum_x, 0));
  CHECK(near(sum_xy, 0));
  CHECK(sum_xx > sum_yy);
  CHECK(near(sum_yy / sum_xx, found.share[1] / found.share[0]));
}

TEST_CASE("principal components: rows that do not differ, one row, one column, huge values", "[tools]") {
  const auto equal = principal_components(std::vector<float>{1, 2, 1, 2, 1, 2}, 3, 2);
  CHECK(equal.x == std::vector<double>(3, 0));
  CHECK(equal.share == std::array<double, 2>{0, 0});
  CHECK(principal_components(std::vector<float>{1, 2}, 1, 2).x == std::vector<double>{0});
  CHECK(principal_components({}, 0, 2).x.empty());
  const auto column = principal_components(std::vector<float>{1, 3}, 2, 1);
  CHECK(column.x == std::vector<double>{-1, 1});
  CHECK(column.y == std::vector<double>{0, 0});
  CHECK(near(column.share[0], 1));
  const auto two_rows = principal_components(std::vector<float>{0, 0, 0, 3, 0, 4}, 2, 3);
  CHECK(near(two_rows.x[1] - two_rows.x[0], 5));
  CHECK(two_rows.y == std::vector<double>{0, 0});
  const auto huge = principal_components(std::vector<float>{3e38f, 0, -3e38f, 0}, 2, 2);
  CHECK(near(huge.x[0] / 3e38, 1, 1e-6));
}

TEST_CASE("labels: none overlaps another, a mark or the frame", "[tools]") {
  const auto values = some_values(2 * 500);
  std::vector<LabelledPoint> points;
  for (size_t i = 0; i < 500; ++i) points.push_back({300 + 290 * values[2 * i], 200 + 190 * values[2 * i + 1], 40});
  const Rectangle frame{0, 0, 600, 400};
  const auto labels = place_labels(points, frame, {});
  size_t placed = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (!labels[i]) continue;
    ++placed;
    CHECK(frame.contains(*labels[i]));
    for (size_t j = 0; j < points.size(); ++j) {
      const bool covers = labels[i]->left < points[j].x && points[j].x < labels[i]->right &&
                          labels[i]->top < points[j].y && points[j].y < labels[i]->bottom;
      CHECK(!covers);
      if (j != i && labels[j]) CHECK(!labels[i]->overlaps(*labels[j]));
    }
  }
  CHECK(placed > 100);
  CHECK(labels[0].has_value());  // the first chooses first
}

TEST_CASE("labels: beside the point where there is room, else in another place, else nowhere", "[tools]") {
  const Rectangle frame{0, 0, 100, 100};
  const auto one = place_labels({{50, 50, 30}}, frame, {});
  REQUIRE(one[0]);
  CHECK(one[0]->left > 50);
  CHECK(near(one[0]->right - one[0]->left, 30));
  const auto at_edge = place_labels({{95, 50, 30}}, frame, {});
  REQUIRE(at_edge[0]);
  CHECK(at_edge[0]->right < 95);
  CHECK(!place_labels({{50, 50, 120}}, frame, {})[0]);
  CHECK(!place_labels({{50, 50, 0}}, frame, {})[0]);
}

TEST_CASE("text width: wide characters, marks that combine, and bytes that are not UTF-8", "[tools]") {
  CHECK(terminal_columns("abc") == 3);
  CHECK(terminal_columns("\u6771\u4eac") == 4);
  CHECK(terminal_columns("e\u0301") == 1);
  CHECK(terminal_columns("\xFF\xC3") == 2);
  CHECK(in_one_line("abc", 3) == "abc");
  CHECK(in_one_line("abcd", 3) == "ab\u2026");
  CHECK(in_one_line("\u6771\u4eac\u90fd", 5) == "\u6771\u4eac\u2026");
  CHECK(in_one_line("a\n\xFF", 20) == "a\\x0A\\xFF");
  CHECK(in_one_line("\xE6\x9D", 20) == "\\xE6\\x9D");
  CHECK(aligned_right("\u6771", 4) == "  \u6771");
  CHECK(aligned_left("\u6771", 4) == "\u6771  ");
  CHECK(proportional_width("iii") < proportional_width("mmm"));
}

TEST_CASE("scatter: well-formed, with every name, whatever its bytes", "[tools]") {
  Scatter scatter;
  scatter.title = "a < b";
  scatter.x_axis = "first";
  scatter.y_axis = "second";
  scatter.points = {{0, 0, "<&>\""}, {1, 0.5, "x\xFF\x01y"}, {-2, 0.25, "\u6771\u4eac"}, {1, -0.5, ""}};
  const auto picture = draw(scatter);
  INFO(picture.svg);
  CHECK(xml_problem(picture.svg) == "");
  CHECK(picture.named == 3);
  CHECK(count_of(picture.svg, "<circle") == 4);
  CHECK(count_of(picture.svg, "&lt;&amp;&gt;&quot;") == 2);       // as label and as title
  CHECK(picture.svg.find("<title>x\uFFFD\uFFFDy</title>") != std::string::npos);
  CHECK(count_of(picture.svg, "\u6771\u4eac") == 2);
  CHECK(picture.svg.find("prefers-color-scheme: dark") != std::string::npos);
  CHECK(draw(scatter).svg == picture.svg);
}

TEST_CASE("scatter: one point, equal points, points in a line, none", "[tools]") {
  using Points = std::vector<Scatter::Point>;
  for (const Points& points : {Points{{3, 4, "a"}}, Points{{0, 0, "a"}, {0, 0, "b"}}, Points{{0, 1, "a"}, {0, 2, "b"}},
                               Points{{-1e30, 0, "a"}, {1e30, 0, "b"}}, Points{{1e-30, 0, "a"}, {0, 0, "b"}}, Points{}}) {
    Scatter scatter;
    scatter.points = points;
    const auto picture = draw(scatter);
    INFO(picture.svg);
    CHECK(xml_problem(picture.svg) == "");
    CHECK(count_of(picture.svg, "<circle") == points.size());
    for (const char* bad : {"nan", "inf"}) CHECK(picture.svg.find(bad) == std::string::npos);
  }
}

TEST_CASE("scatter: ticks are round numbers on both sides of zero", "[tools]") {
  CHECK(ticks_between(-1, 1, 8) == std::vector<double>{-1, -0.8, -0.6000000000000001, -0.4, -0.2, 0, 0.2, 0.4,
                                                       0.6000000000000001, 0.8, 1});
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{{-0.03, 0.05}, {3, 17}, {-250, -20}, {1e6, 3e6}}) {
    CAPTURE(low, high);
    const auto ticks = ticks_between(low, high, 8);
    CHECK(ticks.size() >= 4);
    CHECK(ticks.size() <= 11);
    CHECK(ticks.front() >= low);
    CHECK(ticks.back() <= high * (1 + 1e-12) + 1e-12);
  }
  CHECK(ticks_between(2, 2, 8) == std::vector<double>{2});
}

TEST_CASE("plot: a table's first tokens, and those of a file", "[tools]") {
  const TemporaryFolder folder;
  std::string text = "6 3\n";
  const char* const words[] = {"the", "of", "king", "queen", "man", "w&oman"};
  const auto values = some_values(18);
  for (size_t i = 0; i < 6; ++i) {
    text += words[i];
    for (size_t c = 0; c < 3; ++c) text += " " + std::to_string(values[3 * i + c]);
    text += "\n";
  }
  write_bytes(folder / "w.txt", text);
  REQUIRE(windrow_command(folder, {"convert", "w.txt", "w.safetensors"}).status == 0);
  const auto outcome = windrow_command(folder, {"plot", "w.safetensors", "--svg", "all.svg", "--top", "4"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.says("all.svg: 4 points, 4 of them labelled"));
  const std::string svg = read_text(folder / "all.svg");
  CHECK(xml_problem(svg) == "");
  CHECK(svg.find(">queen</text>") != std::string::npos);
  CHECK(svg.find("oman") == std::string::npos);
  CHECK(svg.find("of the variance") != std::string::npos);

  write_bytes(folder / "tokens.txt", "king\r\nqueen\nnobody\n\nw&oman\nking\n");
  const auto some =
      windrow_command(folder, {"plot", "w.safetensors", "--tokens", "tokens.txt", "--svg", "some.svg", "--json"});
  INFO(some.err);
  REQUIRE(some.status == 0);
  const auto json = nlohmann::json::parse(some.out);
  CHECK(json["unknown_tokens"] == nlohmann::json({"nobody"}));
  REQUIRE(json["points"].size() == 3);
  CHECK(json["points"][0]["name"] == "king");
  CHECK(json["points"][0]["row"] == 2);
  CHECK(json["points"][2]["name"] == "w&oman");
  double shares = 0;
  for (const auto& share : json["share_of_variance"]) shares += share.get<double>();
  CHECK(near(shares, 1));  // three points lie in a plane
  CHECK(windrow_command(folder, {"plot", "w.safetensors", "--tokens", "tokens.txt", "--svg", "some.svg"})
            .says("unknown tokens    1: 'nobody'"));

  // The same every time, whatever was there before.
  const std::string before = read_text(folder / "some.svg");
  CHECK(windrow_command(folder, {"plot", "w.safetensors", "--tokens", "tokens.txt", "--svg", "some.svg"}).status == 0);
  CHECK(read_text(folder / "some.svg") == before);
}

TEST_CASE("plot: a table without tokens shows row numbers, and leaves out rows that are not finite", "[tools]") {
  const TemporaryFolder folder;
  auto values = some_values(40 * 8);
  values[5 * 8 + 3] = std::numeric_limits<float>::quiet_NaN();
  write_array<float>(folder / "t.npy", "<f4", {40, 8}, values);
  const auto outcome = windrow_command(folder, {"plot", "t.npy", "--rows", "4:8", "--svg", "t.svg"});
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.says("3 points"));
  CHECK(outcome.says("left out          1 rows with NaN or infinite values"));
  const std::string svg = read_text(folder / "t.svg");
  CHECK(svg.find("<title>4</title>") != std::string::npos);
  CHECK(svg.find("<title>5</title>") == std::string::npos);
  const auto json = nlohmann::json::parse(windrow_command(folder, {"plot", "t.npy", "--json"}).out);
  CHECK(json["points"].size() == 39);
  CHECK(!json.contains("svg"));
  CHECK(folder.entries() == 2);
}

TEST_CASE("plot: what cannot be done is said, and no picture is left", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "t.npy", "<f4", {4, 2}, some_values(8));
  write_array<float>(folder / "none.npy", "<f4", {0, 2}, {});
  write_array<float>(folder / "many.npy", "<f4", {20001, 1}, some_values(20001));
  write_bytes(folder / "w.txt", "1 1\nthe 1\n");
  write_bytes(folder / "tokens.txt", "no\n");
  write_bytes(folder / "empty.txt", "\n");
  const size_t before = folder.entries();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"plot", "missing", "--svg", "x.svg"}, {"plot", "none.npy", "--svg", "x.svg"},
        {"plot", "t.npy", "--tokens", "tokens.txt", "--svg", "x.svg"}, {"plot", "t.npy", "--rows", "2:5", "--svg", "x.svg"},
        {"plot", "t.npy", "--tokens", "missing", "--svg", "x.svg"}, {"plot", "t.npy", "--svg", "."},
        {"plot", "t.npy", "--tokens", "empty.txt", "--svg", "x.svg"}, {"plot", "t.npy", "--svg", "t.npy"},
        {"plot", "t.npy", "--tokens", "tokens.txt", "--svg", "tokens.txt"}, {"plot", "t.npy", "--svg", "missing/x.svg"}, {"plot", "many.npy", "--top", "20001", "--svg", "x.svg"}}) {
    CAPTURE(arguments);
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  }
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"plot", "t.npy"}, {"plot", "t.npy", "--svg", "x.svg", "--rows", "2:2"},
        {"plot", "t.npy", "--svg", "x.svg", "--rows", "3"}, {"plot", "t.npy", "--svg", "x.svg", "--top", "0"},
        {"plot", "t.npy", "--svg", "x.svg", "--top", "2", "--rows", "0:2"}}) {
    CAPTURE(arguments);
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
  }
  CHECK(folder.entries() == before);
  REQUIRE(windrow_command(folder, {"convert", "w.txt", "w.safetensors"}).status == 0);
  const auto none = windrow_command(folder, {"plot", "w.safetensors", "--tokens", "tokens.txt", "--svg", "x.svg"});
  CHECK(none.status == 1);
  CHECK(none.says("none of its 1 tokens is in the table"));
}
