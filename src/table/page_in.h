#pragma once

#include <windrow/views.h>
#include <cstddef>

#include "table/table_data.h"

namespace windrow {

// Asks the system, without waiting, to read the pages that hold the rows of ids [begin, end), and their
// scales where those are apart. Ids that are no rows are left out. A hint: nothing here can fail.
void page_in(const TableData& table, Ids ids, size_t begin, size_t end);

}  // namespace windrow
