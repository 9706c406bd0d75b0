#include "listed_names.h"

#include "base/fail.h"

namespace windrow::tools {

Result<ListedNames> ListedNames::read(RowReader& reader) {
  ListedNames names;
  names.of_row_.resize(static_cast<size_t>(reader.header().rows.value_or(0)));
  TokenBlock block;
  while (true) {
    if (auto read = reader.next_tokens(block); !read) return pass(read);
    if (block.tokens.size() == 0) return names;
    names.weights_ = names.weights_ || !block.weights.empty();
    for (size_t t = 0; t < block.tokens.size(); ++t) {
      const size_t row = block.rows.empty() ? names.tokens_.size() : static_cast<size_t>(block.rows[t]);
      names.tokens_.add(block.tokens[t]);
      if (row >= names.of_row_.size()) continue;
      size_t& number = names.of_row_[row];
      if (number > 0) ++names.further_;
      if (number == 0) number = names.tokens_.size();
    }
  }
}

void ListedNames::name(RowBlock& block, uint64_t first_row) const {
  for (size_t i = 0; i < block.rows; ++i) {
    const uint64_t row = first_row + i;
    const size_t number = row < of_row_.size() ? of_row_[static_cast<size_t>(row)] : 0;
    if (number > 0) {
      block.add_token(tokens_[number - 1]);
    } else {
      block.add_token(std::to_string(row));
    }
  }
}

std::vector<std::string> ListedNames::remarks() const {
  std::vector<std::string> remarks;
  if (weights_) remarks.emplace_back("the weights of the tokens were left behind; a table has them");
  if (further_ > 0)
    remarks.push_back(
        concat(further_, " tokens were left behind, whose rows have another; a table has them"));
  return remarks;
}

}  // namespace windrow::tools
