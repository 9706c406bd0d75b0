#include "table/checkpoint_files.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "base/fail.h"
#include "table/scales.h"
#include "table/table_choice.h"

namespace windrow {

namespace {

// The order in which transformers looks, too.
constexpr std::string_view kModelFile = "/model.safetensors";
constexpr std::string_view kIndexFile = "/model.safetensors.index.json";

// A path that ends in a slash is there for folders only.
bool is_folder(const io::FileSystem& system, const std::string& path) {
  return system.exists(path + "/").value_or(false);
}

// The folder of a path, with its slash. Symbolic links are not followed: in a download cache, an index and its
// files are links, side by side, into a store where they have other names.
std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash + 1);
}

uint64_t number_of(std::string_view digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

Result<void> CheckpointFiles::add(const std::string& path) {
  where_ += concat(where_.empty() ? "" : ", ", path);
  return is_folder(system_, path) ? add_folder(path) : add_file(path);
}

Result<void> CheckpointFiles::add_file(const std::string& path) {
  std::string real = system_.resolve(path);
  if (File* file = known(real)) {
    // One that an index speaks of may hold more than that.
    if (auto opened = open(*file); !opened) return opened;
    for (const auto* tensor : file->by_name) names_.push_back({tensor->name, file});
    sorted_ = false;
    return {};
  }
  File file{path, std::move(real)};
  auto opened = open(file);
  if (!opened) {
    if (opened.error().code != ErrorCode::kFormat) return opened;
    auto is_index = add_if_index(path);
    if (!is_index) return pass(is_index);
    return *is_index ? Result<void>() : opened;
  }
  files_.push_back(std::move(file));
  by_real_path_.emplace(files_.back().real, &files_.back());
  for (const auto* tensor : files_.back().by_name) names_.push_back({tensor->name, &files_.back()});
  sorted_ = false;
  return {};
}

Result<void> CheckpointFiles::add_folder(const std::string& path) {
  for (const std::string_view name : {kModelFile, kIndexFile}) {
    const std::string full = concat(path, name);
    auto exists = system_.exists(full);
    if (!exists) return pass(exists);
    if (*exists && !is_folder(system_, full)) return add_file(full);
  }
  auto names = system_.list_folder_of(path + "/");
  if (!names) return pass(names);
  std::string candidates;
  for (const std::string& name : *names) {
    if (name.ends_with(".safetensors") || name.ends_with(".npy") || name.ends_with(".gguf") ||
        name.ends_with(".index.json")) {
      if (candidates.size() < 2000) candidates += concat("\n  ", name);
    }
  }
  return fail(ErrorCode::kNotFound, path, ": a folder without ", kModelFile.substr(1), " and without ",
              kIndexFile.substr(1),
              candidates.empty() ? "; it holds no tables" : "; name one of the files in it,", candidates);
}

// An index is JSON text; nothing else that is opened here can start like it.
Result<bool> CheckpointFiles::add_if_index(const std::string& path) {
  auto file = system_.open(system_.resolve(path), io::Access::kRead);
  if (!file) return pass(file);
  auto size = (*file)->size();
  if (!size) return pass(size);
  const auto read = [&](uint64_t bytes) -> Result<std::string> {
    std::string text(bytes, '\0');
    const std::span<uint8_t> room(reinterpret_cast<uint8_t*>(text.data()), text.size());
    if (auto done = (*file)->read(0, room); !done) return pass(done);
    return text;
  };
  auto start = read(std::min<uint64_t>(*size, 64));
  if (!start) return pass(start);
  const size_t first = start->find_first_not_of(" \t\r\n");
  if (first == start->npos || (*start)[first] != '{' || start->substr(0, 8).find('\0') != start->npos)
    return false;
  if (*size > kMaxShardIndexBytes) {
    return fail(ErrorCode::kUnsupported, path, ": JSON text of ", *size, " bytes; an index may have ",
                kMaxShardIndexBytes);
  }
  auto text = read(*size);
  if (!text) return pass(text);
  auto index = parse_shard_index(*text);
  if (!index) return tl::make_unexpected(with_path(index.error(), path));

  std::vector<File*> files;
  for (const std::string& name : index->files) {
    std::string full = folder_of(path) + name, real = system_.resolve(full);
    File* file = known(real);
    if (!file) {
      file = &files_.emplace_back(File{std::move(full), std::move(real), path});
      by_real_path_.emplace(file->real, file);
    }
    files.push_back(file);
  }
  indexes_.push_back(std::move(*index));
  for (const auto& entry : indexes_.back().tensors) names_.push_back({entry.tensor, files[entry.file]});
  sorted_ = false;
  return true;
}

CheckpointFiles::File* CheckpointFiles::known(const std::string& real) {
  const auto at = by_real_path_.find(real);
  return at == by_real_path_.end() ? nullptr : at->second;
}

Result<void> CheckpointFiles::open(File& file) {
  if (file.data) return {};
  auto data = open_data_file(system_, file.path, io::Access::kRead);
  if (!data) {
    if (file.index_path.empty()) return pass(data);
    data.error().message += concat(" (a file that ", file.index_path, " speaks of)");
    return pass(data);
  }
  file.data = std::move(*data);
  file.data->rests = ++opened_ > kept_open_;
  file.data->done();
  for (const auto& tensor : file.data->header.tensors) file.by_name.push_back(&tensor);
  std::sort(file.by_name.begin(), file.by_name.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  return {};
}

Result<CheckpointFiles::Found> CheckpointFiles::found_in(File& file, std::string_view name) {
  if (auto opened = open(file); !opened) return pass(opened);
  const auto at =
      std::lower_bound(file.by_name.begin(), file.by_name.end(), name,
                       [](const auto* tensor, std::string_view text) { return tensor->name < text; });
  if (at != file.by_name.end() && (*at)->name == name) return Found{&*file.data, *at};
  return fail(ErrorCode::kFormat, file.path, ": holds no tensor \"", name, "\", though ", file.index_path,
              " says so");
}

void CheckpointFiles::sort_names() {
  if (std::exchange(sorted_, true)) return;
  std::stable_sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) {
    return std::tie(a.text, a.file->real) < std::tie(b.text, b.file->real);
  });
  const auto same = [](const Name& a, const Name& b) { return a.text == b.text && a.file == b.file; };
  names_.erase(std::unique(names_.begin(), names_.end(), same), names_.end());
}

Result<CheckpointFiles::Found> CheckpointFiles::find_table(const std::string& name,
                                                           std::optional<RowFormat::Kind> row_format,
                                                           const std::set<std::string>& other_scales) {
  if (names_.empty() && files_.size() == 1 && files_[0].data && files_[0].data->array) {
    if (!name.empty()) {
      return fail(ErrorCode::kNotFound, where_, ": no tensor is named \"", name,
                  "\": an .npy file holds one array, which has no name");
    }
    return Found{&*files_[0].data, nullptr};
  }
  const bool one_file = files_.size() == 1 && files_[0].data;
  const std::string wanted = name.empty() && one_file ? usual_table(*files_[0].data) : name;
  if (!wanted.empty()) {
    auto found = find(wanted, nullptr);
    if (!found) return pass(found);
    if (*found) return std::move(**found);
    return fail(ErrorCode::kNotFound, where_, ": no tensor is named \"", wanted, "\"");
  }
  sort_names();
  std::vector<Found> all;
  std::vector<const safetensors::Tensor*> tensors;
  for (const Name& each : names_) {
    auto found = found_in(*each.file, each.text);
    if (!found) return pass(found);
    all.push_back(*found);
    tensors.push_back(found->tensor);
  }
  auto choice = choose_table(tensors, name, row_format, where_, other_scales);
  if (!choice) return pass(choice);
  return all[*choice];
}

Result<std::vector<CheckpointFiles::Found>> CheckpointFiles::find_pieces(const NumberPattern& pattern) {
  sort_names();
  struct Numbered {
    uint64_t number;
    std::string_view digits;
    const Name* name;
  };
  std::vector<Numbered> pieces;
  auto name = std::lower_bound(names_.begin(), names_.end(), pattern.prefix(),
                               [](const Name& each, std::string_view text) { return each.text < text; });
  for (; name != names_.end() && name->text.starts_with(pattern.prefix()); ++name) {
    if (const auto digits = pattern.digits_in(name->text))
      pieces.push_back({number_of(*digits), *digits, &*name});
  }
  if (pieces.empty()) {
    return fail(ErrorCode::kNotFound, where_, ": no tensor is named \"", pattern.text(),
                "\" with a number for the `*`");
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Numbered& a, const Numbered& b) { return a.number < b.number; });
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Numbered& piece = pieces[i];
    if (piece.number < i) {
      const Numbered& other = pieces[i - 1];
      return fail(ErrorCode::kInvalidArgument, where_, ": \"", pattern.text(), "\": number ", piece.number,
                  " is there twice: \"", other.name->text, "\" in ", other.name->file->path, ", and \"",
                  piece.name->text, "\" in ", piece.name->file->path);
    }
    if (piece.number > i) {
      return fail(ErrorCode::kNotFound, where_, ": \"", pattern.text(), "\": number ", i,
                  " is missing; there are ", pieces.size(), " pieces up to number ", pieces.back().number);
    }
  }
  std::vector<Found> found;
  for (const Numbered& piece : pieces) {
    auto tensor = found_in(*piece.name->file, piece.name->text);
    if (!tensor) return pass(tensor);
    tensor->digits = piece.digits;
    found.push_back(*tensor);
  }
  return found;
}

std::vector<std::string_view> CheckpointFiles::names() const {
  std::vector<std::string_view> names;
  for (const Name& name : names_) names.push_back(name.text);
  return names;
}

void CheckpointFiles::add_scale_names(std::set<std::string>& names) const {
  for (const File& file : files_) windrow::add_scale_names(file.by_name, names);
  for (const Name& name : names_) {
    if (name.file->data) continue;
    for (auto& scale : scale_names(name.text)) names.insert(std::move(scale));
  }
}

Result<std::optional<CheckpointFiles::Found>> CheckpointFiles::find(std::string_view name,
                                                                    const DataFile* near) {
  sort_names();
  const auto begin =
      std::lower_bound(names_.begin(), names_.end(), name,
                       [](const Name& each, std::string_view text) { return each.text < text; });
  auto end = begin;
  File* file = nullptr;
  for (; end != names_.end() && end->text == name; ++end) {
    if (end->file->data && &*end->file->data == near) file = end->file;
  }
  if (begin == end) return std::nullopt;
  if (!file && end - begin > 1) {
    return fail(ErrorCode::kInvalidArgument, where_, ": tensor \"", name, "\" is in ", begin->file->path,
                " and in ", std::next(begin)->file->path, ": which of them is meant?");
  }
  auto found = found_in(file ? *file : *begin->file, name);
  if (!found) return pass(found);
  return *found;
}

}  // namespace windrow
