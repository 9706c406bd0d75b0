// Windrow's side of peers.py: lookups on the ids of a file, timed when standard input asks for it.
//
//   replay TABLE IDS.npy BAG [RESIDENCY] [ROW_FORMAT]
//
// IDS.npy holds batches x ids (int64), BAG ids make a bag. RESIDENCY is auto, lazy, warm or huge, ROW_FORMAT what
// the bytes of a uint8 array are. A line of input is one of
//
//   time OP THREADS FIRST COUNT     answers COUNT times, in ns per id: batches FIRST, FIRST + 1, ... in turn
//   save OP THREADS BATCH FILE      writes the result as plain floats, and answers "saved"
//
// OP is gather, sum, mean, max, weighted (by 0.5) or padding (a sum in which id 0 is left out), or, on a table with
// tokens, find_gather or find_mean: the tokens of a bag are looked up, and then their rows, bag by bag.

#include <windrow/windrow.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../support.h"
#include "format/npy.h"

using namespace windrow;

namespace {

struct Batches {
  std::vector<int64_t> ids;
  size_t count = 0;
  size_t ids_each = 0;

  std::span<const int64_t> operator[](size_t number) const {
    return std::span(ids).subspan(number % count * ids_each, ids_each);
  }
};

Batches read_batches(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const auto header = npy::parse(bytes, bytes.size());
  if (!header) give_up(path + ": " + header.error().message);
  if (header->descr != "<i8" || header->shape.size() != 2 || header->data_bytes == 0)
    give_up(path + ": must hold int64 ids, batches x ids");
  Batches batches;
  batches.count = static_cast<size_t>(header->shape[0]);
  batches.ids_each = static_cast<size_t>(header->shape[1]);
  batches.ids.resize(batches.count * batches.ids_each);
  std::memcpy(batches.ids.data(), bytes.data() + header->data_begin, header->data_bytes);
  return batches;
}

class Replay {
 public:
  Replay(Table table, Batches batches, size_t bag)
      : table_(std::move(table)),
        batches_(std::move(batches)),
        bag_(bag),
        dim_(static_cast<size_t>(table_.dim())),
        offsets_(equal_offsets(batches_.ids_each, bag)),
        weights_(batches_.ids_each, 0.5f),
        out_(batches_.ids_each * dim_) {}

  // Nanoseconds per id.
  double time(const std::string& op, int threads, size_t number) {
    options_.threads = threads;
    if (op.starts_with("find_")) name_tokens(number);  // what the caller has, not what is measured
    const auto start = std::chrono::steady_clock::now();
    run(op, batches_[number]);
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    return elapsed.count() / static_cast<double>(batches_.ids_each);
  }

  void save(const std::string& op, int threads, size_t number, const std::string& path) {
    time(op, threads, number);
    const bool pooled = !op.ends_with("gather");
    const size_t rows = pooled ? offsets_.size() - 1 : batches_.ids_each;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(out_.data()),
               static_cast<std::streamsize>(rows * dim_ * sizeof(float)));
  }

 private:
  void run(const std::string& op, std::span<const int64_t> ids) {
    if (op.starts_with("find_")) {
      run_by_token(op, ids.size());
      return;
    }
    if (op == "gather") {
      check(gather(table_, ids, RowsOut(out_, dim_), options_));
      return;
    }
    Bags bags;
    bags.ids = ids;
    bags.offsets = std::span<const int64_t>(offsets_);
    if (op == "weighted") bags.weights = weights_;
    LookupOptions options = options_;
    if (op == "padding") options.padding_id = 0;
    const Pooling pooling = op == "mean" ? Pooling::kMean : op == "max" ? Pooling::kMax : Pooling::kSum;
    check(pool(table_, bags, pooling, RowsOut(std::span(out_).first((offsets_.size() - 1) * dim_), dim_),
               options));
  }

  void name_tokens(size_t number) {
    tokens_.clear();
    for (const int64_t id : batches_[number]) tokens_.emplace_back(table_.vocabulary().token(id));
  }

  void run_by_token(const std::string& op, size_t count) {
    std::vector<int64_t> ids(bag_);
    const int64_t offsets[] = {0, static_cast<int64_t>(bag_)};
    for (size_t first = 0; first + bag_ <= count; first += bag_) {
      for (size_t i = 0; i < bag_; ++i) {
        const auto id = table_.vocabulary().find(tokens_[first + i]);
        if (!id) give_up("the table lacks the token " + tokens_[first + i]);
        ids[i] = *id;
      }
      const std::span<const int64_t> found(ids);
      if (op == "find_gather") {
        check(gather(table_, found, RowsOut(std::span(out_).subspan(first * dim_, bag_ * dim_), dim_),
                     options_));
        continue;
      }
      Bags bags;
      bags.ids = found;
      bags.offsets = std::span<const int64_t>(offsets);
      check(pool(table_, bags, Pooling::kMean,
                 RowsOut(std::span(out_).subspan(first / bag_ * dim_, dim_), dim_), options_));
    }
  }

  static void check(const Result<LookupReport>& done) {
    if (!done) give_up(done.error().message);
  }

  Table table_;
  Batches batches_;
  size_t bag_, dim_;
  std::vector<int64_t> offsets_;
  std::vector<float> weights_, out_;
  std::vector<std::string> tokens_;
  LookupOptions options_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 6) give_up("usage: replay TABLE IDS.npy BAG [RESIDENCY] [ROW_FORMAT]");
  const std::map<std::string, Residency> residencies = {{"auto", Residency::kAuto},
                                                        {"lazy", Residency::kLazy},
                                                        {"warm", Residency::kWarm},
                                                        {"huge", Residency::kHuge}};
  OpenOptions options;
  if (argc > 4) {
    const auto wanted = residencies.find(argv[4]);
    if (wanted == residencies.end()) give_up("the residency must be auto, lazy, warm or huge");
    options.residency = wanted->second;
  }
  if (argc > 5) options.row_format = row_format_named(argv[5]);
  auto table = Table::open(argv[1], options);
  if (!table) give_up(table.error().message);
  const auto bag = static_cast<size_t>(std::strtoull(argv[3], nullptr, 10));
  Batches batches = read_batches(argv[2]);
  if (bag == 0 || batches.ids_each % bag != 0) give_up("BAG must divide the ids of a batch");
  Replay replay(std::move(*table), std::move(batches), bag);

  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string verb, op, path;
    int threads = 1;
    size_t first = 0, count = 0;
    words >> verb >> op >> threads >> first;
    if (verb == "time" && words >> count) {
      for (size_t k = 0; k < count; ++k) std::cout << replay.time(op, threads, first + k) << ' ';
      std::cout << std::endl;
    } else if (verb == "save" && words >> path) {
      replay.save(op, threads, first, path);
      std::cout << "saved" << std::endl;
    } else {
      give_up("not understood: " + line);
    }
  }
}
