#include "state_import.h"

#include <algorithm>

#include "base/fail.h"
#include "formats/formats.h"

namespace windrow::tools {

namespace {

struct Start {
  std::string bytes;
  uint64_t file_bytes = 0;

  bool is_safetensors() const { return kSafetensors.recognises({bytes, file_bytes}); }
  bool is_pickle() const { return bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02"); }
};

Result<Start> start_of(const std::string& path) {
  const auto source = open_bytes(path);
  if (!source) return tl::make_unexpected(source.error());
  Start start{std::string(static_cast<size_t>(std::min<uint64_t>((*source)->size(), 64)), '\0'),
              (*source)->size()};
  auto read = (*source)->read(0, {reinterpret_cast<uint8_t*>(start.bytes.data()), start.bytes.size()});
  if (!read) return pass(read);
  return start;
}

}  // namespace

Result<StateImport> import_state(const Table& table, const Optimizer& optimizer,
                                 const StateImportOptions& options) {
  size_t from_torch = 0;
  for (const std::string& path : options.paths) {
    const auto start = start_of(path);
    if (!start) return tl::make_unexpected(start.error());
    if (start->is_pickle()) {
      return fail(
          ErrorCode::kUnsupported, path,
          ": a pickle of torch, which could run any code: save the tensors of optimizer.state_dict() with "
          "safetensors.torch.save_file");
    }
    from_torch += start->is_safetensors();
  }
  if (from_torch == options.paths.size()) return import_torch_state(table, optimizer, options);
  if (options.paths.size() == 1) return import_glove_state(table, optimizer, options);
  return fail(ErrorCode::kUnsupported, options.paths[0],
              " and the others: state is read from safetensors files, or from ",
              "one file of `glove -save-gradsq`");
}

}  // namespace windrow::tools
