#include "support/catch.h"
#include "tools/command.h"

TEST_CASE("projector: values and tokens in two files of as many lines", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "a.txt", "4 2\nplain 1 2\na\tb 3 4\n 5 6\nbad\xff 7 0.5\n");
  const auto outcome = windrow_command(folder, {"convert", "a.txt", "v.projector.tsv"});
  INFO(outcome.err);
  REQUIRE(outcome.status == 0);
  CHECK(read_text(folder / "v.projector.tsv") == "1\t2\n3\t4\n5\t6\n7\t0.5\n");
  CHECK(read_text(folder / "v.metadata.tsv") == "plain\na b\n(empty)\nbad\xef\xbf\xbd\n");
  CHECK(outcome.says("the tokens are in v.metadata.tsv"));
  CHECK(outcome.says("3 tokens were changed"));
  CHECK(folder.entries() == 3);
}

TEST_CASE("projector: rows without tokens are named by their numbers, and any name will do with --to", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "m.npy", "<f4", {2, 1}, {1, 2});
  REQUIRE(windrow_command(folder, {"convert", "m.npy", "out", "--to", "projector"}).status == 0);
  CHECK(read_text(folder / "out") == "1\n2\n");
  CHECK(read_text(folder / "out.metadata.tsv") == "0\n1\n");
  CHECK(windrow_command(folder, {"convert", "m.npy", "no/out", "--to", "projector"}).status == 1);
  CHECK(folder.entries() == 3);
  CHECK(windrow_command(folder, {"convert", "out", "x.npy", "--from", "projector"}).status == 2);
}

TEST_CASE("projector: neither of the two files may be the source", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "v.metadata.tsv", "a\t1\t2\nb\t3\t4\n");
  for (const std::string target : {"v.projector.tsv", "v.metadata.tsv"}) {
    const auto outcome = windrow_command(folder, {"convert", "v.metadata.tsv", target, "--to", "projector"});
    CHECK(outcome.status == 1);
    CHECK(outcome.says("v.metadata.tsv: source and target are the same file"));
  }
  CHECK(read_text(folder / "v.metadata.tsv") == "a\t1\t2\nb\t3\t4\n");
  CHECK(folder.entries() == 1);
}

TEST_CASE("projector: more rows than it shows are written, with a remark", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "m.npy", "<f4", {100'001, 1}, std::vector<float>(100'001));
  const std::string remark = "shows the first 100000 rows";
  CHECK(windrow_command(folder, {"convert", "m.npy", "v.projector.tsv"}).says(remark));
  CHECK(!windrow_command(folder, {"convert", "m.npy", "w.projector.tsv", "--limit", "100000"}).says(remark));
  CHECK(run_shell(folder, "cat v.projector.tsv | wc -l").out == "100001\n");
  CHECK(run_shell(folder, "cat v.metadata.tsv | wc -l").out == "100001\n");
}
