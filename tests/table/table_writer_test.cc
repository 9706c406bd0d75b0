#include <windrow/table.h>
#include <windrow/table_writer.h>

#include <cstring>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace windrow;

namespace {

const std::vector<float> kRows = {1, 2, 3, 4, 5, 6};

TableWriter writer_for(const std::string& path) {
  auto writer = TableWriter::create(path, {.format = RowFormat::f32(2)});
  REQUIRE(writer);
  return std::move(*writer);
}

}  // namespace

TEST_CASE("table_writer: rows and tokens of several appends come out as one table", "[table]") {
  const TemporaryFolder folder;
  auto writer = writer_for(folder / "t");
  const std::vector<std::string_view> first = {"a", "b"}, second = {"c"};
  REQUIRE(writer.append(RowsIn(std::span(kRows).first(4), 2), first));
  REQUIRE(writer.append(RowsIn(std::span(kRows).subspan(4), 2), second));
  CHECK(writer.rows() == 3);
  CHECK(!Table::open(folder / "t"));  // not before it is finished
  REQUIRE(writer.finish());
  const auto table = Table::open(folder / "t");
  REQUIRE(table);
  CHECK(std::memcmp(table->data(), kRows.data(), kRows.size() * sizeof(float)) == 0);
  CHECK(table->vocabulary().find("c") == 2);
}

TEST_CASE("table_writer: a writer that is dropped leaves the old file and nothing else", "[table]") {
  const TemporaryFolder folder;
  write_text(folder / "t", "what stood here");
  {
    auto writer = writer_for(folder / "t");
    REQUIRE(writer.append(RowsIn(kRows, 2)));
  }
  CHECK(folder.entries() == 1);
  CHECK(read_all(folder / "t").size() == 15);
}

TEST_CASE("table_writer: tokens for some rows, too short rows and wrong promises are refused", "[table]") {
  const TemporaryFolder folder;
  auto writer = writer_for(folder / "t");
  const std::vector<std::string_view> two = {"a", "b"};
  CHECK(!writer.append(RowsIn(kRows, 2), two));
  CHECK(!writer.append(RowsIn(kRows, 1)));
  REQUIRE(writer.append(RowsIn(kRows, 2)));
  CHECK(!writer.append(RowsIn(std::span(kRows).first(4), 2), two));

  auto promised = TableWriter::create(folder / "u", {.format = RowFormat::f32(2), .rows = 4});
  REQUIRE(promised);
  REQUIRE(promised->append(RowsIn(kRows, 2)));
  CHECK(!promised->finish());
  CHECK(!TableWriter::create(folder / "v", {.format = RowFormat::f32(2), .rows = -1}));
}

TEST_CASE("table_writer: metadata that does not fit into the header's page is refused", "[table]") {
  const TemporaryFolder folder;
  auto writer = TableWriter::create(
      folder / "t", {.format = RowFormat::f32(2), .metadata = {{"note", std::string(5000, 'x')}}});
  REQUIRE(writer);
  REQUIRE(writer->append(RowsIn(kRows, 2)));
  CHECK(!writer->finish());
}
