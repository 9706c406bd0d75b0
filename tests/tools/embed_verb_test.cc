#include <sys/stat.h>

#include <cstdio>

#include "support/catch.h"
#include "text_lines.h"
#include "tools/command.h"

namespace {

void make_words(const TemporaryFolder& folder) {
  write_bytes(folder / "w.txt", "4 2\nking 3 4\nqueen 0 2\nthe -1 0\nof 0 0\n");
  REQUIRE(windrow_command(folder, {"convert", "w.txt", "w.safetensors"}).status == 0);
}

}  // namespace

TEST_CASE("embed: lines of tokens become lines of numbers", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  const auto outcome = run_shell(folder, "printf 'king queen\\n\\n  the   the \\nwhat\\r\\nking' | $W embed w.safetensors");
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "1.5 3\n0 0\n-1 0\n0 0\n3 4\n");
}

TEST_CASE("embed: a npy file, normalized, from a file of lines", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  write_bytes(folder / "lines", "king\nqueen what\n");
  const auto outcome =
      windrow_command(folder, {"embed", "w.safetensors", "lines", "-o", "v.npy", "--normalize", "--recipe", "model2vec"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(outcome.out == "v.npy: 2 lines x 2, 2 tokens used, 1 unknown, 0 lines without any\n");
  const Matrix matrix = read_matrix(folder / "v.npy");
  CHECK(matrix.shape == std::vector<uint64_t>{2, 2});
  CHECK(matrix.values == std::vector<float>{0.6f, 0.8f, 0, 1});
}

TEST_CASE("embed: unknown tokens can be an error, which says the line, or another row", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  const auto refused = run_shell(folder, "printf 'king\\nwhat\\n' | $W embed w.safetensors --unknown error -o v.npy");
  CHECK(refused.status == 1);
  CHECK(refused.says("standard input, line 2: tokens[0] is 'what'"));
  CHECK(!refused.says("v.npy:"));
  CHECK(read_text(folder / "v.npy").empty());
  CHECK(run_shell(folder, "printf 'king\\nwhat\\n' | $W embed w.safetensors --unknown error").out == "3 4\n");
  const auto row = run_shell(folder, "echo what | $W embed w.safetensors --unknown-row 0");
  CHECK(row.out == "3 4\n");
  CHECK(run_shell(folder, "$W embed w.safetensors --unknown-row 4").says("--unknown-row 4: the table has 4 rows"));
}

TEST_CASE("embed: options that contradict each other are wrong usage", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  const auto status = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"embed", "w.safetensors"});
    return windrow_command(folder, options).status;
  };
  CHECK(status({}) == 0);
  CHECK(status({"--unknown", "skip", "--unknown-row", "0"}) == 2);
  CHECK(status({"--recipe", "fasttext", "--unknown-row", "0"}) == 2);
  CHECK(status({"--recipe", "model2vec", "--unknown", "subwords"}) == 2);
  CHECK(status({"--unknown-row", "-1"}) == 2);
}

TEST_CASE("embed: an output that is read as well is refused", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  write_bytes(folder / "lines", "king\n");
  for (const std::string output : {"w.safetensors", "lines"}) {
    const auto outcome = windrow_command(folder, {"embed", "w.safetensors", "lines", "-o", output});
    CHECK(outcome.status == 1);
    CHECK(outcome.says("source and target are the same file"));
  }
  CHECK(read_text(folder / "lines") == "king\n");
}

TEST_CASE("embed: a table of n-grams only needs a recipe that makes words of them", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "v.floret", "1 2 2 3 1 0 < >\n0 5 6\n");
  REQUIRE(windrow_command(folder, {"convert", "v.floret", "v.safetensors"}).status == 0);
  CHECK(run_shell(folder, "echo cat | $W embed v.safetensors").says("rows of n-grams only"));
  CHECK(run_shell(folder, "echo cat | $W embed v.safetensors --unknown subwords").out == "5 6\n");
  CHECK(run_shell(folder, "echo 0 | $W embed v.safetensors --ids").out == "5 6\n");
  CHECK(run_shell(folder, "echo 0 | $W embed v.safetensors --ids --unknown subwords").says("no vocabulary"));
}

TEST_CASE("text lines: of a pipe those that are there", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  std::FILE* const writer = std::fopen((folder / "pipe").c_str(), "r+");  // both ways, so that neither side waits
  REQUIRE(writer);
  auto lines = windrow::tools::TextLines::open(folder / "pipe");
  REQUIRE(lines);
  std::vector<std::string_view> got;
  std::fputs("one\ntwo\nthr", writer);
  std::fflush(writer);
  REQUIRE(lines->next(got));
  CHECK(got == std::vector<std::string_view>{"one", "two"});
  std::fputs("ee\r\nfour", writer);
  std::fclose(writer);
  REQUIRE(lines->next(got));
  CHECK(got == std::vector<std::string_view>{"three"});
  REQUIRE(lines->next(got));
  CHECK(got == std::vector<std::string_view>{"four"});
  REQUIRE(lines->next(got));
  CHECK(got.empty());
}

TEST_CASE("embed: lines of ids", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  CHECK(run_shell(folder, "echo 1 0 | $W embed w.safetensors --ids").out == "1.5 3\n");
  const auto wrong = run_shell(folder, "printf '1\\n0 x\\n' | $W embed w.safetensors --ids");
  CHECK(wrong.status == 1);
  CHECK(wrong.says("line 2: 'x' is no id"));
  REQUIRE(windrow_command(folder, {"convert", "w.safetensors", "w.npy"}).status == 0);
  CHECK(run_shell(folder, "echo 1 0 | $W embed w.npy --ids").out == "1.5 3\n");
  const auto none = run_shell(folder, "echo king | $W embed w.npy");
  CHECK(none.status == 1);
  CHECK(none.says("no vocabulary"));
}

TEST_CASE("embed: a long stream in blocks, its last line without an end", "[tools]") {
  const TemporaryFolder folder;
  make_words(folder);
  const auto outcome = run_shell(
      folder, "{ for i in $(seq 30); do seq -f 'king queen the %g' 3000; done; printf 'queen'; } > l\n"
              "$W embed w.safetensors l | sort | uniq -c");
  INFO(outcome.err);
  CHECK(outcome.status == 0);
  CHECK(outcome.says("90000 0.6666667 2\n"));
  CHECK(outcome.says("1 0 2\n"));
}
