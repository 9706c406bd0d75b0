#include "formats/formats.h"

#include <set>

#include "format/npy.h"
#include "support/catch.h"

using namespace windrow::tools;
using namespace std::string_literals;

namespace {

std::string detected(const std::string& bytes) {
  const auto format = detect_format(FileStart{bytes, bytes.size()}, "file");
  return format ? std::string((*format)->name) : format.error().message;
}

bool says(const std::string& bytes, const std::string& part) {
  return detected(bytes).find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("formats: told from the content", "[tools]") {
  const auto npy = windrow::npy::header_for("<f4", std::vector<uint64_t>{3, 4});
  CHECK(detected(std::string(npy.begin(), npy.end())) == "npy");
  CHECK(detected("\x02\0\0\0\0\0\0\0{}"s) == "safetensors");
  CHECK(detected("\x50\0\0\0\0\0\0\0 {\"a\""s) == "safetensors");
  CHECK(detected("2 3\nthe 1 2 3\ncat 4 5 6\n") == "word2vec-text");
  CHECK(detected("2 3\r\nNew York 1 2 3 \r\n") == "word2vec-text");
  CHECK(detected("1 3\nthe 1 2 3") == "word2vec-text");
  // A second line that is no row does not make a text binary.
  CHECK(detected("2 3\nthe 1 2\n") == "word2vec-text");
  CHECK(detected("2 3\nthe 1 2 x\nof 4 5 6\n") == "word2vec-text");
  CHECK(detected("2 3\nthe 0,1 0,2 0,3\nof 4 5 6\n") == "word2vec-text");
  CHECK(detected("1 1\nthe \x01\x02\x03\x04"s) == "word2vec-bin");
  CHECK(detected("1 2\nthe 12345678") == "word2vec-bin");
  CHECK(detected("1 2\nthe \xCD\xCC\xCC=\xCD\xCCL>") == "word2vec-bin");  // 0.1, 0.2: no control characters
  CHECK(detected("\xEF\xBB\xBF" "1 3\nthe 1 2 3") == "word2vec-text");
  CHECK(detected("<html> 1 2 3\nthe 1 2 3\n") == "glove-text");
  CHECK(detected("GGUF\x03\0\0\0\0\0"s) == "gguf");
  CHECK(detected("FiFu\0\0\0\0\0\0"s) == "finalfusion");
  CHECK(detected("\xBA\x16\x4F\x2F\x0C\0\0\0"s) == "fasttext-bin");
  CHECK(detected("10 2 3 4 2 2166136261 < >\n0 1 2 \n") == "floret");
  CHECK(detected("10 2 3 4 2 2166136261 < > x\n0 1 2 \n") != "floret");
}

TEST_CASE("formats: a second line longer than what is looked at", "[tools]") {
  std::string text = "5 1000000\nbig";
  while (text.size() < kFileStartBytes) text += " 0.125";
  text.resize(kFileStartBytes);
  const auto format = detect_format(FileStart{text, 1'000'000'000}, "file");
  REQUIRE(format);
  CHECK((*format)->name == "word2vec-text");
}

TEST_CASE("formats: what cannot be read is named, with the way out", "[tools]") {
  CHECK(says("PK\x03\x04rest", "zip"));
  CHECK(says("\x80\x04\x95", "pickle"));
  CHECK(says("SQLite format 3\0"s, "SQLite"));
  CHECK(says("\x89HDF\r\n\x1A\n", "HDF5"));
  CHECK(says("version https://git-lfs.github.com/spec/v1", "git lfs pull"));
  CHECK(says("<!DOCTYPE html>", "download failed"));
  CHECK(says("<html>\n<body>", "download failed"));
  CHECK(says("PAR1\x15", "Parquet"));
  CHECK(says("ARROW1\0\0"s, "Arrow"));
  CHECK(says("\xFF\xFEt\0h\0"s, "UTF-16"));
  CHECK(says("\x1F\x8B\x08", "decompress"));
  CHECK(says("hello\n", "not a format"));
  CHECK(says("", "empty"));
}

TEST_CASE("formats: names and endings belong to one format each", "[tools]") {
  std::set<std::string_view> seen;
  for (const Format* format : formats()) {
    CHECK(seen.insert(format->name).second);
    CHECK(format_named(format->name) == format);
    for (const std::string_view suffix : format->suffixes) {
      CHECK(seen.insert(suffix).second);
      CHECK(format_for_name("some.where/file" + std::string(suffix)) == format);
    }
  }
  CHECK(format_named("word2vec") == nullptr);
  CHECK(format_for_name("file.dat") == nullptr);
}
