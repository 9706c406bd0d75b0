#include "skipgram_corpus.h"

#include <cerrno>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

#include "example_error.h"

namespace examples::skipgram {

namespace {

// As in word2vec.c: a text without line ends must not become one sentence.
constexpr size_t kMaxSentence = 1000;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || static_cast<unsigned char>(c) > 127;
}

void lower_case(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

// Calls body(word) for each word of a lower-cased text.
template <class Body>
void for_each_word(std::string_view text, const Body& body) {
  for (size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() &&
           (is_word_byte(text[end]) ||
            (text[end] == '\'' && end + 1 < text.size() && is_word_byte(text[end + 1])))) {
      ++end;
    }
    body(text.substr(i, end - i));
    i = end;
  }
}

// The first field of `rest`, up to a space, which is taken off.
std::string_view take_field(std::string_view& rest) {
  const size_t end = std::min(rest.find(' '), rest.size());
  const auto field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

struct Synset {
  std::vector<std::string_view> lemmas;
  std::string_view gloss;
};

// A line of a database file, lower-cased:
//
//   offset lex_filenum ss_type w_cnt word lex_id [word lex_id ...] p_cnt [pointers] [frames] | gloss
//
// with eight decimal digits of offset and two hexadecimal ones of w_cnt.
std::optional<Synset> parse_synset(std::string_view line) {
  const size_t bar = line.find('|');
  if (bar == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(0, bar);
  const auto offset = take_field(rest);
  if (offset.size() != 8 || !std::all_of(offset.begin(), offset.end(), is_digit)) return std::nullopt;
  take_field(rest);
  const auto type = take_field(rest);
  const auto count_text = take_field(rest);
  unsigned count = 0;
  const auto [end, error] = std::from_chars(count_text.begin(), count_text.end(), count, 16);
  if (type.size() != 1 || error != std::errc() || end != count_text.end()) return std::nullopt;

  Synset synset{{}, line.substr(bar + 1)};
  for (unsigned i = 0; i < count; ++i) {
    auto lemma = take_field(rest);
    lemma = lemma.substr(0, lemma.find('('));  // an adjective's position: "galore(ip)"
    if (lemma.empty() || take_field(rest).empty()) return std::nullopt;
    synset.lemmas.push_back(lemma);
  }
  return synset;
}

class Reader {
 public:
  Result<void> read(const std::string& path);
  Corpus take() { return std::move(corpus_); }

 private:
  void add_text(std::string_view line) {
    for_each_word(line, [this](std::string_view word) { add_word(word); });
    end_sentence();
  }

  void add_synset(const Synset& synset) {
    auto& lemmas = corpus_.synsets.emplace_back();
    for (const auto lemma : synset.lemmas) lemmas.push_back(add_word(lemma));
    add_text(synset.gloss);
  }

  int32_t add_word(std::string_view word) {
    const int32_t number = corpus_.words.number(word);
    if (corpus_.tokens.size() - sentence_begin() == kMaxSentence) end_sentence();
    corpus_.tokens.push_back(number);
    return number;
  }

  size_t sentence_begin() const { return corpus_.sentence_ends.empty() ? 0 : corpus_.sentence_ends.back(); }
  void end_sentence() {
    if (corpus_.tokens.size() > sentence_begin()) corpus_.sentence_ends.push_back(corpus_.tokens.size());
  }

  Corpus corpus_;
};

// The licence at the head of a database file has its lines numbered: "  1 This software ...".
bool may_be_licence(std::string_view line) {
  return line.size() > 2 && line[0] == ' ' && line[1] == ' ' && is_digit(line[2]);
}

Result<void> Reader::read(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_system(errno, path, "open");
  std::vector<std::string> head;        // lines that are licence or text: the first other line tells
  std::optional<bool> is_wordnet;
  size_t line_number = 0;
  for (std::string line; std::getline(file, line);) {
    ++line_number;
    lower_case(line);
    if (!is_wordnet && may_be_licence(line)) {
      head.push_back(line);
      continue;
    }
    const auto synset = is_wordnet == false ? std::nullopt : parse_synset(line);
    if (!is_wordnet) {
      is_wordnet = synset.has_value();
      if (!*is_wordnet) {
        for (const auto& text : head) add_text(text);
      }
    }
    if (synset) {
      add_synset(*synset);
    } else if (*is_wordnet) {
      return fail(windrow::ErrorCode::kFormat, path + ": line " + std::to_string(line_number) +
                                                   ": not a synset, in a file that began as WordNet's");
    } else {
      add_text(line);
    }
  }
  if (!is_wordnet) {
    for (const auto& text : head) add_text(text);
  }
  if (file.bad()) return fail_system(errno, path, "read");
  return {};
}

}  // namespace

Result<Corpus> read_corpus(std::span<const std::string> paths) {
  Reader reader;
  for (const auto& path : paths) {
    if (auto read = reader.read(path); !read) return tl::make_unexpected(read.error());
  }
  return reader.take();
}

}  // namespace examples::skipgram
