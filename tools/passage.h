#pragma once

#include <windrow/error.h>
#include <cstdint>
#include <optional>
#include <string>

#include "formats/findings.h"
#include "formats/row_block.h"
#include "token_set.h"

namespace windrow::tools {

enum class Duplicates : uint8_t { kKeepAll, kKeepFirst, kError };
enum class BadUtf8 : uint8_t { kKeep, kReplace, kError };

struct Columns {
  size_t begin = 0, end = 0;  // [begin, end)
};

// What is done to rows on their way from a reader to a writer.
struct PassageOptions {
  Duplicates duplicates = Duplicates::kKeepAll;  // of rows with a token that a row before has
  BadUtf8 bad_utf8 = BadUtf8::kKeep;
  std::optional<Columns> columns = {};  // the others are left out
  bool normalize = false;               // each row is divided by its length; a row of zeros stays
  bool number_rows = false;             // rows without tokens get their numbers for names
};

// What was met on the way. Rows count from 0 in the source.
struct PassageFindings {
  uint64_t rows_read = 0;
  uint64_t rows_written = 0;
  Sighting duplicates;  // tokens that a row before has
  std::string first_duplicate;
  Sighting bad_utf8;  // these and the following count rows that were read
  Sighting empty_tokens;
  Sighting nan_rows;
  Sighting infinite_rows;
  Sighting zero_rows;
};

class Passage {
 public:
  explicit Passage(const PassageOptions& options) : options_(options) {}

  // kFormat for what the options make an error; the message has row, byte and token.
  Result<void> operator()(RowBlock& block);
  // The same of tokens that come by themselves; repeated ones are counted, and all are kept.
  Result<void> operator()(TokenBlock& block);

  const PassageFindings& findings() const { return findings_; }

 private:
  // Where tokens stand, for messages.
  struct Places {
    uint64_t first_row = 0;
    const std::vector<int64_t>* rows = nullptr;     // instead, one for each
    const std::vector<uint64_t>* begins = nullptr;  // bytes, if they are known
    uint64_t row(size_t i) const { return rows ? static_cast<uint64_t>((*rows)[i]) : first_row + i; }
    std::optional<uint64_t> begin(size_t i) const;
  };

  // Which tokens were not there before.
  Result<std::vector<bool>> find_new(const TokenList& tokens, const Places& places);
  Result<void> check_tokens(TokenList& tokens, const Places& places);
  void take_columns(RowBlock& block) const;
  void count_values(const RowBlock& block);
  void name_by_number(RowBlock& block) const;

  PassageOptions options_;
  PassageFindings findings_;
  uint64_t listed_ = 0;  // tokens that came by themselves
  TokenSet seen_;
};

}  // namespace windrow::tools
