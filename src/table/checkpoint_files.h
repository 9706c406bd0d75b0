#pragma once

#include <windrow/error.h>
#include <windrow/row_format.h>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "format/shard_index.h"
#include "io/file.h"
#include "table/data_file.h"
#include "table/number_pattern.h"

namespace windrow {

// The tensors of one or several files, found by name wherever they are. A file that an index speaks of is
// opened when a tensor in it is wanted, and only once; a file given by itself is opened at once, since only
// its header says what it holds. Nothing but headers is read. A file that is given twice, or by itself and by an
// index, counts once.
class CheckpointFiles {
 public:
  // All but the first `kept_open` files are closed behind their headers until they are mapped: a checkpoint may
  // have more files than a process may have open.
  CheckpointFiles(io::FileSystem& system, size_t kept_open) : system_(system), kept_open_(kept_open) {}

  // A safetensors, .npy or GGUF file; an index; or a folder with `model.safetensors`, or else with
  // `model.safetensors.index.json`. All are added before anything is looked for.
  Result<void> add(const std::string& path);

  // A tensor and its file; both live as long as the checkpoint. An .npy file holds no tensor, but one array.
  struct Found {
    const DataFile* file = nullptr;
    const safetensors::Tensor* tensor = nullptr;
    std::string_view digits = {};  // of its number, where it was found by a pattern
  };

  // The table, as choose_table(): of what an index has, or of all that the files have.
  // Tensors called by one of the names in `other_scales` are the scales of others.
  Result<Found> find_table(const std::string& name, std::optional<RowFormat::Kind> row_format,
                           const std::set<std::string>& other_scales = {});

  // The tensors that fit the pattern, by their numbers, which must be 0, 1, 2, ...
  // Errors: kNotFound, also for a number that is missing; kInvalidArgument for one that is there twice
  Result<std::vector<Found>> find_pieces(const NumberPattern& pattern);

  // Nothing when there is no such tensor. When several files have one, that in `near` is meant;
  // kInvalidArgument when that has none.
  Result<std::optional<Found>> find(std::string_view name, const DataFile* near);

  // The names of all tensors, without opening anything; and the names that scales of these would have.
  std::vector<std::string_view> names() const;
  void add_scale_names(std::set<std::string>& names) const;

 private:
  struct File {
    std::string path;
    std::string real;             // `path` without symbolic links
    std::string index_path = {};  // of the index that speaks of it; empty for a file given by itself
    std::optional<DataFile> data = {};
    std::vector<const safetensors::Tensor*> by_name = {};
  };
  // A name in one of the files, opened or not.
  struct Name {
    std::string_view text;
    File* file;
  };

  Result<void> add_folder(const std::string& path);
  Result<void> add_file(const std::string& path);
  Result<bool> add_if_index(const std::string& path);
  File* known(const std::string& real);
  Result<void> open(File& file);
  Result<Found> found_in(File& file, std::string_view name);
  void sort_names();

  io::FileSystem& system_;
  size_t kept_open_;
  size_t opened_ = 0;
  std::string where_;  // what was added, for messages
  std::deque<File> files_;
  std::deque<ShardIndex> indexes_;
  std::map<std::string_view, File*> by_real_path_;
  std::vector<Name> names_;  // by name, each once for a file
  bool sorted_ = true;
};

}  // namespace windrow
