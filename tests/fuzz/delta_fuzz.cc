// The input is a delta, which is read and applied to a table of 6 rows of 3 floats with Adagrad's state: once as it is, and
// once with its sums made right, so that damage gets past them. Whatever it holds, the table is as it was or as the delta
// says.

#include "delta/delta_file.h"

#include <windrow/delta.h>
#include <windrow/table.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/require.h"
#include "fuzz/right_sums.h"
#include "support/simulated_files.h"
#include "support/temporary_folder.h"
#include "table/table_file.h"
#include "train/apply_delta.h"

using namespace windrow;

namespace {

std::vector<uint8_t> make_table() {
  const TemporaryFolder folder;
  TableSpec spec{.rows = 6, .format = RowFormat::f32(3)};
  spec.optimizer = Adagrad{};
  WINDROW_REQUIRE(Table::create(folder / "t", spec).has_value());
  std::ifstream file(folder / "t", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return {bytes.begin(), bytes.end()};
}

void read_all_of(const DeltaFile& delta) {
  int64_t above = -1;
  for (const int64_t row : delta.rows()) {
    WINDROW_REQUIRE(row > above && row < delta.info().table_rows);
    above = row;
  }
  for (size_t part = 0; part < delta.parts().size(); ++part) {
    std::vector<uint8_t> bytes(delta.rows().size() * delta.parts()[part].row_bytes);
    WINDROW_REQUIRE(delta.read(part, 0, bytes).has_value());
  }
  if (!delta.has_tokens()) return;
  const auto tokens = delta.read_tokens();
  WINDROW_REQUIRE(!tokens || tokens->tokens.size() == delta.rows().size());
}

// All of the table but `_meta`, whose slots may have been written again.
std::vector<uint8_t> rows_of(const SimulatedFiles& files) {
  auto bytes = files.get("t");
  std::fill(bytes.begin() + 4096, bytes.begin() + 4096 + kMetaBytes, uint8_t{0});
  return bytes;
}

void try_delta(std::vector<uint8_t> table, const std::vector<uint8_t>& input) {
  SimulatedFiles files(1);
  files.put("d", input);
  const auto delta = DeltaFile::open(files, "d");
  if (!delta) return;
  read_all_of(*delta);
  // As if it were for this table.
  for (const int number : {0, 1}) {
    uint8_t* const at = table.data() + 4096 + static_cast<size_t>(number) * kSlotPage;
    auto slot = decode_slot({at, kSlotBytes}, number);
    if (!slot) continue;
    slot->content = delta->base().content;
    const auto encoded = encode_slot(*slot);
    std::copy(encoded.begin(), encoded.end(), at);
  }
  files.put("t", table);
  const auto before = rows_of(files);
  const auto applied = apply_delta(files, "t", "d", {});
  if (!applied) {
    WINDROW_REQUIRE(rows_of(files) == before);
    return;
  }
  WINDROW_REQUIRE(apply_delta(files, "t", "d", {}).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t> table = make_table();
  if (size > 500'000) return 0;
  const std::vector<uint8_t> input(data, data + size);
  try_delta(table, input);
  try_delta(table, with_right_sums(input));
  return 0;
}
