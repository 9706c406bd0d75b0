#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_reader.h"
#include "formats/findings.h"
#include "formats/line_parser.h"

namespace windrow::tools {

// The core of every reader of text: takes a file in pieces of some megabytes, finds the lines of a piece, has them parsed
// by several threads, and puts the rows into a block in their order. A piece grows for a longer line only, and a line
// is no longer than its row can need, so that memory does not grow with the file whatever is in it.
//
// Lines end at LF alone. The last may lack its own, and a blank last line is none.
class TextRows {
 public:
  struct Options {
    bool lenient = false;       // lines that are no rows are left out, and noted in findings()
    uint64_t lines_before = 0;  // that `bytes` has passed already
    int threads = 0;            // 0: as many as there are
  };
  // What a reader of text asks a file to buffer.
  static constexpr size_t kBufferBytes = 4 << 20;

  // `bytes` stands at the start of a line; its buffer should hold kBufferBytes.
  TextRows(ByteReader bytes, std::unique_ptr<LineParser> parser, const Options& options);

  // Replaces the block by the next rows, at most `most`. An empty block: the end of the file, or `most` is 0.
  Result<void> next(RowBlock& block, uint64_t most = std::numeric_limits<uint64_t>::max());

  // Goes on to the end of the file, and returns how many lines were left.
  Result<uint64_t> count_lines();

  const std::string& name() const { return bytes_.name(); }
  uint64_t position() const { return bytes_.position(); }  // of the next line in the file
  uint64_t size() const { return bytes_.size(); }
  uint64_t rows() const { return rows_; }  // given so far
  const LineParser& parser() const { return *parser_; }
  ReaderFindings& findings() { return findings_; }
  const ReaderFindings& findings() const { return findings_; }

 private:
  Result<void> find_lines(size_t most);
  void parse_lines(float* values);
  Result<void> collect(RowBlock& block);

  ByteReader bytes_;
  std::unique_ptr<LineParser> parser_;
  Options options_;
  size_t line_limit_;  // bytes
  ReaderFindings findings_;
  uint64_t rows_ = 0;
  uint64_t lines_;  // of the file so far

  // The lines of the piece in work.
  std::vector<std::string_view> texts_;
  std::vector<ParsedLine> parsed_;
  uint64_t begin_ = 0;   // where the first begins in the file
  size_t consumed_ = 0;  // bytes that they take, with their ends
};

}  // namespace windrow::tools
