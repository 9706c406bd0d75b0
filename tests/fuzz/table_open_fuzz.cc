// The input is a whole file, which is opened as it is, and with its sums made right. Whatever opens as a table, however it
// was asked for, must be readable from its first row to its last, scales and vocabulary included, and to verify, to
// trainers and to write_delta().

#include <unistd.h>
#include <windrow/windrow.h>

#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.h"
#include "fuzz/right_sums.h"

using namespace windrow;

namespace {

// One file for the whole run, removed at its end.
class InputFile {
 public:
  InputFile() {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder ? folder : "/tmp") + "/windrow-fuzz-XXXXXX";
    descriptor_ = ::mkstemp(path_.data());
    WINDROW_REQUIRE(descriptor_ >= 0);
  }
  ~InputFile() {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  void hold(const uint8_t* data, size_t size) {
    WINDROW_REQUIRE(::ftruncate(descriptor_, 0) == 0);
    WINDROW_REQUIRE(::pwrite(descriptor_, data, size, 0) == static_cast<ssize_t>(size));
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
};

void read_rows(const Table& table) {
  if (table.rows() == 0) return;
  const std::vector<int64_t> ids = {0, table.rows() - 1, table.rows() / 2};
  std::vector<float> out(ids.size() * static_cast<size_t>(table.dim()));
  WINDROW_REQUIRE(gather(table, std::span(ids), RowsOut(out, static_cast<size_t>(table.dim()))).has_value());
  WINDROW_REQUIRE(table.row(table.rows() - 1) != nullptr);
  WINDROW_REQUIRE(table.prefetch(std::span(ids)).has_value());
}

void read_vocabulary(const Vocabulary& vocabulary, int64_t rows) {
  for (const char* token : {"", "a", "the"}) {
    const auto row = vocabulary.find(token);
    WINDROW_REQUIRE(!row || (*row >= 0 && *row < rows));
  }
  size_t bytes = 0;
  for (const int64_t row : {int64_t{0}, int64_t{1}, rows - 1}) {
    for (const char letter : vocabulary.token(row)) bytes += static_cast<unsigned char>(letter);
  }
  WINDROW_REQUIRE(bytes < (size_t{1} << 40));
}

// Words in the vocabulary or not; only vectors of tables with subwords hold anything.
void read_words(const Table& table) {
  const std::string_view words[] = {"", "a", "the", "</s>", "na\xC3\xAFve", "\x80\xFF"};
  std::vector<float> out(std::size(words) * static_cast<size_t>(table.dim()));
  WINDROW_REQUIRE(word_vectors(table, words, RowsOut(out, static_cast<size_t>(table.dim()))).has_value());
}

void try_file(const InputFile& file) {
  using Kind = RowFormat::Kind;
  const OpenOptions ways[] = {
      {.unclean = Unclean::kAny},
      {.unscaled = true, .checked = true, .residency = Residency::kLazy, .unclean = Unclean::kAny},
      {.row_format = Kind::kInt8, .unclean = Unclean::kAny},
      {.row_format = Kind::kInt4, .unclean = Unclean::kAny},
      {.row_format = Kind::kInt2, .residency = Residency::kWarm, .unclean = Unclean::kAny},
      {.row_format = Kind::kFp8E5m2, .unclean = Unclean::kAny},
      {.row_format = Kind::kInt4, .dim = 3, .unclean = Unclean::kAny},
      {.scale_columns = 2, .unclean = Unclean::kAny},
      {.tensor = "s*", .unclean = Unclean::kAny},
      {.scrub = true},
  };
  for (const OpenOptions& options : ways) {
    const auto table = Table::open(file.path(), options);
    if (!table) {
      WINDROW_REQUIRE(!table.error().message.empty());
      continue;
    }
    if (table->dim() > 1 << 20) continue;  // a legal row, but too much memory for a fuzzer
    read_rows(*table);
    read_vocabulary(table->vocabulary(), table->rows());
    read_words(*table);
  }
  (void)verify(file.path());
  const std::string delta = file.path() + ".delta";
  if (const auto made = write_delta(file.path(), file.path(), delta, {.state = true}); made) {
    WINDROW_REQUIRE(made->rows == 0);
    ::unlink(delta.c_str());
  }
  for (const Optimizer& optimizer : {Optimizer(Sgd{}), Optimizer(Adagrad{}), Optimizer(RowwiseAdagrad{})})
    (void)Trainer::open(file.path(), optimizer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static InputFile file;
  file.hold(data, size);
  try_file(file);
  const auto mended = with_right_sums({data, data + size});
  file.hold(mended.data(), mended.size());
  try_file(file);
  return 0;
}
