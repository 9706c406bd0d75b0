#include "table/table_plan.h"

#include <algorithm>
#include <set>

#include "base/fail.h"

namespace windrow {

namespace {

using Found = CheckpointFiles::Found;

// Files that are kept open until they are mapped: far below what a process may have.
constexpr size_t kMaxOpen = 64;

std::string name_of(const Found& found) {
  return found.tensor ? concat(found.file->path(), ": tensor \"", found.tensor->name, "\"")
                      : concat(found.file->path(), ": the array");
}

std::string list_of(std::span<const std::string> names) {
  std::string text;
  for (const auto& name : names) text += concat(text.empty() ? "\"" : "\", \"", name);
  return text + "\"";
}

// The rows' own scales, or one that all pieces share. Names are tried in two rounds, since what is named after
// the rows themselves means more.
struct ScaleNames {
  std::vector<std::string> own, shared;
};
ScaleNames names_for(const Found& rows, const OpenOptions& options) {
  if (!options.scale_tensor.empty()) {
    const auto pattern = NumberPattern::parse(options.scale_tensor);
    return {{pattern ? pattern->with(rows.digits) : options.scale_tensor}, {}};
  }
  if (!rows.tensor) return {};
  return {scale_names(rows.tensor->name),
          rows.digits.empty() ? std::vector<std::string>() : shared_scale_names(options.tensor)};
}

class Planner {
 public:
  Planner(io::FileSystem& system, const OpenOptions& options) : system_(system), options_(options) {}

  Result<TablePlan> plan(std::span<const std::string> paths) {
    if (auto valid = check_options(); !valid) return pass(valid);
    if (NumberPattern::is_one(options_.tensor)) {
      auto pattern = NumberPattern::parse(options_.tensor);
      if (!pattern) return pass(pattern);
      CheckpointFiles& checkpoint = plan_.checkpoints.emplace_back(system_, kMaxOpen);
      for (const auto& path : paths) {
        if (auto added = checkpoint.add(path); !added) return pass(added);
      }
      auto pieces = checkpoint.find_pieces(*pattern);
      if (!pieces) return pass(pieces);
      for (const Found& piece : *pieces) {
        if (auto added = add(checkpoint, piece); !added) return pass(added);
      }
    } else {
      for (const auto& path : paths) {
        CheckpointFiles& checkpoint = plan_.checkpoints.emplace_back(system_, kMaxOpen / paths.size());
        if (auto added = checkpoint.add(path); !added) return pass(added);
      }
      const auto scales = scale_names_of_all();
      for (auto& checkpoint : plan_.checkpoints) {
        if (holds_only(checkpoint, scales)) continue;
        auto piece = checkpoint.find_table(options_.tensor, options_.row_format, scales);
        if (!piece) return pass(piece);
        if (auto added = add(checkpoint, *piece); !added) return pass(added);
      }
    }
    if (plan_.pieces.empty()) {
      return fail(ErrorCode::kNotFound, paths[0], paths.size() > 1 ? " and the others: hold" : ": holds",
                  " no rows, only scales");
    }
    return std::move(plan_);
  }

 private:
  // What the scales that the caller names, and with several files those of all tensors, are called.
  std::set<std::string> scale_names_of_all() const {
    std::set<std::string> names;
    if (!options_.scale_tensor.empty()) names.insert(options_.scale_tensor);
    if (plan_.checkpoints.size() == 1) return names;  // find_table() will look at it
    for (const auto& checkpoint : plan_.checkpoints) checkpoint.add_scale_names(names);
    return names;
  }

  // Such a file has no rows of its own, but scales for those of another.
  static bool holds_only(const CheckpointFiles& checkpoint, const std::set<std::string>& scales) {
    const auto names = checkpoint.names();
    return !names.empty() && std::all_of(names.begin(), names.end(), [&](std::string_view name) {
      return scales.contains(std::string(name));
    });
  }

  Result<void> check_options() const {
    if (options_.dim < 0 || options_.scale_columns < 0) {
      return fail(ErrorCode::kInvalidArgument, "dim is ", options_.dim, " and scale_columns ",
                  options_.scale_columns, ": neither can be below 0");
    }
    if (options_.unscaled && options_.scale_columns > 0) {
      return fail(ErrorCode::kInvalidArgument, "scale_columns is ", options_.scale_columns,
                  ", but unscaled asks for rows without scales: one of them is too much");
    }
    if (options_.scale_tensor.empty()) return {};
    if (options_.unscaled) {
      return fail(ErrorCode::kInvalidArgument, "scale_tensor is \"", options_.scale_tensor,
                  "\", but unscaled asks for rows without scales: one of them is too much");
    }
    if (NumberPattern::is_one(options_.scale_tensor)) {
      auto pattern = NumberPattern::parse(options_.scale_tensor);
      if (!pattern) return pass(pattern);
      if (!NumberPattern::is_one(options_.tensor)) {
        return fail(ErrorCode::kInvalidArgument, "scale_tensor \"", options_.scale_tensor,
                    "\" has a `*`, but the name of the rows has none");
      }
    }
    return {};
  }

  Result<void> add(CheckpointFiles& checkpoint, const Found& found) {
    if (auto known = refuse_nvfp4(checkpoint, found); !known) return known;
    auto rows = stored_rows(*found.file, found.tensor, options_.row_format, options_.dim);
    found.file->done();
    if (!rows) return pass(rows);
    TablePlan::Piece piece{found.file, 0, std::move(*rows), {}};
    piece.rows_bytes = static_cast<uint64_t>(piece.rows.rows) * piece.rows.format.stride_bytes;
    auto scales = find_scales(checkpoint, found, piece.rows);
    if (!scales) return pass(scales);
    piece.scales = *scales;
    if (plan_.pieces.empty()) {
      plan_.format = piece.rows.format;
      first_ = name_of(found);
    } else if (piece.rows.format != plan_.format) {
      return fail(ErrorCode::kInvalidArgument, name_of(found), ": ", format_text(piece.rows.format), ", but ",
                  first_, ": ", format_text(plan_.format), "; pieces of one table must agree");
    }
    plan_.pieces.push_back(std::move(piece));
    return {};
  }

  // NVFP4 as NVIDIA's Model Optimizer writes it, and vLLM reads it: two e2m1 floats a byte in U8, `_scale` of
  // F8_E4M3 for every 16 of them, `_scale_2` of F32 for all. No row format has such values, though the bytes
  // could be taken for int4.
  Result<void> refuse_nvfp4(CheckpointFiles& checkpoint, const Found& found) {
    if (!found.tensor || found.tensor->dtype != "U8") return {};
    auto scale = checkpoint.find(concat(found.tensor->name, "_scale"), found.file);
    if (!scale) return pass(scale);
    if (!*scale || (*scale)->tensor->dtype != "F8_E4M3") return {};
    return fail(ErrorCode::kUnsupported, name_of(found), " has scales of F8_E4M3: it is NVFP4, two 4-bit ",
                "floats a byte, which this version cannot read; open the original, unquantized checkpoint");
  }

  static std::string format_text(const RowFormat& format) {
    return concat(row_format_name(format.kind), " rows of dim ", format.dim, " (stride ", format.stride_bytes,
                  format.block > 0 ? concat(", a scale (", scale_type_name(format.scale_type), ") for every ",
                                            format.block, " columns")
                                   : std::string(),
                  ")");
  }

  // Finds the scales of rows that want some, and adds them to the rows' format.
  Result<std::optional<TablePlan::Scales>> find_scales(CheckpointFiles& checkpoint, const Found& found,
                                                       StoredRows& rows) {
    if (!rows.wants_scales()) {
      if (options_.scale_tensor.empty() && options_.scale_columns == 0) return std::nullopt;
      return fail(ErrorCode::kInvalidArgument, name_of(found), " holds ", row_format_name(rows.format.kind),
                  " rows, which have no scales in a tensor of their own; leave out scale_tensor and "
                  "scale_columns");
    }
    if (options_.unscaled) return std::nullopt;
    auto tensor = find_scale_tensor(checkpoint, found, rows.format.kind);
    if (!tensor) return pass(tensor);
    auto layout = scale_layout(*tensor->tensor, rows.rows, rows.format.dim, options_.scale_columns);
    if (!layout) {
      return fail(layout.error().code, tensor->file->path(), ": ", layout.error().message,
                  " (rows: ", name_of(found), ")");
    }
    if (!layout->one_value && !taken_.insert(tensor->tensor).second) {
      return fail(ErrorCode::kFormat, name_of(*tensor), " has shape ", shape_text(tensor->tensor->shape),
                  "; pieces can share a scale only if it is one value. Scales of each piece have a `*` in "
                  "scale_tensor");
    }
    rows.format.block = layout->block;
    rows.format.scale_type = layout->type;
    rows.format.scale_place = RowFormat::ScalePlace::kApart;
    return TablePlan::Scales{tensor->file, tensor->tensor->begin, tensor->tensor->end, *layout};
  }

  Result<Found> find_scale_tensor(CheckpointFiles& checkpoint, const Found& rows, RowFormat::Kind kind) {
    const ScaleNames names = names_for(rows, options_);
    for (const auto* round : {&names.own, &names.shared}) {
      std::optional<Found> match;
      for (const auto& name : *round) {
        auto found = find_anywhere(checkpoint, name, rows.file);
        if (!found) return pass(found);
        if (!*found) continue;
        if (match) {
          return fail(ErrorCode::kInvalidArgument, name_of(rows), ": both \"", match->tensor->name,
                      "\" and \"", name, "\" could be its scales; name one as scale_tensor");
        }
        match = **found;
      }
      if (match) return *match;
    }
    if (!options_.scale_tensor.empty()) {
      return fail(ErrorCode::kNotFound, name_of(rows), ": there is no tensor ", list_of(names.own),
                  ", which is to hold its scales");
    }
    const std::string tried = names.own.empty()
                                  ? ""
                                  : concat(": there is none of ", list_of(names.own),
                                           names.shared.empty() ? "" : concat(", ", list_of(names.shared)));
    return fail(
        ErrorCode::kNotFound, name_of(rows), " holds ", row_format_name(kind),
        " values, but no scales for them were found", tried,
        ". Name their tensor as scale_tensor, or open with unscaled if the values are meant as they are");
  }

  // A tensor of the rows' own file or checkpoint, or else of one of the others.
  Result<std::optional<Found>> find_anywhere(CheckpointFiles& own, std::string_view name,
                                             const DataFile* near) {
    auto match = own.find(name, near);
    if (!match || *match) return match;
    for (auto& checkpoint : plan_.checkpoints) {
      if (&checkpoint == &own) continue;
      auto found = checkpoint.find(name, nullptr);
      if (!found) return found;
      if (!*found || (*match && (*match)->file->path() == (*found)->file->path())) continue;
      if (*match) {
        return fail(ErrorCode::kInvalidArgument, "tensor \"", name, "\" is in ", (*match)->file->path(),
                    " and in ", (*found)->file->path(), ": which of them is meant?");
      }
      match = std::move(found);
    }
    return match;
  }

  io::FileSystem& system_;
  const OpenOptions& options_;
  TablePlan plan_;
  std::string first_;                           // the first piece, for messages
  std::set<const safetensors::Tensor*> taken_;  // scales that belong to a piece
};

}  // namespace

Result<TablePlan> plan_table(io::FileSystem& system, std::span<const std::string> paths,
                             const OpenOptions& options) {
  return Planner(system, options).plan(paths);
}

}  // namespace windrow
