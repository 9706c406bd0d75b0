#pragma once

namespace windrow {

// The names of a delta's tensors, besides those of the table that it has rows of: FORMAT.md, "Deltas".

constexpr const char* kDeltaEnds = "_delta";  // the slots of the table before and after
constexpr const char* kDeltaRows = "rows";
constexpr const char* kDeltaTokenBytes = "vocab.bytes";
constexpr const char* kDeltaTokenOffsets = "vocab.offsets";

}  // namespace windrow
