// Skip-gram with negative sampling (Mikolov, Sutskever, Chen, Corrado, Dean: "Distributed representations of words and
// phrases and their compositionality", 2013; word2vec.c) on Windrow's public interface.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>

#include "skipgram_batches.h"
#include "skipgram_corpus.h"
#include "skipgram_model.h"
#include "skipgram_options.h"
#include "skipgram_quality.h"
#include "skipgram_report.h"
#include "skipgram_words.h"

namespace skipgram {

namespace {

constexpr double kLastAlpha = 1e-4;

// A step is half the work and is done by one thread, so that more than some threads only wait for it.
// One processor is left to the thread that draws samples: a team that has to share one waits for it.
int default_threads() { return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) - 1, 1, 8); }

// Removes a file when it goes.
struct Temporary {
  std::string path;
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

Result<void> train_on(const Samples& samples, size_t batch_centres, Model& model) {
  size_t id = 0;
  for (size_t bag = 0; bag < samples.centres.size();) {
    const size_t bags = std::min(batch_centres, samples.centres.size() - bag);
    Batch batch;
    batch.centres = std::span(samples.centres).subspan(bag, bags);
    batch.lengths = std::span(samples.lengths).subspan(bag, bags);
    size_t ids = 0;
    for (const auto length : batch.lengths) ids += static_cast<size_t>(length);
    batch.ids = std::span(samples.ids).subspan(id, ids);
    if (auto stepped = model.step(batch); !stepped) return stepped;
    bag += bags;
    id += ids;
  }
  return {};
}

// While the model learns from one piece of the text, another thread draws the samples of the next.
Result<void> train(const Sampler& sampler, size_t tokens, const Options& options, Model& model) {
  const size_t pieces = sampler.pieces() * static_cast<size_t>(options.epochs);
  const auto draw = [&](size_t piece, Samples& samples) {
    sampler.draw(piece % sampler.pieces(), static_cast<int>(piece / sampler.pieces()), samples);
  };
  const size_t batch = options.batch > 0 ? static_cast<size_t>(options.batch) : sampler.advised_batch();
  Progress progress(options.epochs, static_cast<double>(tokens) * options.epochs);
  Samples present, next;  // outlive the thread that fills them
  draw(0, present);
  for (size_t piece = 0; piece < pieces; ++piece) {
    std::future<void> drawn;
    if (piece + 1 < pieces) drawn = std::async(std::launch::async, [&] { draw(piece + 1, next); });
    const double done = static_cast<double>(piece) / static_cast<double>(pieces);
    progress.at(static_cast<int>(piece / sampler.pieces()), done);
    if (auto set = model.set_learning_rate(std::max(options.alpha * (1 - done), kLastAlpha)); !set) return set;
    if (auto trained = train_on(present, batch, model); !trained) return trained;
    if (drawn.valid()) drawn.get();
    std::swap(present, next);
  }
  return {};
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
  ModelOptions model_options;
  model_options.dim = options.dim;
  model_options.negatives = options.negatives;
  model_options.optimizer = windrow::Sgd{options.alpha};
  model_options.seed = options.seed;
  model_options.threads = options.threads > 0 ? options.threads : default_threads();
  auto model = Model::create(options.output, neighbours, words, model_options);
  if (!model) return pass(model);

  const auto start = std::chrono::steady_clock::now();
  if (auto trained = train(sampler, corpus->tokens.size(), options, *model); !trained) return pass(trained);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  auto closed = model->close("skipgram, " + std::to_string(options.epochs) + " epochs");
  if (!closed) return pass(closed);

  auto quality = synonym_quality(*corpus, words, model->vectors());
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

}  // namespace skipgram

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
