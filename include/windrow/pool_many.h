#pragma once

#include <windrow/lookup.h>
#include <memory>
#include <optional>
#include <span>

namespace windrow {

// One pool() of several that are done together.
struct PoolRequest {
  const Table* table = nullptr;
  Bags bags;
  Pooling pooling = Pooling::kSum;
  RowsOut out;
  std::optional<int64_t> padding_id = {};  // instead of LookupOptions::padding_id
};

// Many tables, of whatever dims, formats and numbers of bags, in one parallel region. Work is shared among
// threads by the bytes to be read, so one huge table or one huge bag keeps all of them busy (a bag as far as
// its columns go, 16 at a time). Each request is as by pool(), with the same bits.
//
// Errors, on failure: as pool(), for the first request that is wrong, whose number the message gives; no
// output of any request is touched. Outputs must not overlap.
[[nodiscard]] WINDROW_API Result<LookupReport> pool_many(std::span<const PoolRequest> requests,
                                                         const LookupOptions& options = {});

// One key of a jagged batch: which table its ids belong to, and where its result goes.
struct JaggedKey {
  const Table* table = nullptr;
  Pooling pooling = Pooling::kSum;
  size_t first_column = 0;  // of `out`
};

// pool_many() on the jagged, key-major layout that TorchRec calls KeyedJaggedTensor: with K keys and a batch of
// B, `bags` has K * B bags; those of key k are numbers k * B to (k + 1) * B - 1. Bag b of key k goes to row b of
// `out`, from column keys[k].first_column on: the concatenated feature vector of a recommender.
//
// Shapes:     out has B rows; bags has K * B bags, over all ids of all keys.
// Errors:     as pool_many(), whose "request" is the key here, with positions and bags counted from its first;
//             kInvalidArgument also when the bags are no multiple of the keys, and when a key's columns exceed
//             out.row_stride or overlap another's.
[[nodiscard]] WINDROW_API Result<LookupReport> pool_jagged(std::span<const JaggedKey> keys, const Bags& bags,
                                                           RowsOut out, const LookupOptions& options = {});

// The requests of one pool_many() cut into parts of about equal bytes, for hosts that have threads of their
// own: check once, then run every part once, on any threads, at any time.
//
//   auto plan = PoolPlan::make(requests, 4);
//   ... on four threads of the host:  plan->run(k)
//
// The arrays of the requests are used until the last run() has returned, and must not change before; the tables
// are kept. The output is complete then, with the same bits as by pool_many().
class WINDROW_API PoolPlan {
 public:
  // Errors as pool_many(); kInvalidArgument when parts is not from 1 to 65536; kUnsupported for a table that was opened
  // with OpenOptions::whole_rows, since run() could not say that a row was not whole. options.threads is not used.
  [[nodiscard]] static Result<PoolPlan> make(std::span<const PoolRequest> requests, int parts,
                                             const LookupOptions& options = {});
  ~PoolPlan();
  PoolPlan(PoolPlan&&) noexcept;
  PoolPlan& operator=(PoolPlan&&) noexcept;

  int parts() const;
  // Part `part` in [0, parts()). Parts may run at the same time; allocates nothing and cannot fail.
  void run(int part) const;
  LookupReport report() const;

 private:
  struct State;
  explicit PoolPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace windrow
