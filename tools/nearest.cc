#include <windrow/nearest.h>

#include <memory>

#include "base/fail.h"
#include "float_json.h"
#include "formats/numbers.h"
#include "npy_file.h"
#include "number_checks.h"
#include "output.h"
#include "row_tokens.h"
#include "table_options.h"
#include "text_lines.h"
#include "token_expression.h"
#include "verb.h"
#include "word_search.h"

namespace windrow::tools {

namespace {

struct NearestVerbOptions {
  TableOptions table;
  std::vector<std::string> words;
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
  std::string queries;
  std::string vectors;
  std::string prefix;
  std::string metric = "cosine";
  int64_t count = 10;
  int threads = 0;
  bool tokens_only = false;
  bool json = false;

  bool by_words() const { return !words.empty() || !ids.empty() || !tokens.empty(); }
};

Similarity similarity_named(const std::string& name) {
  if (name == "dot") return Similarity::kDot;
  return name == "l2" ? Similarity::kL2 : Similarity::kCosine;
}

// What is searched for: one query after another in `values`.
struct Queries {
  std::vector<std::string> names;
  std::vector<float> values;
  std::vector<std::vector<int64_t>> rows;  // of the terms of each, which are no answer
  bool several = false;                    // they came as a list: each gets a heading

  size_t size() const { return names.size(); }
};

Result<void> add_expression(const Table& table, const TokenExpression& expression, Similarity similarity,
                            Queries& queries) {
  const auto query = evaluate(table, expression, similarity);
  if (!query) return tl::make_unexpected(query.error());
  queries.names.push_back(expression_text(expression));
  queries.values.insert(queries.values.end(), query->vector.begin(), query->vector.end());
  queries.rows.push_back(query->rows);
  return {};
}

void take_as_tokens(TokenExpression& expression) {
  for (Term& term : expression) term.kind = Term::Kind::kToken;
}

// The words of the command line are one expression.
TokenExpression expression_of(const NearestVerbOptions& options) {
  const std::vector<std::string_view> words(options.words.begin(), options.words.end());
  auto parsed = parse_expression(words);
  if (!parsed) throw WrongUsage{parsed.error().message};
  TokenExpression expression = std::move(*parsed);
  if (options.tokens_only) take_as_tokens(expression);
  for (const int64_t id : options.ids) expression.push_back({std::to_string(id), Term::Kind::kId});
  for (const std::string& token : options.tokens) expression.push_back({token, Term::Kind::kToken});
  return expression;
}

Result<void> read_lines(const NearestVerbOptions& options, const Table& table, Queries& queries) {
  auto source = TextLines::open(options.queries);
  if (!source) return pass(source);
  std::vector<std::string_view> lines, words;
  uint64_t number = 0;
  while (true) {
    if (auto read = source->next(lines); !read) return read;
    if (lines.empty()) return {};
    for (const std::string_view line : lines) {
      ++number;
      words.clear();
      split_at_spaces(line, words);
      if (words.empty()) continue;
      const auto wrong = [&](const Error& error) {
        return fail(error.code, source->name(), ", line ", number, ": ", error.message);
      };
      auto expression = parse_expression(words);
      if (!expression) return wrong(expression.error());
      if (options.tokens_only) take_as_tokens(*expression);
      auto added = add_expression(table, *expression, similarity_named(options.metric), queries);
      if (!added) return wrong(added.error());
    }
  }
}

Result<void> read_vectors(const NearestVerbOptions& options, const Table& table, Queries& queries) {
  auto array = read_floats(options.vectors);
  if (!array) return pass(array);
  const auto dim = static_cast<uint64_t>(table.dim());
  if (array->shape.empty() || array->shape.size() > 2 || array->shape.back() != dim) {
    return fail(ErrorCode::kInvalidArgument, options.vectors, ": queries of ", dim,
                " values are wanted: an array of [queries, ", dim, "]");
  }
  const size_t count = array->values.size() / static_cast<size_t>(dim);
  for (size_t q = 0; q < count; ++q) queries.names.push_back("query " + std::to_string(q));
  queries.rows.resize(count);
  queries.values = std::move(array->values);
  return {};
}

Result<Queries> read_queries(const NearestVerbOptions& options, const Table& table) {
  Queries queries;
  queries.several = !options.by_words();
  Result<void> read;
  if (options.by_words()) {
    read = add_expression(table, expression_of(options), similarity_named(options.metric), queries);
  } else {
    read =
        options.vectors.empty() ? read_lines(options, table, queries) : read_vectors(options, table, queries);
  }
  if (!read) return pass(read);
  return queries;
}

void print_text(const RowNamer& name_of, const Queries& queries,
                const std::vector<std::vector<Neighbor>>& answers) {
  for (size_t q = 0; q < queries.size(); ++q) {
    if (queries.several) print_line(q > 0 ? "\n" : "", queries.names[q], ":");
    for (const Neighbor& neighbor : answers[q]) {
      std::string line;
      append_float(line, neighbor.score);
      line.resize(std::max<size_t>(line.size(), 12), ' ');
      print_line(line, name_of(neighbor.row));
    }
  }
}

FloatJson as_json(const RowNamer& name_of, const std::vector<Neighbor>& neighbors) {
  FloatJson json = FloatJson::array();
  for (const Neighbor& neighbor : neighbors) {
    FloatJson entry;
    entry["row"] = neighbor.row;
    if (name_of.has_tokens()) entry["token"] = name_of(neighbor.row);
    entry["score"] = neighbor.score;
    json.push_back(std::move(entry));
  }
  return json;
}

void print_json(const RowNamer& name_of, const Queries& queries,
                const std::vector<std::vector<Neighbor>>& answers) {
  FloatJson json = FloatJson::array();
  for (size_t q = 0; queries.several && q < queries.size(); ++q)
    json.push_back({{"query", queries.names[q]}, {"neighbors", as_json(name_of, answers[q])}});
  if (!queries.several) json = as_json(name_of, answers.front());
  print_line(json.dump(-1, ' ', false, FloatJson::error_handler_t::replace));
}

Result<int> run(const NearestVerbOptions& verb) {
  if (verb.by_words() + !verb.queries.empty() + !verb.vectors.empty() != 1)
    throw WrongUsage{"say what to search for: words, or --queries, or --vectors"};
  const auto table = verb.table.open();
  if (!table) return tl::make_unexpected(table.error());
  if (table->subwords() && table->vocabulary().size() == 0) {
    return fail(ErrorCode::kInvalidArgument, verb.table.path,
                ": the table has rows of n-grams only, and no words that could be answers");
  }
  const auto queries = read_queries(verb, *table);
  if (!queries) return tl::make_unexpected(queries.error());

  NearestOptions options;
  options.similarity = similarity_named(verb.metric);
  const std::vector<std::span<const int64_t>> own_rows(queries->rows.begin(), queries->rows.end());
  options.exclude_each = own_rows;
  options.token_prefix = verb.prefix;
  options.threads = verb.threads;
  const RowsIn vectors(queries->values, static_cast<size_t>(table->dim()));
  const auto answers = has_composed_words(*table) ? nearest_words(*table, vectors, verb.count, options)
                                                  : nearest(*table, vectors, verb.count, options);
  if (!answers) return tl::make_unexpected(answers.error());
  std::vector<int64_t> rows;
  for (const auto& neighbors : *answers) {
    for (const Neighbor& neighbor : neighbors) rows.push_back(neighbor.row);
  }
  const RowNamer name_of(*table, rows, verb.prefix);
  if (verb.json) {
    print_json(name_of, *queries, *answers);
  } else {
    print_text(name_of, *queries, *answers);
  }
  return 0;
}

}  // namespace

Verb nearest_verb(CLI::App& command) {
  auto options = std::make_shared<NearestVerbOptions>();
  CLI::App* verb = command.add_subcommand("nearest", "Find the rows most similar to one, by reading all");
  add_table_options(*verb, options->table);
  verb->add_option(
      "WORD", options->words,
      "A row: an id when it is a whole number, else a token; or several with signs between them");
  verb->add_option("--id", options->ids, "The row with this number")->allow_extra_args(false);
  verb->add_option("--token", options->tokens, "The row of this token, also when it is a number or a sign")
      ->allow_extra_args(false);
  verb->add_option("--queries", options->queries,
                   "A file with a query per line, of words; - for standard input");
  verb->add_flag("--tokens-only", options->tokens_only,
                 "Words are tokens, also those that are whole numbers");
  verb->add_option("--vectors", options->vectors, "A float32 .npy whose rows are queries");
  verb->add_option("-k", options->count, "How many (10)")->check(whole_number_from(0));
  verb->add_option("--metric", options->metric,
                   "cosine (default), dot, or l2: the distance, where the smallest is the best")
      ->check(CLI::IsMember({"cosine", "dot", "l2"}));
  verb->add_option("--prefix", options->prefix, "Only rows whose token begins with this");
  verb->add_option("--threads", options->threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(whole_number_from(0));
  verb->add_flag("--json", options->json, "As JSON");
  verb->footer(
      "Words with signs are added and subtracted: for the cosine as vectors of length 1, of which the\n"
      "mean is taken (as gensim's most_similar does), else as they are. Rows of the query are no answer.\n"
      "In a table of fastText all words go by their whole vectors, also one that is not in the vocabulary:\n"
      "the mean of its row and those of its n-grams.\n\n"
      "EXAMPLES\n"
      "  windrow nearest words.safetensors paris\n"
      "  windrow nearest words.safetensors king - man + woman -k 3\n"
      "  windrow nearest items.safetensors 1234 -k 50 --metric dot --json\n"
      "  windrow nearest words.safetensors --queries lines.txt --prefix en_");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
