#include "target_file.h"

#include <filesystem>

#include "base/fail.h"

namespace windrow::tools {

namespace {

namespace fs = std::filesystem;

bool is_read(const std::string& source, const std::string& target) {
  std::error_code unrelated;  // such as: there is no target yet
  if (fs::equivalent(source, target, unrelated)) return true;
  if (!fs::exists(target, unrelated) || !target.ends_with(".safetensors")) return false;
  const bool is_folder = fs::is_directory(source, unrelated);
  if (!is_folder && !source.ends_with(".json")) return false;
  const fs::path folder = is_folder ? fs::path(source) : fs::absolute(source, unrelated).parent_path();
  return fs::equivalent(folder, fs::absolute(target, unrelated).parent_path(), unrelated);
}

}  // namespace

Result<void> check_target(const std::string& target, std::span<const std::string> sources) {
  for (const std::string& source : sources) {
    if (is_read(source, target))
      return fail(ErrorCode::kInvalidArgument, target, ": source and target are the same file");
  }
  std::error_code unreadable;  // whoever creates the file will meet it again, and report it
  const auto status = fs::status(target, unreadable);
  if (!fs::exists(status) || fs::is_regular_file(status)) return {};
  return fail(ErrorCode::kInvalidArgument, target,
              ": is not a regular file and would be replaced; name a file");
}

}  // namespace windrow::tools
