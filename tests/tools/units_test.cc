#include "units.h"

#include "support/catch.h"

using namespace windrow::tools;

TEST_CASE("units: bytes and seconds for people", "[tools]") {
  CHECK(human_bytes(0) == "0 bytes");
  CHECK(human_bytes(1) == "1 byte");
  CHECK(human_bytes(1023) == "1023 bytes");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(human_bytes(UINT64_MAX) == "16.0 EiB");
  CHECK(human_seconds(0.42) == "0.4 s");
  CHECK(human_seconds(125) == "2 min 05 s");
}
