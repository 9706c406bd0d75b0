#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/bytes.h"
#include "base/fail.h"
#include "format/text.h"
#include "formats/numbers.h"
#include "state_import.h"

namespace windrow::tools {

namespace {

// Where in the file the sums of each row stand; for a table of any size, memory for this alone.
struct Entry {
  uint64_t begin = 0;
  uint32_t bytes = 0;  // of a line of text; 1 for a row of doubles; 0: the file has nothing for this row
};

struct Entries {
  std::vector<Entry> of_row;
  uint64_t found = 0, without_row = 0, repeated = 0;

  explicit Entries(int64_t rows) : of_row(static_cast<size_t>(rows)) {}

  // Takes the entry of a row, unless it has one.
  void take(std::optional<int64_t> row, uint64_t begin, uint32_t bytes) {
    if (!row) {
      ++without_row;
    } else if (of_row[static_cast<size_t>(*row)].bytes > 0) {
      ++repeated;
    } else {
      of_row[static_cast<size_t>(*row)] = {begin, bytes};
      ++found;
    }
  }
};

std::optional<int64_t> row_of(const Table& table, std::string_view token) {
  return table.vocabulary().find(token);
}

Result<Entries> find_lines(const Table& table, const std::string& path, GlovePart part) {
  auto source = open_bytes(path);
  if (!source) return pass(source);
  GradsqLines lines(std::move(*source), static_cast<size_t>(table.dim()));
  Entries entries(table.rows());
  std::vector<double> sums(static_cast<size_t>(table.dim()));
  while (true) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) return entries;
    const auto token = parse_gradsq_line((*line)->text, part, sums);
    if (!token) return fail(token.error().code, lines.place(), token.error().message);
    entries.take(row_of(table, *token), (*line)->begin, static_cast<uint32_t>((*line)->text.size()));
  }
}

// The tokens of `vocab.txt`, a line `token count` each, in the order of the rows of a binary file.
Result<std::vector<std::string>> read_vocabulary(const std::string& path) {
  constexpr size_t kMaxLine = 64 * 1024;
  auto source = open_bytes(path);
  if (!source) return pass(source);
  ByteReader bytes(std::move(*source));
  std::vector<std::string> tokens;
  while (bytes.left() > 0) {
    const auto end = bytes.find('\n', kMaxLine);
    if (!end) return tl::make_unexpected(end.error());
    const auto line =
        bytes.peek(*end ? **end : static_cast<size_t>(std::min<uint64_t>(bytes.left(), kMaxLine)));
    if (!line) return tl::make_unexpected(line.error());
    const size_t space = line->rfind(' ');
    std::string_view count = space == std::string_view::npos ? std::string_view() : line->substr(space + 1);
    if (count.ends_with('\r')) count.remove_suffix(1);
    if (!parse_unsigned(count)) {
      return fail(ErrorCode::kFormat, path, ": line ", tokens.size() + 1, ", byte ", bytes.position(),
                  ": is no token with its count: ", in_quotes(line->substr(0, 64)));
    }
    tokens.emplace_back(line->substr(0, space));
    bytes.skip(line->size() + (*end ? 1 : 0));
  }
  return tokens;
}

Result<Entries> find_doubles(const Table& table, const std::string& path, const StateImportOptions& options) {
  const auto source = open_bytes(path);
  if (!source) return tl::make_unexpected(source.error());
  const uint64_t size = (*source)->size(), dim = static_cast<uint64_t>(table.dim());
  const uint64_t row_bytes = (dim + 1) * sizeof(double), count = size / (2 * row_bytes);
  const auto rows = static_cast<uint64_t>(table.rows());
  const auto wrong = [&](const auto&... parts) {
    return fail(ErrorCode::kInvalidArgument, path, ": ", size, " bytes, which are ",
                size % (2 * row_bytes) == 0 ? "" : "not a whole number of entries: ",
                static_cast<double>(size) / static_cast<double>(2 * row_bytes),
                " entries of word and context, ", dim + 1, " doubles each", parts...);
  };
  Entries entries(table.rows());
  if (size % (2 * row_bytes) != 0) return wrong("; is it a file of `glove -save-gradsq`, and of this dim?");
  const uint64_t begin = options.part == GlovePart::kWord ? 0 : count * row_bytes;
  if (options.vocabulary.empty()) {
    // GloVe adds <unk> to the vectors that it saves, but not to the sums.
    const bool but_one = count + 1 == rows && table.vocabulary().size() == table.rows() &&
                         table.vocabulary().token(table.rows() - 1) == "<unk>";
    if (count != rows && !but_one)
      return wrong(", but the table has ", rows, " rows; --vocab vocab.txt says whose they are");
    for (uint64_t r = 0; r < count; ++r) entries.take(static_cast<int64_t>(r), begin + r * row_bytes, 1);
    return entries;
  }
  const auto tokens = read_vocabulary(options.vocabulary);
  if (!tokens) return tl::make_unexpected(tokens.error());
  if (tokens->size() != count) return wrong(", but ", options.vocabulary, " has ", tokens->size(), " tokens");
  for (uint64_t r = 0; r < count; ++r) entries.take(row_of(table, (*tokens)[r]), begin + r * row_bytes, 1);
  return entries;
}

// Whether the file begins with a line of text, and not with doubles.
Result<bool> is_text(const std::string& path, size_t dim) {
  auto source = open_bytes(path);
  if (!source) return pass(source);
  GradsqLines lines(std::move(*source), dim);
  const auto line = lines.next();
  if (!line) {
    if (line.error().code == ErrorCode::kFormat) return false;
    return tl::make_unexpected(line.error());
  }
  if (!*line) return true;
  const std::string_view text = (*line)->text;
  const size_t space = text.rfind(' ');
  return space != std::string_view::npos && parse_double(text.substr(space + 1)).has_value();
}

// Reads the sums of one row after another, and makes of each what Adagrad keeps.
class Sums {
 public:
  Sums(std::unique_ptr<ByteSource> source, Entries entries, GlovePart part, bool text, double eta)
      : source_(std::move(source)),
        entries_(std::move(entries)),
        part_(part),
        text_(text),
        scale_(eta * eta) {}

  Result<void> fill(int64_t first_row, std::span<float> values, size_t dim) {
    sums_.resize(dim);
    for (size_t r = 0; r * dim < values.size(); ++r) {
      if (auto read = read_row(static_cast<size_t>(first_row) + r); !read) return read;
      for (size_t c = 0; c < dim; ++c) {
        const auto value = static_cast<float>(sums_[c] / scale_);
        if (!(value > 0) || !std::isfinite(value)) {
          return fail(ErrorCode::kFormat, source_->name(), ": the sum ", sums_[c], " of row ",
                      static_cast<size_t>(first_row) + r, ", column ", c, ", becomes ",
                      static_cast<double>(value), ", which is no sum of squares");
        }
        values[r * dim + c] = value;
      }
    }
    return {};
  }

 private:
  Result<void> read_row(size_t row) {
    const Entry& entry = entries_.of_row[row];
    if (entry.bytes == 0) {
      std::fill(sums_.begin(), sums_.end(), 1.0);  // what every sum starts with
      return {};
    }
    bytes_.resize(text_ ? entry.bytes : sums_.size() * sizeof(double));
    if (auto read = source_->read(entry.begin, bytes_); !read) return read;
    if (!text_) {
      for (size_t c = 0; c < sums_.size(); ++c) sums_[c] = load<double>(bytes_.data() + sizeof(double) * c);
      return {};
    }
    const auto token =
        parse_gradsq_line({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}, part_, sums_);
    if (!token)
      return fail(token.error().code, source_->name(), ": byte ", entry.begin, ": ", token.error().message);
    return {};
  }

  std::unique_ptr<ByteSource> source_;
  Entries entries_;
  GlovePart part_;
  bool text_;
  double scale_;
  std::vector<double> sums_;
  std::vector<uint8_t> bytes_;
};

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

}  // namespace

Result<StateImport> import_glove_state(const Table& table, const Optimizer& optimizer,
                                       const StateImportOptions& options) {
  const std::string& path = options.paths[0];
  if (!std::holds_alternative<Adagrad>(optimizer)) {
    return fail(ErrorCode::kInvalidArgument, "--optimizer ", optimizer_name(optimizer),
                ": GloVe keeps the sums of adagrad (", path, " is no safetensors file)");
  }
  if (!options.part) {
    return fail(
        ErrorCode::kInvalidArgument,
        "--part word or --part context: GloVe keeps sums for both, and rows are one of the two (for rows "
        "that are the sum of both there is no state)");
  }
  if (!std::isfinite(options.eta) || options.eta <= 0)
    return fail(ErrorCode::kInvalidArgument, "--eta: must be above 0");
  const auto dim = static_cast<size_t>(table.dim());
  const auto text = is_text(path, dim);
  if (!text) return tl::make_unexpected(text.error());
  if (table.vocabulary().size() == 0 && (*text || !options.vocabulary.empty())) {
    return fail(ErrorCode::kInvalidArgument, path,
                ": its entries are found by their tokens, but the table has none");
  }
  auto entries = *text ? find_lines(table, path, *options.part) : find_doubles(table, path, options);
  if (!entries) return pass(entries);
  if (entries->found == 0 && table.rows() > 0) {
    return fail(ErrorCode::kInvalidArgument, path, ": none of its ", entries->without_row,
                " entries belongs to a row of the table: is it of this table, and are the rows of this dim?");
  }
  const double start = 1 / (options.eta * options.eta);
  StateImport import;
  import.step_count = 0;  // nothing of this optimiser counts them
  import.remarks.push_back(concat(entries->found, " rows have their sums from ", path, " (",
                                  *options.part == GlovePart::kWord ? "word" : "context",
                                  *text ? ", text)" : ", binary)"));
  if (const uint64_t rest = static_cast<uint64_t>(table.rows()) - entries->found; rest > 0) {
    import.remarks.push_back(concat(rest, " rows have no entry there, and start with ", number_text(start)));
  }
  if (entries->without_row)
    import.remarks.push_back(concat(entries->without_row, " entries belong to no row"));
  if (entries->repeated)
    import.remarks.push_back(concat(entries->repeated, " entries repeat a token; the first was taken"));
  import.remarks.push_back(concat("GloVe's steps go on with --lr 1 --eps 0 --initial-accumulator ",
                                  number_text(start),
                                  ", but that g * g is added before the step, not behind it"));
  auto source = open_bytes(path);
  if (!source) return pass(source);
  const auto sums =
      std::make_shared<Sums>(std::move(*source), std::move(*entries), *options.part, *text, options.eta);
  const auto values_of = [sums, dim](size_t, int64_t first_row, std::span<float> values) {
    return sums->fill(first_row, values, dim);
  };
  import.values = values_of;
  return import;
}

}  // namespace windrow::tools
