// Verbs whose input is far larger than the memory they may have.

// A sanitizer's own memory would not fit under a limit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WINDROW_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WINDROW_SANITIZER
#endif
#endif

#ifndef WINDROW_SANITIZER

#include <filesystem>
#include <string>
#include <vector>

#include "support/catch.h"
#include "tools/command.h"

TEST_CASE("convert: memory does not grow with the values", "[tools]") {
  const TemporaryFolder folder;
  // 60 MB of values under 40 MB of data memory, one thread so that stacks do not count.
  const auto made = run_shell(folder, "\"$W\" create t.safetensors --rows 60000 --dim 250 --init normal:1");
  INFO(made.err);
  REQUIRE(made.status == 0);
  for (const char* step : {"t.safetensors v.bin", "v.bin w.npy", "w.npy u.safetensors"}) {
    CAPTURE(step);
    const auto outcome =
        run_shell(folder, std::string("bash -c 'ulimit -d 40000; exec \"$0\" convert ") + step + "' \"$W\"");
    INFO(outcome.err);
    CHECK(outcome.status == 0);
  }
  const std::vector<std::string> last = {"lookup", "t.safetensors", "0", "59999"};
  const std::string before = windrow_command(folder, last).out;
  const bool same = windrow_command(folder, {"lookup", "u.safetensors", "0", "59999"}).out == before;
  CHECK(same);
}

TEST_CASE("convert: a text is read and written in an address space that is far smaller", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(run_shell(folder, "\"$W\" create t.safetensors --rows 40000 --dim 250 --init normal:1").status == 0);
  REQUIRE(windrow_command(folder, {"convert", "t.safetensors", "v.txt"}).status == 0);
  REQUIRE(std::filesystem::file_size(folder / "v.txt") > 100'000'000);
  for (const char* step : {"v.txt u.safetensors", "v.txt w.glove"}) {
    CAPTURE(step);
    const auto outcome = run_shell(
        folder, std::string("OMP_NUM_THREADS=2 bash -c 'ulimit -v 48000; exec \"$0\" convert ") + step + "' \"$W\"");
    INFO(outcome.err);
    CHECK(outcome.status == 0);
  }
  const auto lookup = [&](const char* table) { return windrow_command(folder, {"lookup", table, "0", "39999"}).out; };
  const bool same = lookup("u.safetensors") == lookup("t.safetensors");
  CHECK(same);
  // GloVe's text is word2vec's without its first line.
  CHECK(run_shell(folder, "tail -n +2 v.txt | cmp - w.glove").status == 0);
}

TEST_CASE("embed: many short lines of a wide table take bounded memory", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"create", "t.safetensors", "--rows", "4", "--dim", "4096"}).status == 0);
  // 20,000 vectors are 328 MB, and may not be there at once. In kibibytes.
  const auto outcome = run_shell(folder,
                                 "yes 1 | head -20000 | OMP_NUM_THREADS=2 bash -c 'ulimit -v 300000; exec \"$0\" embed "
                                 "t.safetensors --ids' \"$W\" | uniq -c | wc -l");
  INFO(outcome.err);
  CHECK(outcome.out == "1\n");
  CHECK(outcome.err.empty());
}

#endif
