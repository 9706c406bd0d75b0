#include "number_checks.h"

#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"

namespace windrow::tools {

CLI::Validator whole_number_from(int64_t least) {
  const auto check = [least](const std::string& text) {
    const auto number = parse_integer(text);
    return number && *number >= least ? std::string()
                                      : concat(in_quotes(text), " is no whole number from ", least, " up");
  };
  return CLI::Validator(check, "");
}

CLI::Validator number_from_zero() {
  const auto check = [](const std::string& text) {
    double number = 0;
    const bool is_number = CLI::detail::lexical_cast(text, number);
    return is_number && number >= 0 ? std::string() : concat(in_quotes(text), " is no number from 0 up");
  };
  return CLI::Validator(check, "");
}

}  // namespace windrow::tools
