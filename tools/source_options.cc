#include "source_options.h"

#include <algorithm>

#include "base/fail.h"
#include "formats/numbers.h"
#include "verb.h"

namespace windrow::tools {

namespace {

// "A:B", ":B" and "A:" would leave the end to the file, which is not known yet: both are asked for.
Columns parse_columns(const std::string& text) {
  const size_t colon = text.find(':');
  const auto begin = parse_unsigned(text.substr(0, colon));
  const auto end = colon == std::string::npos ? std::nullopt : parse_unsigned(text.substr(colon + 1));
  if (!begin || !end || *begin >= *end || *end > (uint64_t{1} << 31)) {
    throw WrongUsage{concat("--columns ", text, ": give A:B for columns A to B - 1, such as 0:128")};
  }
  return {static_cast<size_t>(*begin), static_cast<size_t>(*end)};
}

RawMatrix parse_raw(const SourceOptions& options) {
  RawMatrix raw;
  const std::string& text = options.shape;
  const size_t cross = text.find('x');
  const auto dim = parse_unsigned(cross == std::string::npos ? text : text.substr(cross + 1));
  if (cross != std::string::npos) raw.rows = parse_unsigned(text.substr(0, cross));
  if (!dim || *dim == 0 || *dim >= uint64_t{1} << 31 || (cross != std::string::npos && !raw.rows)) {
    throw WrongUsage{concat("--shape ", text, ": give ROWSxDIM, such as 400000x100, or DIM alone")};
  }
  raw.dim = *dim;
  raw.offset_bytes = options.offset_bytes.value_or(0);
  constexpr std::pair<std::string_view, RawMatrix::Type> kTypes[] = {
      {"f32", RawMatrix::Type::kF32},   {"f64", RawMatrix::Type::kF64}, {"f16", RawMatrix::Type::kF16},
      {"bf16", RawMatrix::Type::kBf16}, {"i8", RawMatrix::Type::kI8},   {"u8", RawMatrix::Type::kU8}};
  for (const auto& [name, type] : kTypes) {
    if (options.type == name) raw.type = type;
  }
  return raw;
}

// What a file of another format would say itself, or has nothing of.
void refuse_options_of_others(const SourceOptions& options, const Format& format) {
  const std::pair<std::string_view, bool> kGiven[] = {{"--shape", !options.shape.empty()},
                                                      {"--type", !options.type.empty()},
                                                      {"--offset", options.offset_bytes.has_value()},
                                                      {"--part", !options.part.empty()},
                                                      {"--token-column", !options.token_column.empty()},
                                                      {"--words-only", options.words_only},
                                                      {"--restore-norms", options.restore_norms}};
  for (const auto& [name, given] : kGiven) {
    const auto& heeded = format.options;
    if (given && std::find(heeded.begin(), heeded.end(), name) == heeded.end())
      throw WrongUsage{concat(name, " says nothing of files of format ", format.name, ": leave it out")};
  }
}

}  // namespace

Source SourceOptions::to_source() const {
  Source source;
  source.table = table.to_source();
  source.lenient = lenient;
  source.words_only = words_only;
  source.restore_norms = restore_norms;
  source.vocabulary = vocabulary;
  source.token_column = token_column;
  if (part == "word") source.part = GloveVectors::kWord;
  if (part == "context") source.part = GloveVectors::kContext;
  if (part == "sum") source.part = GloveVectors::kSum;
  if (!shape.empty()) source.raw = parse_raw(*this);
  return source;
}

void SourceOptions::fill(ConversionOptions& options) const {
  options.limit = limit.value_or(options.limit);
  if (!columns.empty()) options.passage.columns = parse_columns(columns);
  options.passage.normalize = normalize;
  if (duplicates == "keep-first") options.duplicates = Duplicates::kKeepFirst;
  if (duplicates == "error") options.duplicates = Duplicates::kError;
  if (duplicates == "keep-all") options.duplicates = Duplicates::kKeepAll;
  if (bad_utf8 == "replace") options.passage.bad_utf8 = BadUtf8::kReplace;
  if (bad_utf8 == "error") options.passage.bad_utf8 = BadUtf8::kError;
}

Result<const Format*> SourceOptions::format() const {
  const Format* format = format_named(from);
  if (!format) {
    auto detected = detect_format(table.path);
    if (!detected) return detected;
    format = *detected;
  }
  if (table.given() && !format->opens_tables) {
    throw WrongUsage{
        concat("--more, --tensor, --stored-as, --scale-tensor, --unscaled, --unclean and the like are for "
               "files that "
               "hold several tensors, or open in place; a file of format ",
               format->name, " holds one table only")};
  }
  refuse_options_of_others(*this, *format);
  return format;
}

void add_source_options(CLI::App& verb, SourceOptions& options) {
  verb.add_option("SOURCE", options.table.path, "The file, or the folder or index of a checkpoint, to read")
      ->required();
  verb.add_option("--from", options.from, "The source's format, when its content should not decide")
      ->check(CLI::IsMember(names_of_formats(false)));
  verb.add_option("--limit", options.limit, "Read the first N rows only");
  verb.add_option("--columns", options.columns,
                  "Keep columns A to B - 1 of each row (A:B), as for Matryoshka vectors");
  verb.add_flag("--normalize", options.normalize, "Divide each row by its length (behind --columns)");
  verb.add_option("--drop-duplicates", options.duplicates,
                  "Rows with a token that a row before has: keep-first (where rows are found by tokens, "
                  "the default), keep-all (elsewhere), error")
      ->check(CLI::IsMember({"keep-first", "keep-all", "error"}));
  verb.add_option("--bad-utf8", options.bad_utf8,
                  "Tokens that are not UTF-8: keep (default), replace (by U+FFFD), error")
      ->check(CLI::IsMember({"keep", "replace", "error"}));
  verb.add_flag("--lenient", options.lenient,
                "Count and report what is an error else: headers that promise other numbers, lines that "
                "are no rows, a cut last row, bytes behind it");
  verb.add_option("--vocabulary", options.vocabulary,
                  "A file with a token per line (or word2vec's `token count`), for formats without tokens");
  verb.add_option("--token-column", options.token_column,
                  "Of TSV and CSV: the column with the tokens, by name or by number from 0");
  verb.add_flag("--words-only", options.words_only,
                "Of fastText, finalfusion and tables with n-grams: a row per word, those of its n-grams "
                "added in, as in a "
                "file .vec");
  verb.add_flag("--restore-norms", options.restore_norms,
                "Of finalfusion: multiply rows by the norms that are kept beside them");
  verb.add_option("--part", options.part,
                  "Of GloVe's files with two vectors of each word: word, context, or their sum")
      ->check(CLI::IsMember({"word", "context", "sum"}));
  verb.add_option("--shape", options.shape, "Of raw: ROWSxDIM, or DIM; of GloVe and word2vec text: DIM");
  verb.add_option("--type", options.type, "Of raw: f32 (default), f64, f16, bf16, i8, u8; little-endian")
      ->check(CLI::IsMember({"f32", "f64", "f16", "bf16", "i8", "u8"}));
  verb.add_option("--offset", options.offset_bytes, "Of raw: bytes before the first value");
  add_reading_options(verb, options.table);
}

std::vector<std::string> names_of_formats(bool written) {
  std::vector<std::string> names;
  for (const Format* format : formats()) {
    if (written ? format->create != nullptr : format->open != nullptr) names.emplace_back(format->name);
  }
  return names;
}

std::string formats_for_help() {
  std::string text;
  for (const Format* format : formats()) {
    std::string name(format->name);
    name.resize(std::max<size_t>(name.size(), 17), ' ');
    text += concat("  ", name, format->about);
    if (!format->open) text += "; written only";
    if (!format->create) text += "; read only";
    for (const std::string_view suffix : format->suffixes) text += format->create ? concat(" ", suffix) : "";
    text += "\n";
  }
  return text;
}

}  // namespace windrow::tools
