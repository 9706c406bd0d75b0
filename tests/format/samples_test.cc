// Files of other programs that are too many, or under other licences, to be kept here: a folder named by
// WINDROW_SAMPLES, with `safetensors/ok_*`, `safetensors/bad_*` and `numpy/*.npy` (all of those to be
// refused). Without it there is nothing to test.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "format/npy.h"
#include "format/safetensors.h"
#include "support/catch.h"

using namespace windrow;

namespace {

std::vector<std::filesystem::path> samples(const char* folder, const std::string& prefix) {
  std::vector<std::filesystem::path> found;
  const char* root = std::getenv("WINDROW_SAMPLES");
  if (root == nullptr) return found;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(root) / folder)) {
    if (file.path().extension() != "" && file.path().filename().string().starts_with(prefix)) {
      found.push_back(file.path());
    }
  }
  return found;
}

std::vector<uint8_t> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("samples: safetensors files named ok_ open", "[format]") {
  for (const auto& path : samples("safetensors", "ok_")) {
    const auto bytes = read(path);
    const auto header = safetensors::parse(bytes, bytes.size());
    CAPTURE(path.string(), header ? std::string() : header.error().message);
    CHECK(header);
  }
}

TEST_CASE("samples: safetensors files named bad_ are refused", "[format]") {
  for (const auto& path : samples("safetensors", "bad_")) {
    CAPTURE(path.string());
    const auto bytes = read(path);
    CHECK(!safetensors::parse(bytes, bytes.size()));
  }
}

TEST_CASE("samples: numpy's own bad npy files are refused", "[format]") {
  for (const auto& path : samples("numpy", "")) {
    if (path.extension() != ".npy") continue;
    CAPTURE(path.string());
    const auto bytes = read(path);
    CHECK(!npy::parse(bytes, bytes.size()));
  }
}
