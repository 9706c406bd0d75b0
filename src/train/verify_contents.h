#pragma once

#include <windrow/maintenance.h>
#include <windrow/vocabulary.h>

#include "table/table_data.h"

namespace windrow {

// What checksums do not tell: whether the file was right when they were made.

// Every token must be found by the index, as itself or as an equal one before it, and have a row.
void verify_vocabulary(const Vocabulary& vocabulary, VerifyReport& report);

// Counts rows that hold NaN or infinite values.
void verify_values(const TableData& table, VerifyReport& report);

}  // namespace windrow
