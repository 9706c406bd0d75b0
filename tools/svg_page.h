#pragma once

#include <windrow/error.h>
#include <string>
#include <string_view>

namespace windrow::tools {

// What pictures have in common: one SVG file that loads nothing from elsewhere, has no scripts, and is light or dark
// as the reader's system is. Texts are any bytes: what XML reserves is escaped, what is not UTF-8 or no character of
// XML becomes U+FFFD.

struct SvgPage {
  double width;
  double height;
  std::string title;
  std::string subtitle;
};

// Everything up to the picture itself. `style` is CSS for more than page, text, axes and grid.
std::string svg_start(const SvgPage& page, std::string_view style);
std::string svg_end();

std::string svg_number(double value);  // a place on the page
std::string svg_escaped(std::string_view text);
std::string svg_line(std::string_view style, double x1, double y1, double x2, double y2);
// `anchor` is start, middle or end.
std::string svg_text(std::string_view style, std::string_view anchor, double x, double y,
                     std::string_view content);

// The file appears whole or not at all.
Result<void> write_svg(const std::string& path, std::string_view svg);

}  // namespace windrow::tools
