#include "base/bytes.h"
#include "base/fail.h"
#include "format/text.h"
#include "formats/formats.h"
#include "formats/text_output.h"
#include "io/atomic_file.h"

namespace windrow::tools {

namespace {

// The pair of files that TensorFlow's embedding projector loads, https://projector.tensorflow.org: values between tabs,
// a row per line without a first line; and beside it the tokens, one per line, which have no first line either as long
// as there is one column. NAME.projector.tsv has its tokens in NAME.metadata.tsv.
constexpr std::string_view kSuffix = ".projector.tsv";
constexpr std::string_view kSuffixes[] = {kSuffix};
constexpr uint64_t kShownRows = 100'000;

std::string metadata_path(const std::string& path) {
  const std::string name = path.ends_with(kSuffix) ? path.substr(0, path.size() - kSuffix.size()) : path;
  return name + ".metadata.tsv";
}

class ProjectorWriter : public RowWriter {
 public:
  ProjectorWriter(const std::string& path, io::AtomicFile vectors, io::AtomicFile metadata,
                  const WriterOptions& options)
      : metadata_path_(metadata_path(path)),
        vectors_(std::move(vectors)),
        metadata_(std::move(metadata)),
        text_({.separator = '\t', .tokens = false, .precision = options.precision}) {}

  Result<void> write(const RowBlock& block) override {
    rows_ += block.rows;
    std::string lines;
    for (size_t i = 0; i < block.rows; ++i) lines += line_of(block.token(i)) + '\n';
    if (auto written = metadata_.append(bytes_of(lines)); !written) return written;
    return text_.write(block, [&](std::string_view text) { return vectors_.append(bytes_of(text)); });
  }

  // The tokens first: vectors that are there have theirs.
  Result<void> finish() override {
    if (auto committed = metadata_.commit(); !committed) return committed;
    return vectors_.commit();
  }

  std::vector<std::string> remarks() const override {
    std::vector<std::string> remarks = {concat("the tokens are in ", metadata_path_)};
    if (changed_ > 0)
      remarks.push_back(concat(
          changed_, " tokens were changed: tabs, line ends, bad UTF-8 and empty ones cannot be shown"));
    if (rows_ > kShownRows)
      remarks.push_back(concat("the projector shows the first ", kShownRows, " rows; --limit writes fewer"));
    return remarks;
  }

 private:
  std::string line_of(std::string_view token) {
    std::string line = token.empty() ? "(empty)" : with_valid_utf8(token);
    for (char& c : line) c = c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
    changed_ += line != token;
    return line;
  }

  std::string metadata_path_;
  io::AtomicFile vectors_, metadata_;
  TextOutput text_;
  uint64_t rows_ = 0, changed_ = 0;
};

Result<std::unique_ptr<RowWriter>> create(const std::string& path, const WriterSpec& spec) {
  auto vectors = io::AtomicFile::create(io::posix(), path);
  if (!vectors) return pass(vectors);
  auto metadata = io::AtomicFile::create(io::posix(), metadata_path(path));
  if (!metadata) return pass(metadata);
  return std::make_unique<ProjectorWriter>(path, std::move(*vectors), std::move(*metadata), spec.options);
}

}  // namespace

const Format kProjector = {
    .name = "projector",
    .about = "for TensorFlow's projector: NAME.projector.tsv and NAME.metadata.tsv",
    .suffixes = kSuffixes,
    .tokens = Tokens::kRequired,
    .rows_by_token = true,
    .writes_text = true,
    .companion = metadata_path,
    .create = create,
};

}  // namespace windrow::tools
