#include "svg_page.h"

#include "base/fail.h"
#include "format/text.h"
#include "io/atomic_file.h"
#include "units.h"

namespace windrow::tools {

namespace {

constexpr const char* kStyle = R"(svg { font-family: system-ui, sans-serif; font-size: 13px; }
.ground { fill: #ffffff; }
text { fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.quiet { fill: #57606a; }
.grid { stroke: #d8dee4; stroke-width: 1; }
.axis { stroke: #57606a; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; }
text { fill: #e6edf3; }
.quiet { fill: #9198a1; }
.grid { stroke: #2a313c; }
.axis { stroke: #9198a1; }
}
)";

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_escaped(std::string& result, char c) {
  switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      // https://www.w3.org/TR/xml/#charsets: of the control characters only these three.
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') {
        result += kReplacement;
      } else {
        result += c;
      }
  }
}

}  // namespace

std::string svg_start(const SvgPage& page, std::string_view style) {
  const std::string width = svg_number(page.width), height = svg_number(page.height);
  return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"", height,
                "\" viewBox=\"0 0 ", width, " ", height, "\" role=\"img\">\n<title>", svg_escaped(page.title),
                "</title>\n<style>\n", kStyle, style, "</style>\n<rect class=\"ground\" width=\"", width,
                "\" height=\"", height, "\"/>\n", svg_text("title", "start", 12, 28, page.title),
                svg_text("quiet", "start", 12, 50, page.subtitle));
}

std::string svg_end() {
  return "</svg>\n";
}

std::string svg_number(double value) {
  return with_digits(value, 1);
}

std::string svg_escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t good = utf8_prefix(text);
    for (const char c : text.substr(0, good)) append_escaped(result, c);
    text.remove_prefix(good);
    if (text.empty()) break;
    result += kReplacement;
    text.remove_prefix(1);
  }
  // U+FFFE and U+FFFF are no characters of XML either.
  for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (size_t at = result.find(none); at != std::string::npos; at = result.find(none, at)) {
      result.replace(at, none.size(), kReplacement);
    }
  }
  return result;
}

std::string svg_line(std::string_view style, double x1, double y1, double x2, double y2) {
  return concat("<line class=\"", style, "\" x1=\"", svg_number(x1), "\" y1=\"", svg_number(y1), "\" x2=\"",
                svg_number(x2), "\" y2=\"", svg_number(y2), "\"/>\n");
}

std::string svg_text(std::string_view style, std::string_view anchor, double x, double y,
                     std::string_view content) {
  return concat("<text class=\"", style, "\" text-anchor=\"", anchor, "\" x=\"", svg_number(x), "\" y=\"",
                svg_number(y), "\">", svg_escaped(content), "</text>\n");
}

Result<void> write_svg(const std::string& path, std::string_view svg) {
  auto file = io::AtomicFile::create(io::posix(), path);
  if (!file) return pass(file);
  if (auto done = file->append({reinterpret_cast<const uint8_t*>(svg.data()), svg.size()}); !done)
    return done;
  return file->commit();
}

}  // namespace windrow::tools
