// Runs a fuzz target once on every file of the folders given as arguments, by name. The files are what a
// fuzzer once started from or found, so that every build, with any compiler, tries them again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    std::error_code problem;
    for (const auto& file : std::filesystem::directory_iterator(argv[i], problem)) {
      if (file.is_regular_file()) paths.push_back(file.path());
    }
    if (problem) {
      std::fprintf(stderr, "%s: %s\n", argv[i], problem.message().c_str());
      return 1;
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
      return 1;
    }
    // The name first: the last line then tells which file a crash belongs to. A block of exactly the right
    // size, so that a sanitizer sees any read behind it.
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    LLVMFuzzerTestOneInput(exact.get(), bytes.size());
  }
  std::printf("%zu inputs\n", paths.size());
  if (paths.empty()) std::fprintf(stderr, "no inputs: is the folder right?\n");
  return paths.empty() ? 1 : 0;
}
