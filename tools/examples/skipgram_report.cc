#include "skipgram_report.h"

#include <cstdio>

#include "example_progress.h"

namespace examples::skipgram {

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
              json_escaped(s.output).c_str(), s.sentences, s.words, s.tokens, s.epochs, s.seconds, s.words_per_second());
  if (s.quality) std::printf(", \"pairs\": %zu, \"auc\": %.4f", s.quality->pairs, s.quality->auc);
  std::puts("}");
}

}  // namespace examples::skipgram
