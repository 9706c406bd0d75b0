#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "conversion.h"
#include "conversion_report.h"
#include "formats/formats.h"
#include "io/file.h"
#include "kept_state.h"
#include "optimizer_options.h"
#include "output.h"
#include "row_format_options.h"
#include "source_options.h"
#include "target_file.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct ConvertOptions {
  SourceOptions source;
  std::string target;
  std::string to;
  RowFormatOptions row_format;
  OptimizerOptions optimizer;
  bool with_state = false;
  bool no_newlines = false;
  std::string bad_token = "refuse";
  std::optional<int> precision;
  bool json = false;
};

const Format& target_format(const ConvertOptions& options) {
  const Format* format = options.to.empty() ? format_for_name(options.target) : format_named(options.to);
  if (!format) {
    throw WrongUsage{options.target +
                     ": its ending names no format that is written (.safetensors, .npy, .txt, .vec, .bin "
                     "...); give one with "
                     "--to"};
  }
  if (format->is_table) return *format;
  if (options.with_state) {
    throw WrongUsage{concat("--with-state: a file of format ", format->name, " holds no optimiser's state")};
  }
  if (options.optimizer.chosen()) {
    throw WrongUsage{concat("--optimizer: a file of format ", format->name, " holds no optimiser's state")};
  }
  if (options.row_format.given()) {
    throw WrongUsage{concat("--row-format, --scale, --align-rows: a file of format ", format->name,
                            " has one kind of rows; tables (safetensors) have several")};
  }
  return *format;
}

// Refuses a target that is the source, is no file, or that a trainer works on.
Result<void> check_file(const ConvertOptions& options, const std::string& target) {
  if (auto checked = check_target(target, options.source.table.files()); !checked) return checked;
  auto present = io::posix().open(target, io::Access::kRead);
  if (!present) return {};
  const auto locked = (*present)->is_locked_elsewhere();
  if (locked && *locked) {
    return fail(ErrorCode::kBusy, target,
                ": a trainer is working on this table; wait until it has closed it");
  }
  return {};
}

nlohmann::ordered_json as_json(const ConvertOptions& options, const ConversionReport& report) {
  nlohmann::ordered_json json;
  json["source"] = options.source.table.path;
  json["target"] = options.target;
  json["from"] = report.from;
  json["to"] = report.to;
  json["dim"] = report.dim;
  if (report.source.row_format) json["source_row_format"] = row_format_name(report.source.row_format->kind);
  if (report.row_format) json["row_format"] = row_format_name(report.row_format->kind);
  if (report.row_format) json["row_bytes"] = report.row_format->stride_bytes;
  if (report.format_error) {
    json["max_abs_error"] = report.format_error->largest();
    json["max_abs_error_bound"] = report.format_error->bound();
    json["rms_error"] = report.format_error->root_mean_square();
    json["lost_values"] = report.format_error->lost();
  }
  add_findings(json, report);
  return json;
}

std::string three_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

void print_row_format(const ConversionReport& report) {
  const auto& from = report.source.row_format;
  const auto kind = report.row_format ? report.row_format->kind : RowFormat::Kind::kF32;
  const std::string change =
      from && from->kind != kind ? concat("; the source's is ", row_format_text(*from)) : "";
  if (report.row_format) {
    print_line("  row format        ", row_format_text(*report.row_format), "; ",
               report.row_format->stride_bytes, " bytes a row", change);
  } else if (!change.empty()) {
    print_line("  row format        f32", change);
  }
  if (!report.format_error) return;
  const FormatError& error = *report.format_error;
  print_line("  largest error     ", three_digits(error.largest()), ", of at most ",
             three_digits(error.bound()), " that the format can cause here");
  print_line("  RMS error         ", three_digits(error.root_mean_square()));
  if (error.lost()) print_line("  values lost       ", error.lost(), ", too large for the format");
}

void print_report(const ConvertOptions& options, const ConversionReport& report) {
  print_line(options.target, ": ", report.rows.rows_written, " rows x ", report.dim, ", ", report.to,
             ", from ", report.from);
  print_row_format(report);
  print_findings(report);
}

WriterOptions writer_options(const ConvertOptions& options, const Format& to) {
  WriterOptions writer;
  writer.newlines = !options.no_newlines;
  if (options.bad_token == "skip") writer.bad_token = BadToken::kSkip;
  if (options.bad_token == "underscore") writer.bad_token = BadToken::kUnderscore;
  writer.precision = options.precision;
  if ((options.no_newlines || options.bad_token != "refuse") && &to != &kWord2vecBin)
    throw WrongUsage{"--no-newlines and --bad-token are for targets of format word2vec-bin"};
  if (options.precision && !to.writes_text)
    throw WrongUsage{concat("--precision is for text, and ", to.name, " holds the values themselves")};
  return writer;
}

// State belongs to rows as they are.
void check_state_options(const ConvertOptions& options) {
  if (!options.with_state) return;
  if (!options.optimizer.name.empty())
    throw WrongUsage{"--with-state keeps the source's optimiser: leave out --optimizer"};
  if (!options.source.columns.empty() || options.source.normalize || !options.source.duplicates.empty())
    throw WrongUsage{"--with-state keeps the rows as they are: no --columns, --normalize, --drop-duplicates"};
}

Result<int> run(const ConvertOptions& options) {
  const Format& to = target_format(options);
  ConversionOptions how;
  options.source.fill(how);
  how.writer = writer_options(options, to);
  how.row_format = options.row_format.chosen();
  how.optimizer = options.optimizer.chosen();
  check_state_options(options);
  check_trainable(how.row_format, how.optimizer || options.with_state);
  const auto from = options.source.format();
  if (!from) return tl::make_unexpected(from.error());
  if (auto checked = check_file(options, options.target); !checked) return pass(checked);
  if (to.companion) {
    if (auto checked = check_file(options, to.companion(options.target)); !checked) return pass(checked);
  }
  Source source = options.source.to_source();
  // Other files have no place for the rows of n-grams: a word gets its whole vector.
  if (!to.is_table) source.words_only = true;
  if (options.with_state) {
    auto kept = kept_state(source.table);
    if (!kept) return pass(kept);
    how.optimizer = kept->optimizer;
    how.state = std::move(kept->values);
    how.step_count = kept->step_count;
    source.table.keeps_state = true;
  }
  const auto report = convert({source, *from}, {options.target, &to}, how);
  if (!report) return tl::make_unexpected(report.error());
  if (options.json) {
    print_line(as_json(options, *report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_report(options, *report);
  }
  return 0;
}

}  // namespace

Verb convert_verb(CLI::App& command) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* verb = command.add_subcommand("convert", "Turn a file of vectors into another format");
  add_source_options(*verb, options->source);
  verb->add_option("TARGET", options->target, "The file to write; one that is there is replaced")->required();
  verb->add_option("--to", options->to, "The target's format, when its name should not decide")
      ->check(CLI::IsMember(names_of_formats(true)));
  add_row_format_options(*verb, options->row_format);
  add_optimizer_options(*verb, options->optimizer,
                        "Reserve this optimiser's state, so that the table can be trained");
  verb->add_flag("--with-state", options->with_state,
                 "Keep optimiser, state and step count of a source that is a Windrow table");
  verb->add_flag("--no-newlines", options->no_newlines,
                 "To word2vec-bin: no line end behind a row, as gensim writes them");
  verb->add_option("--bad-token", options->bad_token,
                   "To word2vec-bin: tokens with spaces or control characters: refuse (default), skip their "
                   "rows, or underscore them")
      ->check(CLI::IsMember({"refuse", "skip", "underscore"}));
  verb->add_option("--precision", options->precision,
                   "To text: this many significant digits (default: the fewest that give each value back)")
      ->check(CLI::Range(1, 9));
  verb->add_flag("--json", options->json, "Report as JSON");
  verb->footer("FORMATS; a source's is told from its content, a target's from its name\n" +
               formats_for_help() +
               "\n"
               "Of rows with the same token the first is kept where rows are found by their tokens. Rows\n"
               "without tokens are written to text files under their numbers. The target appears whole or\n"
               "not at all.\n\n"
               "A table's rows may take less room than f32 (--row-format); the report says what that cost.\n"
               "Every other file gets f32 values, whatever rows a table has.\n\n"
               "EXAMPLES\n"
               "  windrow convert GoogleNews-vectors.bin news.safetensors\n"
               "  windrow convert wiki.en.vec wiki.safetensors --limit 200000 --optimizer adagrad\n"
               "  windrow convert wiki.safetensors wiki.txt\n"
               "  windrow convert wiki.safetensors small.safetensors --row-format int8\n"
               "  windrow convert users.safetensors half.safetensors --row-format bf16 --with-state\n"
               "  windrow convert wiki.safetensors mx.safetensors --row-format fp8_e4m3 --scale block:32 "
               "--scale-type ue8m0\n"
               "  windrow convert checkpoint/ fused.safetensors --tensor 'model.embed.*.weight' --row-format "
               "fp8_e4m3\n"
               "  windrow convert cc.en.300.bin english.safetensors\n"
               "  windrow convert embeddings.npy table.safetensors --vocabulary words.txt --columns 0:128 "
               "--normalize\n"
               "  windrow convert dump.f16 table.safetensors --from raw --shape 400000x100 --type f16");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
