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
