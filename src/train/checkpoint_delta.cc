#include <algorithm>
#include <cstring>
#include <vector>

#include "base/fail.h"
#include "delta/delta_writer.h"
#include "delta/row_tokens.h"
#include "train/trainer_state.h"

namespace windrow {

Result<io::AtomicFile> TrainerState::write_delta(std::string_view tag, uint64_t content,
                                                 const CheckpointOptions& options) {
  if (this->options.durability == Durability::kNone) {
    return fail(
        ErrorCode::kUnsupported, path,
        ": the trainer does not know what has changed, as it keeps no journal: open it with a durability "
        "of kProcess or kPower to have deltas");
  }
  if (file.slot->content == 0) {
    return fail(ErrorCode::kUnsupported, path,
                ": the table is from a Windrow without deltas: make a checkpoint without one first");
  }
  std::vector<int64_t> rows;
  if (log) rows.assign(log->changed_rows(epoch).begin(), log->changed_rows(epoch).end());
  std::sort(rows.begin(), rows.end());

  NewDelta delta{.base = *file.slot,
                 .target = *file.slot,
                 .parts = delta_parts(file, rows.size(), options.delta.state),
                 .rows = rows};
  ++delta.target.generation;
  delta.target.content = content;
  delta.target.tag = tag;
  delta.target.step_count = static_cast<uint64_t>(step_count);
  std::vector<std::string_view> tokens;
  if (options.delta.tokens) {
    auto found = tokens_of_rows(table->vocabulary, rows, path);
    if (!found) return pass(found);
    tokens = std::move(*found);
    delta.tokens = tokens;
  }
  const FillRows fill = [&](size_t part, size_t first, std::span<uint8_t> bytes) -> Result<void> {
    const auto& of = images.parts()[part];
    for (size_t i = first; !bytes.empty(); ++i, bytes = bytes.subspan(of.bytes))
      std::memcpy(bytes.data(), mapping.data + of.at(rows[i]), of.bytes);
    return {};
  };
  return write_delta_file(*system, options.delta_path, path, delta, fill);
}

}  // namespace windrow
