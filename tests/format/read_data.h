#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "format/test_data.h"  // written by Meson: where tests/data is
#include "support/catch.h"

// A file of tests/data.
inline std::vector<uint8_t> read_data(const std::string& name) {
  std::ifstream file(std::string(WINDROW_TEST_DATA) + "/" + name, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
