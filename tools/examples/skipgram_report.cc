#include "skipgram_report.h"

#include <unistd.h>

#include <cstdio>

namespace skipgram {

namespace {

// "117,659"
std::string grouped(double value) {
  auto text = std::to_string(static_cast<uint64_t>(value + 0.5));
  for (size_t digits = 3, length = text.size(); digits < length; digits += 3) text.insert(length - digits, ",");
  return text;
}

std::string escaped(const std::string& text) {
  std::string json;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
      json += code;
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json;
}

}  // namespace

void print_text(const Summary& s) {
  std::printf("%s: %s words, learnt from %s tokens in %s sentences\n", s.output.c_str(),
              grouped(static_cast<double>(s.words)).c_str(), grouped(static_cast<double>(s.tokens)).c_str(),
              grouped(static_cast<double>(s.sentences)).c_str());
  std::printf("%d epochs in %.1f s, %s words/s\n", s.epochs, s.seconds, grouped(s.words_per_second()).c_str());
  if (s.quality) {
    std::printf("AUC %.4f: how often one of %s pairs of synonyms is closer than a random pair\n", s.quality->auc,
                grouped(static_cast<double>(s.quality->pairs)).c_str());
  }
}

void print_json(const Summary& s) {
  std::printf("{\"output\": \"%s\", \"sentences\": %zu, \"words\": %zu, \"tokens\": %zu, \"epochs\": %d, "
              "\"seconds\": %.3f, \"words_per_second\": %.0f",
              escaped(s.output).c_str(), s.sentences, s.words, s.tokens, s.epochs, s.seconds, s.words_per_second());
  if (s.quality) std::printf(", \"pairs\": %zu, \"auc\": %.4f", s.quality->pairs, s.quality->auc);
  std::puts("}");
}

Progress::Progress(int epochs, double total_tokens)
    : epochs_(epochs),
      total_tokens_(total_tokens),
      visible_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      next_(start_ + std::chrono::milliseconds(300)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);  // back to the first column, erase the line
}

void Progress::at(int epoch, double done) {
  if (!visible_ || done <= 0) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::fprintf(stderr, "\repoch %d of %d  %.0f %%  %s words/s  %.0f s left\x1b[K", epoch + 1, epochs_, 100 * done,
               grouped(done * total_tokens_ / seconds).c_str(), seconds / done * (1 - done));
  drawn_ = true;
}

}  // namespace skipgram
