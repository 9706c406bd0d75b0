#include "formats/tokenizer_json.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/guard.h"
#include "format/json_text.h"
#include "format/text.h"

namespace windrow::tools {

namespace {

// Takes the events of nlohmann's SAX interface: a DOM of such a file takes ten times its bytes. What is ignored may be
// nested to any depth: only the names of the upper levels are kept.
class TokenizerReader {
 public:
  explicit TokenizerReader(uint64_t text_bytes) : most_(text_bytes) {}

  std::vector<std::pair<int64_t, std::string>> tokens;
  Error error{ErrorCode::kFormat, {}};
  bool has_vocabulary = false;

  bool null() { return value(); }
  bool boolean(bool) { return value(); }
  bool binary(std::vector<uint8_t>&) { return value(); }
  bool number_float(double, const std::string&) { return value(); }
  bool number_integer(int64_t number) { return whole(number < 0 ? most_ : static_cast<uint64_t>(number)); }
  bool number_unsigned(uint64_t number) { return whole(number); }

  bool string(std::string& text) {
    if (in_pair() && item_ == 0) {
      tokens.emplace_back(pairs_, std::move(text));
    } else if (in_added_token() && key_ == "content") {
      content_ = std::move(text);
      has_content_ = true;
    }
    return value();
  }

  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }

  bool start_object(size_t) {
    open();
    if (in_vocabulary()) has_vocabulary = true;
    if (in_added_token()) has_content_ = has_id_ = false;
    return true;
  }
  bool start_array(size_t) {
    open();
    if (in_vocabulary()) has_vocabulary = true;
    if (in_pair()) item_ = 0;
    return true;
  }
  bool end_object() {
    if (in_added_token() && has_content_ && has_id_) tokens.emplace_back(id_, std::move(content_));
    return close();
  }
  bool end_array() {
    if (in_pair()) ++pairs_;
    return close();
  }

  template <class Exception>
  bool parse_error(size_t byte, const std::string&, const Exception&) {
    error.message = concat("not valid JSON (near byte ", byte, ")");
    return false;
  }

 private:
  // Names of the objects and arrays that are open, outermost first, as far as they matter.
  bool at(size_t depth, std::string_view first, std::string_view second = {}) const {
    return depth_ == depth && path_.size() > 1 && path_[1] == first && (second.empty() || path_[2] == second);
  }
  bool in_vocabulary() const { return at(3, "model", "vocab"); }
  bool in_pair() const { return at(4, "model", "vocab"); }
  bool in_added_token() const { return at(3, "added_tokens"); }

  void open() {
    if (depth_ < kKept) path_.resize(depth_ + 1);
    if (depth_ < kKept) path_[depth_] = key_;
    ++depth_;
  }
  bool close() {
    --depth_;
    if (depth_ < kKept) path_.resize(depth_);
    return true;
  }

  bool value() {
    if (in_pair()) ++item_;
    return true;
  }

  bool whole(uint64_t number) {
    const bool names_token = in_vocabulary() || (in_added_token() && key_ == "id");
    if (!names_token) return value();
    // Each token takes some bytes of the text, and numbers have no large gaps.
    if (number >= most_) {
      error.message = concat("the token ", in_quotes(in_vocabulary() ? key_ : content_), " has the number ",
                             number, ", more than this text has bytes, or one below 0");
      return false;
    }
    if (in_vocabulary()) {
      tokens.emplace_back(static_cast<int64_t>(number), std::move(key_));
    } else {
      id_ = static_cast<int64_t>(number);
      has_id_ = true;
    }
    return true;
  }

  static constexpr size_t kKept = 4;

  uint64_t most_;
  size_t depth_ = 0;
  std::vector<std::string> path_;
  std::string key_;
  int64_t pairs_ = 0;  // of a list of [token, score]
  size_t item_ = 0;    // of a pair
  std::string content_;
  int64_t id_ = 0;
  bool has_content_ = false, has_id_ = false;
};

}  // namespace

Result<TokenizerTokens> parse_tokenizer_json(std::string_view text) {
  return guard([&]() -> Result<TokenizerTokens> {
    if (auto checked = check_json_text(text, 0, "the tokenizer"); !checked) return pass(checked);
    TokenizerReader reader(text.size());
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader))
      return tl::make_unexpected(std::move(reader.error));
    if (!reader.has_vocabulary)
      return fail(ErrorCode::kFormat, "JSON text, but no tokenizer: it has no vocabulary in model.vocab");
    auto& tokens = reader.tokens;
    std::stable_sort(tokens.begin(), tokens.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    // The last of those with the same number.
    uint64_t replaced = 0;
    for (size_t t = 1; t < tokens.size(); ++t)
      replaced += tokens[t - 1].first == tokens[t].first && tokens[t - 1].second != tokens[t].second;
    const auto kept = std::unique(tokens.rbegin(), tokens.rend(),
                                  [](const auto& a, const auto& b) { return a.first == b.first; });
    tokens.erase(tokens.begin(), kept.base());
    return TokenizerTokens{std::move(tokens), replaced};
  });
}

}  // namespace windrow::tools
