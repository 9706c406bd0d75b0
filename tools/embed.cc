#include <windrow/embed.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/fail.h"
#include "format/text.h"
#include "formats/formats.h"
#include "formats/numbers.h"
#include "interrupt.h"
#include "npy_file.h"
#include "output.h"
#include "progress.h"
#include "table_options.h"
#include "text_lines.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct EmbedVerbOptions {
  TableOptions table;
  std::string input;
  std::string output;
  std::string recipe = "mean";
  std::string unknown = "skip";
  std::optional<int64_t> unknown_row;
  bool normalize = false;
  bool ids = false;
  int threads = 0;
};

EmbedOptions to_options(const EmbedVerbOptions& verb) {
  EmbedOptions options;
  if (verb.recipe == "model2vec") options.recipe = Recipe::kModel2vec;
  if (verb.recipe == "fasttext") options.recipe = Recipe::kFasttext;
  options.normalize = verb.normalize;
  options.threads = verb.threads;
  if (verb.unknown == "error") options.tokens.unknown = UnknownTokens::kError;
  if (verb.unknown == "subwords") options.tokens.unknown = UnknownTokens::kSubwords;
  if (verb.unknown_row) options.tokens = {UnknownTokens::kRow, *verb.unknown_row};
  if (verb.unknown_row && verb.recipe == "fasttext")
    throw WrongUsage{"--unknown-row: the fasttext recipe makes vectors of unknown words from their n-grams"};
  return options;
}

// Standard input, or a file.
struct Input {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{nullptr, std::fclose};
  std::FILE* stream = stdin;
  std::string name = "standard input";
};

Result<Input> open_input(const std::string& path) {
  Input input;
  if (path.empty() || path == "-") return input;
  input.file.reset(std::fopen(path.c_str(), "rb"));
  if (!input.file) return fail(ErrorCode::kIo, path, ": cannot be opened: ", std::strerror(errno));
  input.stream = input.file.get();
  input.name = path;
  return input;
}

// Vectors as lines of text, or as rows of a .npy file.
class Output {
 public:
  static Result<Output> create(const std::string& path, size_t dim) {
    Output output;
    if (path.empty()) return output;
    if (auto target = check_target(path); !target) return pass(target);
    WriterSpec spec;
    spec.dim = dim;
    spec.max_rows = std::numeric_limits<int64_t>::max();
    auto writer = kNpy.create(path, spec);
    if (!writer) return pass(writer);
    output.npy_ = std::move(*writer);
    return output;
  }

  Result<void> write(const RowBlock& block) {
    if (npy_) return npy_->write(block);
    std::string text;
    for (size_t i = 0; i < block.rows; ++i) {
      for (size_t c = 0; c < block.dim; ++c) {
        if (c > 0) text += ' ';
        append_float(text, block.row(i)[c]);
      }
      text += '\n';
    }
    print(text);
    return {};
  }
  Result<void> finish() { return npy_ ? npy_->finish() : Result<void>(); }

 private:
  std::unique_ptr<RowWriter> npy_;
};

struct Texts {
  std::vector<std::string_view> tokens;
  std::vector<int64_t> ids;
  std::vector<int64_t> offsets;
};

Result<void> split(std::span<const std::string_view> lines, bool ids, uint64_t first_line, Texts& texts) {
  texts.tokens.clear();
  texts.offsets.assign(1, 0);
  for (const std::string_view line : lines) {
    split_at_spaces(line, texts.tokens);
    texts.offsets.push_back(static_cast<int64_t>(texts.tokens.size()));
  }
  if (!ids) return {};
  texts.ids.clear();
  size_t line = 0;
  for (size_t i = 0; i < texts.tokens.size(); ++i) {
    while (static_cast<int64_t>(i) >= texts.offsets[line + 1]) ++line;
    const auto id = parse_integer(texts.tokens[i]);
    if (!id) {
      return fail(ErrorCode::kInvalidArgument, "line ", first_line + line, ": ", in_quotes(texts.tokens[i]),
                  " is no id; --ids takes whole numbers");
    }
    texts.ids.push_back(*id);
  }
  return {};
}

Result<EmbedReport> embed_texts(const Table& table, const Texts& texts, bool ids, RowsOut out,
                                const EmbedOptions& options) {
  if (!ids) {
    TokenBags bags;
    bags.tokens = texts.tokens;
    bags.offsets = std::span<const int64_t>(texts.offsets);
    return embed(table, bags, out, options);
  }
  Bags bags;
  bags.ids = std::span<const int64_t>(texts.ids);
  bags.offsets = std::span<const int64_t>(texts.offsets);
  return embed(table, bags, out, options);
}

Result<int> run(const EmbedVerbOptions& verb) {
  const EmbedOptions options = to_options(verb);
  const auto table = verb.table.open();
  if (!table) return tl::make_unexpected(table.error());
  if (table->vocabulary().size() == 0 && !verb.ids && !table->subwords()) {
    return fail(ErrorCode::kInvalidArgument, verb.table.path,
                ": the table has no vocabulary to find tokens in; --ids takes lines of row numbers");
  }
  auto input = open_input(verb.input);
  if (!input) return pass(input);
  const auto dim = static_cast<size_t>(table->dim());
  const Interrupt interrupt;
  auto output = Output::create(verb.output, dim);
  if (!output) return pass(output);

  TextLines source(input->stream, input->name);
  std::vector<std::string_view> lines;
  Texts texts;
  RowBlock block;
  EmbedReport total;
  uint64_t done = 0;
  Progress progress("embedding", 0, "lines");
  while (!output_is_closed()) {
    if (auto read = source.next(lines); !read) return pass(read);
    if (lines.empty()) break;
    if (auto parsed = split(lines, verb.ids, done + 1, texts); !parsed) return pass(parsed);
    block.clear(dim);
    block.rows = lines.size();
    block.values.resize(block.rows * dim);
    const auto report = embed_texts(*table, texts, verb.ids, RowsOut(block.values, dim), options);
    if (!report) {
      return fail(report.error().code, input->name, ", in lines ", done + 1, " to ", done + lines.size(),
                  ": ", report.error().message);
    }
    total.used_tokens += report->used_tokens;
    total.unknown_tokens += report->unknown_tokens;
    total.empty_texts += report->empty_texts;
    if (auto written = output->write(block); !written) return pass(written);
    done += lines.size();
    progress.at(done);
    if (interrupt.asked()) return fail(ErrorCode::kIo, "interrupted after ", done, " lines");
  }
  if (auto finished = output->finish(); !finished) return pass(finished);
  if (!verb.output.empty()) {
    print_line(verb.output, ": ", done, " lines x ", dim, ", ", total.used_tokens, " tokens used, ",
               total.unknown_tokens, " unknown, ", total.empty_texts, " lines without any");
  }
  return 0;
}

}  // namespace

Verb embed_verb(CLI::App& command) {
  auto options = std::make_shared<EmbedVerbOptions>();
  CLI::App* verb = command.add_subcommand("embed", "Turn lines of tokens into vectors, one per line");
  add_table_options(*verb, options->table);
  verb->add_option("INPUT", options->input, "A file of lines; standard input when it is left out or -");
  verb->add_option("-o,--output", options->output, "Write a float32 .npy instead of lines of numbers");
  verb->add_option("--recipe", options->recipe,
                   "mean (default) of the tokens' rows; model2vec: of rows times weights, over 512 tokens at "
                   "most; fasttext: of word vectors of length 1, as its print-sentence-vectors")
      ->check(CLI::IsMember({"mean", "model2vec", "fasttext"}));
  verb->add_flag("--normalize", options->normalize, "Divide each vector by its length");
  verb->add_option("--unknown", options->unknown,
                   "Tokens that the vocabulary does not have: skip (default), error, subwords (their "
                   "n-grams; known words then go with theirs, too)")
      ->check(CLI::IsMember({"skip", "error", "subwords"}));
  verb->add_option("--unknown-row", options->unknown_row, "Let this row stand for unknown tokens")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--ids", options->ids,
                 "Lines hold numbers of tokens, or of rows where there is no vocabulary");
  verb->add_option("--threads", options->threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(CLI::NonNegativeNumber);
  verb->footer(
      "Lines are split at spaces; every other way of tokenising comes before. A line without a token\n"
      "that is known gives zeros.\n\n"
      "EXAMPLES\n"
      "  windrow embed wiki.safetensors < lines.txt > vectors.txt\n"
      "  windrow embed english.safetensors --recipe fasttext -o vectors.npy < lines.txt\n"
      "  windrow embed potion.safetensors --recipe model2vec --normalize --ids token_ids.txt -o out.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
