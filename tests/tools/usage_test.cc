#include "support/catch.h"
#include "tools/command.h"

TEST_CASE("windrow: version and help", "[tools]") {
  const TemporaryFolder folder;
  const auto version = windrow_command(folder, {"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.rfind("windrow 0.1.0 (", 0) == 0);
  const auto help = windrow_command(folder, {"--help"});
  CHECK(help.status == 0);
  CHECK(help.err.empty());
  for (const char* verb : {"create", "convert", "info", "lookup", "pool", "gather", "step", "nearest",
                           "verify", "recover", "add-state", "strip", "publish", "delta", "apply", "bench"}) {
    CAPTURE(verb);
    CHECK(help.out.find(std::string("\n  ") + verb + " ") != std::string::npos);
    const auto of_verb = windrow_command(folder, {verb, "--help"});
    CHECK(of_verb.status == 0);
    CHECK(of_verb.says("EXAMPLES"));
    CHECK(of_verb.says(std::string("windrow ") + verb));
    CHECK(of_verb.err.empty());
  }
}

TEST_CASE("windrow: wrong usage is status 2, with a hint", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.npy", "");
  const std::vector<std::vector<std::string>> uses = {
      {},
      {"frobnicate"},
      {"--frobnicate"},
      {"info"},
      {"info", "t.npy", "more"},
      {"info", "t.npy", "--frobnicate"},
      {"create", "t.safetensors", "--rows", "5"},
      {"create", "t.safetensors", "--rows", "five", "--dim", "3"},
      {"create", "t.safetensors", "--rows", "99999999999999999999", "--dim", "3"},
      {"create", "t.safetensors", "--rows", "010", "--dim", "3"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--seed", "18446744073709551616"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--seed", "-1"},
      {"bench", "t.npy", "--threads", "4294967296"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--init", "ones"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--init", "uniform"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--init", "zeros:1"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--init", "normal:x"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--optimizer", "adamax"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--optimizer", "adam", "--lr-decay", "1"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--beta1", "0.5"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "int3"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--scale", "row"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "int8", "--scale", "none"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "f16", "--scale-type", "f32"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "fp8_e4m3", "--scale",
       "block:0"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "fp8_e4m3", "--scale",
       "block:4"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "fp8_e4m3", "--scale", "all"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "fp8_e4m3", "--scale", "none",
       "--scale-type", "f32"},
      {"create", "t.safetensors", "--rows", "5", "--dim", "3", "--row-format", "fp8_e5m2", "--optimizer", "sgd"},
      {"convert", "t.npy", "t.txt", "--row-format", "int8"},
      {"convert", "t.npy", "t.txt", "--from", "npy", "--part", "word"},
      {"convert", "t.npy", "t.txt", "--from", "npy", "--shape", "2x2"},
      {"convert", "t.npy", "t.txt", "--from", "glove-text", "--type", "f16"},
      {"convert", "t.npy", "t.txt", "--from", "word2vec-bin", "--offset", "0"},
      {"convert", "t.npy", "t.txt", "--from", "raw", "--token-column", "0"},
      {"inspect", "t.npy", "--from", "tsv", "--words-only"},
      {"inspect", "t.npy", "--from", "fasttext-bin", "--restore-norms"},
      {"convert", "t.npy", "t.bin", "--align-rows"},
      {"convert", "t.npy", "t.safetensors", "--row-format", "int8", "--optimizer", "adagrad"},
      {"convert", "t.npy"},
      {"convert", "t.npy", "t.dat"},
      {"convert", "t.npy", "t.bin", "--from", "glove"},
      {"convert", "t.npy", "t.bin", "--optimizer", "adagrad"},
      {"lookup", "t.npy", "--pool", "min"},
      {"lookup", "t.npy", "1", "-o", "x.npy"},
      {"pool", "t.npy", "--ids", "i.npy"},
      {"pool", "t.npy", "--ids", "i.npy", "-o", "x.npy", "--offsets", "a", "--lengths", "b"},
      {"pool", "t.npy", "--ids", "i.npy", "-o", "x.npy", "--threads", "-1"},
      {"step", "t.npy", "--ids", "i.npy", "--grad", "g.npy", "--optimizer", "sgd"},
      {"step", "t.npy", "--ids", "i.npy", "--grad", "g.npy", "--optimizer", "sgd", "--lr", "1", "--seed", "1"},
      {"step", "t.npy", "--ids", "i.npy", "--grad", "g.npy", "--optimizer", "sgd", "--lr", "1", "--rounding", "up"},
      {"step", "t.npy", "--ids", "i.npy", "--grad", "g.npy", "--optimizer", "sgd", "--lr", "1", "--clip-value", "1",
       "--clip-row-norm", "1"},
      {"add-state", "t.npy"},
      {"add-state", "t.npy", "--optimizer", "adamax"},
      {"add-state", "t.npy", "--optimizer", "adam", "--step-count", "-1"},
      {"strip", "t.npy"},
      {"publish", "t.npy"},
      {"delta"},
      {"delta", "a", "b"},
      {"delta", "a", "b", "c", "-o", "d"},
      {"delta", "a", "-o", "d"},
      {"delta", "merge", "-o", "d"},
      {"delta", "merge", "a", "b", "--with-state", "-o", "d"},
      {"delta", "a", "b", "-o", "d", "--json"},
      {"apply", "t.npy"},
      {"nearest", "t.npy"},
      {"bench", "t.npy", "--batch", "0"},
      {"bench", "t.npy", "--ids", "zipf:0"},
      {"bench", "t.npy", "--op", "step", "--residency", "huge"},
      {"bench", "t.npy", "--batch", "1000000000000", "--pooling", "1000000000000"},
  };
  for (const auto& arguments : uses) {
    std::string line;
    for (const auto& argument : arguments) line += argument + " ";
    CAPTURE(line);
    const auto outcome = windrow_command(folder, arguments);
    INFO(outcome.err);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
    CHECK(outcome.says("--help"));
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("windrow: every verb reports a file that is missing, empty, cut or of another kind", "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"create", "good.safetensors", "--rows", "50", "--dim", "4"}).status == 0);
  const std::string good = read_text(folder / "good.safetensors");
  write_bytes(folder / "empty", "");
  write_bytes(folder / "cut.safetensors", good.substr(0, good.size() - 100));
  write_bytes(folder / "header_cut.safetensors", good.substr(0, 100));
  std::string magic = good;
  magic[8] = 'x';
  write_bytes(folder / "magic.safetensors", magic);
  write_array<double>(folder / "f8.npy", "<f8", {2, 2}, {1, 2, 3, 4});
  write_array<float>(folder / "three.npy", "<f4", {1, 1, 1}, {1});
  write_array<int64_t>(folder / "ids.npy", "<i8", {2, 1}, {0, 1});
  write_array<float>(folder / "grad.npy", "<f4", {2, 4}, std::vector<float>(8));
  const size_t before = folder.entries();
  for (const std::string file : {"missing", "empty", "cut.safetensors", "header_cut.safetensors",
                                 "magic.safetensors", "f8.npy", "three.npy", "."}) {
    const std::vector<std::vector<std::string>> uses = {
        {"info", file},
        {"lookup", file, "0"},
        {"pool", file, "--ids", "ids.npy", "-o", "out.npy"},
        {"gather", file, "--ids", "ids.npy", "-o", "out.npy"},
        {"step", file, "--ids", "ids.npy", "--grad", "grad.npy", "--optimizer", "sgd", "--lr", "1"},
        {"nearest", file, "0"},
        {"verify", file},
        {"recover", file},
        {"add-state", file, "--optimizer", "adam"},
        {"strip", file, "out.safetensors"},
        {"bench", file}};
    for (const auto& arguments : uses) {
      CAPTURE(file, arguments[0]);
      const auto outcome = windrow_command(folder, arguments);
      INFO(outcome.err);
      CHECK(outcome.status == 1);
      CHECK(outcome.out.empty());
      CHECK(outcome.err.rfind("windrow: ", 0) == 0);
    }
  }
  CHECK(folder.entries() == before);
}

TEST_CASE("windrow: a reader that goes away is no error, a full disk behind standard output is one",
          "[tools]") {
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"create", "t.safetensors", "--rows", "20000", "--dim", "4"}).status == 0);
  const auto piped = run_shell(
      folder, "{ \"$W\" lookup t.safetensors $(seq 0 19999); echo status $? >&2; } | head -n 1 | cut -c 1-2");
  CHECK(piped.out == "0 \n");
  CHECK(piped.err == "status 0\n");
  const auto full = run_shell(folder, "\"$W\" lookup t.safetensors 0 > /dev/full");
  CHECK(full.status == 1);
  CHECK(full.says("cannot write to standard output"));
}
