#include <vector>

#include "formats/word2vec_text.h"
#include "support/catch.h"
#include "support/text_row.h"
#include "tools/command.h"

// A disk that is full, by way of a limit on the size of files: the system refuses the write in the same
// place.

namespace {

constexpr size_t kRows = 20'000;
constexpr size_t kDim = 16;

void make_source(const TemporaryFolder& folder) {
  std::string text = std::to_string(kRows) + " " + std::to_string(kDim) + "\n";
  std::vector<float> row(kDim);
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t c = 0; c < kDim; ++c) row[c] = static_cast<float>(r * kDim + c) / 7.0f;
    append_text_row(text, "token" + std::to_string(r), row.data(), kDim);
  }
  write_bytes(folder / "v.txt", text);
}

}  // namespace

TEST_CASE("convert: a full disk is an error, and leaves nothing behind", "[tools]") {
  const TemporaryFolder folder;
  make_source(folder);
  for (const char* target : {"o.safetensors", "o.npy", "o.bin", "o.vec"}) {
    CAPTURE(target);
    // In kibibytes: the target needs more than a megabyte.
    const auto outcome = run_shell(
        folder, std::string("bash -c 'ulimit -f 500; exec \"$0\" convert v.txt ") + target + "' \"$W\"");
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("convert: a full disk leaves a target that was there untouched", "[tools]") {
  const TemporaryFolder folder;
  make_source(folder);
  write_bytes(folder / "o.npy", "before");
  CHECK(run_shell(folder, "bash -c 'ulimit -f 500; exec \"$0\" convert v.txt o.npy' \"$W\"").status == 1);
  CHECK(read_text(folder / "o.npy") == "before");
  CHECK(folder.entries() == 2);
}

TEST_CASE("create: a full disk is an error, and leaves nothing behind", "[tools]") {
  const TemporaryFolder folder;
  const auto outcome = run_shell(
      folder, "bash -c 'ulimit -f 500; exec \"$0\" create t.safetensors --rows 100000 --dim 16' \"$W\"");
  INFO(outcome.err);
  CHECK(outcome.status == 1);
  CHECK(folder.entries() == 0);
}

TEST_CASE("training and its copies: a full disk is an error, and the tables stay what they were", "[tools]") {
  const TemporaryFolder folder;
  const auto made = run_shell(folder,
                              "\"$W\" create a --rows 20000 --dim 32 --optimizer adagrad && \"$W\" publish a before &&"
                              " \"$W\" publish a b && \"$W\" publish a bare && \"$W\" strip bare bare");
  INFO(made.err);
  REQUIRE(made.status == 0);
  write_array<int64_t>(folder / "ids.npy", "<i8", {2}, {7, 19'999});
  write_array<float>(folder / "grad.npy", "<f4", {2, 32}, std::vector<float>(64, 1.0f));
  const std::string step = "step b --ids ids.npy --grad grad.npy --optimizer adagrad --lr 0.1";
  REQUIRE(run_shell(folder, "\"$W\" " + step + " && \"$W\" delta a b --with-state -o d").status == 0);
  const size_t entries = folder.entries();
  // In kibibytes: more than nothing, and less than a table, the rows of its end, or a journal to begin with.
  for (const char* verb : {"step a --ids ids.npy --grad grad.npy --optimizer adagrad --lr 0.1 --durability power",
                           "step a --ids ids.npy --grad grad.npy --optimizer adagrad --lr 0.1",
                           "apply a d -o c", "publish a c", "strip a c", "strip a a", "delta a b -o e --with-state",
                           "delta merge d -o e", "add-state bare --optimizer adam"}) {
    CAPTURE(verb);
    const std::string limit = std::string(verb).starts_with("delta") ? "8" : "500";
    const auto outcome =
        run_shell(folder, "bash -c 'ulimit -f " + limit + "; exec \"$0\" " + verb + "' \"$W\"");
    INFO(outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
    CHECK(folder.entries() == entries);
    const auto whole = run_shell(folder, "\"$W\" verify a && \"$W\" verify bare && \"$W\" diff a before");
    INFO(whole.out);
    CHECK(whole.status == 0);
  }
  // Nor can a row be put back behind the limit: the next one who opens the table does it.
  CHECK(run_shell(folder, "bash -c 'ulimit -f 500; exec \"$0\" apply a d' \"$W\"").status == 1);
  CHECK(run_shell(folder, "\"$W\" verify a").status == 1);
  CHECK(run_shell(folder, "\"$W\" recover a && \"$W\" verify a && \"$W\" diff a before").status == 0);
  CHECK(run_shell(folder, "\"$W\" apply a d && \"$W\" diff a b").status == 0);
  CHECK(folder.entries() == entries);
}

// Its own memory would not fit under a limit.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WINDROW_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WINDROW_SANITIZER
#endif
#endif

#ifndef WINDROW_SANITIZER
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
#endif

TEST_CASE("convert: Ctrl-C removes the unfinished file", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(run_shell(folder, "\"$W\" create t.safetensors --rows 400000 --dim 64 --init normal:1").status ==
          0);
  // However the race between signal and end goes, there is a whole target or none, and nothing else.
  const auto outcome = run_shell(
      folder,
      "\"$W\" convert t.safetensors o.txt & pid=$!\n"
      "while [ -z \"$(ls -A | grep '^[.]o[.]txt')\" ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done\n"
      "kill -TERM $pid; wait $pid");
  INFO(outcome.err);
  const bool finished = std::filesystem::exists(folder / "o.txt");
  // 143: the signal came after the work was done.
  CHECK((finished ? outcome.status == 0 || outcome.status == 143 : outcome.status == 1));
  CHECK(folder.entries() == (finished ? 2u : 1u));
}
