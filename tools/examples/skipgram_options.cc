#include "skipgram_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace examples::skipgram {

int parse_options(int argc, char** argv, Options& options) {
  CLI::App app(
      "Trains word vectors by skip-gram with negative sampling (Mikolov et al. 2013) into a Windrow table, one row per "
      "word, by descending count.\n\n"
      "TEXT is plain text, one sentence a line, or a file of WordNet's database (data.noun, ...), whose synsets are "
      "the sentences. Words are runs of letters, digits and underscores, with apostrophes inside; A to Z are lower-cased.",
      "skipgram");
  app.get_formatter()->column_width(34);
  const auto positive = CLI::Range(1, 1 << 30).description("");
  app.add_option("TEXT", options.texts, "files to learn from")->required();
  app.option_defaults()->always_capture_default();
  app.add_option("-o,--output", options.output, "the table to write; an existing file is replaced");
  app.add_option("--neighbours", options.neighbours, "keep the words' vectors as neighbours, too, in this table")
      ->always_capture_default(false);
  app.add_option("--dim", options.dim, "values per word")->check(CLI::Range(1, 1 << 20).description(""));
  app.add_option("--window", options.window, "how far a neighbour may be, at most")->check(positive);
  app.add_option("--negatives", options.negatives, "random words per neighbour")
      ->check(CLI::Range(1, 1000).description(""));
  app.add_option("--sample", options.sample, "thin out words more frequent than about this; 0: none")
      ->check(CLI::NonNegativeNumber.description(""));
  app.add_option("--min-count", options.min_count, "leave out words that occur less often")->check(positive);
  app.add_option("--epochs", options.epochs, "passes over the text")->check(positive);
  app.add_option("--alpha", options.alpha, "first learning rate, which falls to 0.0001")
      ->check(CLI::PositiveNumber.description(""));
  app.add_option("--batch", options.batch,
                 "centre words per step; 0: fewer the more often the most frequent word occurs, at most 512")
      ->check(CLI::Range(0, 1 << 30).description(""));
  app.add_option("--seed", options.seed, "another number gives other random choices");
  app.add_option("--threads", options.threads,
                 "0: one less than there are processors, up to 8; no influence on the result")
      ->check(CLI::Range(0, 256).description(""));
  app.add_flag("--json", options.json, "print the summary as JSON")->always_capture_default(false);
  app.footer(
      "EXAMPLES\n"
      "  skipgram /usr/share/wordnet/data.{adj,adv,noun,verb} -o words.safetensors\n"
      "  windrow nearest words.safetensors dog\n"
      "  skipgram book.txt --dim 100 --min-count 2 --epochs 20 -o book.safetensors\n"
      "\nExit status: 0 done, 1 failed (why stands on standard error), 2 used wrongly.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "skipgram: %s\nRun `skipgram --help` to see what it takes.\n", error.what());
    return 2;
  }
  return -1;
}

}  // namespace examples::skipgram
