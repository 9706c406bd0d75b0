// Skip-gram with negative sampling (Mikolov, Sutskever, Chen, Corrado, Dean: "Distributed representations of words and
// phrases and their compositionality", 2013; word2vec.c) on Windrow's public interface.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <utility>

#include "example_progress.h"
#include "example_two_tables.h"
#include "skipgram_batches.h"
#include "skipgram_corpus.h"
#include "skipgram_options.h"
#include "skipgram_quality.h"
#include "skipgram_report.h"
#include "skipgram_words.h"

namespace examples::skipgram {

namespace {

constexpr double kLastAlpha = 1e-4;

// Removes a file when it goes.
struct Temporary {
  std::string path;
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

// Skip-gram's two tables: a word's vector as a centre, which is the result, and its vector as a neighbour. As in
// word2vec.c the first are uniform in +-0.5 / dim to begin with, and the others zeros.
Result<TwoTables> create_tables(const Options& options, const std::string& neighbours_path, const Words& words) {
  windrow::TableSpec spec;
  spec.rows = static_cast<int64_t>(words.spellings.size());
  spec.format = windrow::RowFormat::f32(options.dim);
  spec.init = {windrow::Init::Kind::kUniform, 0.5f / static_cast<float>(options.dim)};
  spec.seed = options.seed;
  spec.optimizer = windrow::Sgd{options.alpha};
  spec.tokens = words.spellings;
  auto centres = create_and_open(options.output, spec);
  if (!centres) return pass(centres);
  spec.init = {windrow::Init::Kind::kZeros};
  auto neighbours = create_and_open(neighbours_path, spec);
  if (!neighbours) return pass(neighbours);
  LearningOptions learning;
  learning.negatives = options.negatives;
  learning.threads = options.threads > 0 ? options.threads : default_threads();
  return TwoTables(std::move(*centres), std::move(*neighbours), learning);
}

Result<void> train(const Sampler& sampler, size_t tokens, const Options& options, TwoTables& tables) {
  const size_t pieces = sampler.pieces() * static_cast<size_t>(options.epochs);
  const auto epoch = [&](size_t piece) { return static_cast<int>(piece / sampler.pieces()); };
  const size_t batch = options.batch > 0 ? static_cast<size_t>(options.batch) : sampler.advised_batch();
  Progress progress(static_cast<double>(tokens) * options.epochs, "words");
  return learn_pieces(
      pieces, [&](size_t piece, Samples& samples) { sampler.draw(piece % sampler.pieces(), epoch(piece), samples); },
      [&](size_t piece, const Samples& samples) -> Result<void> {
        const double done = static_cast<double>(piece) / static_cast<double>(pieces);
        progress.at(epoch_of(epoch(piece), options.epochs), done);
        const double alpha = std::max(options.alpha * (1 - done), kLastAlpha);
        if (auto set = tables.set_learning_rate(alpha); !set) return set;
        return tables.learn(samples, batch);
      });
}

Result<Summary> run(const Options& options) {
  const auto corpus = read_corpus(options.texts);
  if (!corpus) return tl::make_unexpected(corpus.error());
  const Words words = count_words(*corpus, options.min_count);
  if (words.spellings.size() < 2) {
    return fail(windrow::ErrorCode::kInvalidArgument,
                "of " + std::to_string(corpus->tokens.size()) + " words in the text, " +
                    std::to_string(words.spellings.size()) + " occur " + std::to_string(options.min_count) +
                    " times, and two are needed: give more text, or a smaller --min-count");
  }
  const Sampler sampler(keep_words(*corpus, words), words,
                        {options.window, options.negatives, options.sample, options.seed});

  const bool keep = !options.neighbours.empty();
  const std::string neighbours = keep ? options.neighbours : options.output + ".neighbours";
  const Temporary scratch{keep ? "" : neighbours};
  auto tables = create_tables(options, neighbours, words);
  if (!tables) return pass(tables);

  const auto start = std::chrono::steady_clock::now();
  if (auto trained = train(sampler, corpus->tokens.size(), options, *tables); !trained) return pass(trained);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  auto closed = tables->close("skipgram, " + std::to_string(options.epochs) + " epochs");
  if (!closed) return pass(closed);

  auto quality = synonym_quality(*corpus, words, tables->centres());
  if (!quality) return pass(quality);
  Summary summary;
  summary.output = options.output;
  summary.sentences = corpus->sentence_ends.size();
  summary.words = words.spellings.size();
  summary.tokens = corpus->tokens.size();
  summary.epochs = options.epochs;
  summary.seconds = seconds.count();
  summary.quality = *quality;
  return summary;
}

}  // namespace

}  // namespace examples::skipgram

namespace skipgram = examples::skipgram;

int main(int argc, char** argv) {
  skipgram::Options options;
  if (const int status = skipgram::parse_options(argc, argv, options); status >= 0) return status;
  try {
    const auto summary = skipgram::run(options);
    if (summary) {
      options.json ? print_json(*summary) : print_text(*summary);
      if (std::fflush(stdout) == 0) return 0;
      std::perror("skipgram: cannot write the summary");
      return 1;
    }
    std::fprintf(stderr, "skipgram: %s\n", summary.error().message.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "skipgram: %s\n", error.what());
  }
  return 1;
}
