#include <algorithm>
#include <deque>
#include <vector>

#include "base/fail.h"
#include "base/guard.h"
#include "delta/delta_file.h"
#include "delta/delta_writer.h"
#include "windrow/delta.h"

namespace windrow {

namespace {

// Where a row of the merged delta comes from: the last delta that has it.
struct Source {
  uint32_t delta;
  size_t number;  // of the row in that delta
};

Result<void> check_follows(const DeltaFile& first, const DeltaFile& before, const DeltaFile& next) {
  if (next.base().content != before.target().content) {
    return fail(ErrorCode::kWrongBase, next.path(),
                ": the delta begins with another state than the one that ", before.path(),
                " leads to; give the deltas in order, and none twice");
  }
  const auto parts_match = [](const DeltaFile::Part& a, const DeltaFile::Part& b) {
    return a.tensor->name == b.tensor->name && a.tensor->dtype == b.tensor->dtype &&
           std::equal(a.tensor->shape.begin() + 1, a.tensor->shape.end(), b.tensor->shape.begin() + 1,
                      b.tensor->shape.end());
  };
  const auto parts = first.parts(), others = next.parts();
  if (first.target().rows_in_use != next.target().rows_in_use ||
      !std::equal(parts.begin(), parts.end(), others.begin(), others.end(), parts_match)) {
    return fail(ErrorCode::kInvalidArgument, next.path(),
                ": the delta has rows or state of another form than ", first.path());
  }
  if (first.has_tokens() != next.has_tokens()) {
    return fail(ErrorCode::kInvalidArgument, next.path(), ": one of the deltas has tokens, this or ",
                first.path(), ", and the other has none");
  }
  return {};
}

// The rows of several deltas, each from the last that has it.
class MergedRows {
 public:
  void add(uint32_t delta, std::span<const int64_t> later) {
    std::vector<int64_t> rows;
    std::vector<Source> sources;
    rows.reserve(rows_.size() + later.size());
    sources.reserve(rows_.size() + later.size());
    for (size_t i = 0, n = 0; i < rows_.size() || n < later.size();) {
      const bool is_later = i == rows_.size() || (n < later.size() && later[n] <= rows_[i]);
      const int64_t row = is_later ? later[n] : rows_[i];
      rows.push_back(row);
      sources.push_back(is_later ? Source{delta, n} : sources_[i]);
      i += i < rows_.size() && rows_[i] == row;
      n += is_later;
    }
    rows_ = std::move(rows);
    sources_ = std::move(sources);
  }

  std::span<const int64_t> rows() const { return rows_; }
  const Source& source(size_t i) const { return sources_[i]; }

  // How many rows from number i on, at most `most`, stand one after the other in one delta.
  size_t run(size_t i, size_t most) const {
    size_t n = 1;
    while (n < most && sources_[i + n].delta == sources_[i].delta &&
           sources_[i + n].number == sources_[i].number + n) {
      ++n;
    }
    return n;
  }

 private:
  std::vector<int64_t> rows_;
  std::vector<Source> sources_;
};

class Merge {
 public:
  Result<void> open(std::span<const std::string> paths) {
    for (const auto& path : paths) {
      auto delta = DeltaFile::open(io::posix(), path);
      if (!delta) return pass(delta);
      if (!deltas_.empty()) {
        if (auto follows = check_follows(deltas_.front(), deltas_.back(), *delta); !follows) return follows;
      }
      if (auto whole = delta->verify(); !whole) return whole;
      merged_.add(static_cast<uint32_t>(deltas_.size()), delta->rows());
      deltas_.push_back(std::move(*delta));
    }
    return {};
  }

  Result<DeltaReport> write(const std::string& target) {
    const DeltaFile& last = deltas_.back();
    NewDelta delta{
        .base = deltas_.front().base(), .target = last.target(), .parts = {}, .rows = merged_.rows()};
    for (const auto& part : last.parts()) {
      delta.parts.push_back({part.tensor->name, part.tensor->dtype, part.tensor->shape});
      delta.parts.back().shape[0] = merged_.rows().size();
    }
    if (last.has_tokens()) {
      if (auto read = read_tokens(); !read) return pass(read);
      delta.tokens = tokens_;
    }
    const FillRows fill = [&](size_t part, size_t first, std::span<uint8_t> bytes) {
      return copy(part, first, bytes);
    };
    auto file = write_delta_file(io::posix(), target, last.path(), delta, fill);
    if (!file) return pass(file);
    const DeltaReport report{static_cast<int64_t>(merged_.rows().size()), file->position()};
    if (auto committed = file->commit(); !committed) return pass(committed);
    return report;
  }

 private:
  Result<void> read_tokens() {
    for (const auto& delta : deltas_) {
      auto read = delta.read_tokens();
      if (!read) return pass(read);
      tokens_of_.push_back(std::move(*read));
    }
    for (size_t i = 0; i < merged_.rows().size(); ++i) {
      const Source& source = merged_.source(i);
      tokens_.push_back(tokens_of_[source.delta].tokens[source.number]);
    }
    return {};
  }

  // In runs, each with one read.
  Result<void> copy(size_t part, size_t first, std::span<uint8_t> bytes) const {
    const size_t row_bytes = row_bytes_of(part);
    for (size_t i = first; !bytes.empty();) {
      const Source& source = merged_.source(i);
      const size_t rows = merged_.run(i, bytes.size() / row_bytes);
      auto read = deltas_[source.delta].read(part, source.number, bytes.first(rows * row_bytes));
      if (!read) return read;
      bytes = bytes.subspan(rows * row_bytes);
      i += rows;
    }
    return {};
  }

  // An empty delta does not tell.
  size_t row_bytes_of(size_t part) const {
    size_t bytes = 0;
    for (const auto& delta : deltas_) bytes = std::max(bytes, delta.parts()[part].row_bytes);
    return bytes;
  }

  std::deque<DeltaFile> deltas_;
  MergedRows merged_;
  std::vector<DeltaFile::Tokens> tokens_of_;
  std::vector<std::string_view> tokens_;
};

}  // namespace

Result<DeltaReport> merge_deltas(std::span<const std::string> paths, const std::string& target) {
  return guard([&]() -> Result<DeltaReport> {
    if (paths.empty()) return fail(ErrorCode::kInvalidArgument, "no deltas were given to merge");
    Merge merge;
    if (auto opened = merge.open(paths); !opened) return pass(opened);
    return merge.write(target);
  });
}

}  // namespace windrow
