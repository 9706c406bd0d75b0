#pragma once

#include "base/fail.h"
#include "table/table_data.h"

namespace windrow {

// Around a lookup: whether all of its rows were whole, where that was asked for.
class WholeCheck {
 public:
  explicit WholeCheck(const TableData& table)
      : rows_(table.whole.get()), given_up_before_(rows_ ? rows_->given_up() : 0) {}

  // kUnclean: a trainer died while it changed one of the rows; what was looked up is worth nothing.
  Result<void> end() const {
    if (!rows_ || rows_->given_up() == given_up_before_) [[likely]]
      return {};
    return fail(ErrorCode::kUnclean,
                "a trainer died while it changed one of these rows; `windrow recover`, or the next trainer, puts "
                "the table right");
  }

 private:
  const WholeRows* rows_;
  uint64_t given_up_before_;
};

}  // namespace windrow
