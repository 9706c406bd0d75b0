#include "table_about.h"

#include "base/fail.h"
#include "io/file.h"
#include "table/stored_rows.h"

namespace windrow::tools {

Result<std::optional<TableAbout>> about_table(const TableSource& source) {
  if (!source.more.empty()) return std::nullopt;
  auto data = open_data_file(io::posix(), source.path, io::Access::kRead);
  if (!data) return std::nullopt;
  TableAbout about{std::move(*data), {}};
  const auto* weight = about.data.header.find("weight");
  if (!weight || !about.data.header.find("_meta")) return about;
  if (!source.open.tensor.empty() && source.open.tensor != weight->name) return about;
  auto rows = stored_rows(about.data, weight, source.open.row_format, source.open.dim);
  if (!rows) return pass(rows);
  about.slot = std::move(rows->slot);
  return about;
}

}  // namespace windrow::tools
