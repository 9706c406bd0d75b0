#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

// Real files of other programs, for those who have them: WINDROW_SAMPLES is a folder with gensim/, magnitude/
// and numpy/ in it, test files of those projects.

namespace {

std::string samples() {
  const char* folder = std::getenv("WINDROW_SAMPLES");
  return folder ? folder : "";
}

}  // namespace

TEST_CASE("samples: word vectors of gensim and Magnitude", "[tools]") {
  if (samples().empty()) return;
  struct Sample {
    const char* file;
    const char* format;
    int rows;
    int dim;
    const char* token;
    const char* start;  // of its row
  };
  const Sample list[] = {
      {"gensim/euclidean_vectors.bin", "word2vec-bin", 2747, 10, "fly", "fly 0.700036"},
      {"gensim/poincare_vectors.bin", "word2vec-bin", 1182, 10, "mammal.n.01", "mammal.n.01 -0.0220554"},
      {"gensim/word2vec_pre_kv_c", "word2vec-text", 1750, 10, "indonesian", "indonesian -0.017856 -0.193613"},
      {"gensim/toy-model.vec", "word2vec-text", 22, 5, "the", "the 0.068811 0.26619 0.026622"},
      {"gensim/crime-and-punishment.vec", "word2vec-text", 291, 5, "\u0438", "\u0438 -0.11189 0.12135"},
      {"gensim/lee_fasttext.vec", "word2vec-text", 1762, 10, "the", "the -0.65992 0.20966"},
      {"gensim/high_precision.kv.txt", "word2vec-text", 2, 2, "horse.n.01", "horse.n.01 -0.00085462"},
      {"gensim/w2v_keyedvectors_load_test.modeldata", "word2vec-text", 2, 3, "", ""},
      {"magnitude/word2vec.bin", "word2vec-bin", 5, 2, "that", "that 0.88387 -0.14199"},
      {"magnitude/word2vec.txt", "word2vec-text", 5, 2, "said", "said 0.38973 -0.2121"},
      {"magnitude/fasttext.vec", "word2vec-text", 5, 2, "be", "be 0.6185 0.64254"},
      {"magnitude/large.txt", "word2vec-text", 1, 5000, "big", "big "},
      {"magnitude/zero.txt", "word2vec-text", 1, 2, "", ""},
  };
  const TemporaryFolder folder;
  for (const Sample& sample : list) {
    CAPTURE(sample.file);
    const auto outcome =
        windrow_command(folder, {"convert", samples() + "/" + sample.file, "t.safetensors", "--json"});
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["from"] == sample.format);
    CHECK(json["rows_written"] == sample.rows);
    CHECK(json["dim"] == sample.dim);
    if (*sample.token) {
      const auto row = windrow_command(folder, {"lookup", "t.safetensors", "--token", sample.token});
      INFO(row.out);
      CHECK(row.out.rfind(sample.start, 0) == 0);
    }
  }
}

TEST_CASE("samples: neighbours as gensim has them", "[tools]") {
  if (samples().empty()) return;
  const TemporaryFolder folder;
  REQUIRE(windrow_command(folder, {"convert", samples() + "/gensim/euclidean_vectors.bin", "t.safetensors"})
              .status == 0);
  const auto json = nlohmann::json::parse(
      windrow_command(folder, {"nearest", "t.safetensors", "war", "-k", "5", "--json"}).out);
  std::vector<std::string> tokens;
  for (const auto& entry : json) tokens.push_back(entry["token"]);
  CHECK(tokens == std::vector<std::string>{"conflict", "administration", "terrorism", "call", "israel"});
  CHECK(std::abs(json[0]["score"].get<double>() - 0.933054) < 1e-6);
}

TEST_CASE("samples: what cannot be read is refused", "[tools]") {
  if (samples().empty()) return;
  const TemporaryFolder folder;
  for (const char* file :
       {"gensim/pretrained.vec", "gensim/toy-model.bin", "gensim/lee_fasttext.bin", "gensim/test_glove.txt",
        "gensim/word2vec_pre_kv_sep_py3_4.neg_labels.npy", "magnitude/glove.txt", "numpy/py3-objarr.npy",
        "numpy/bad_version_magic_0.npy", "numpy/bad_version_magic_2.npy", "numpy/bad_version_magic_4.npy",
        "numpy/malformed_magic_0.npy", "numpy/malformed_magic_2.npy", "numpy/malformed_magic_4.npy",
        "numpy/malformed_magic_6.npy"}) {
    CAPTURE(file);
    const auto outcome = windrow_command(folder, {"convert", samples() + "/" + file, "t.safetensors"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  }
  CHECK(folder.entries() == 0);
}
