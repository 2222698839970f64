// Ranks that compute together: c10d's Gloo on CPUs, NCCL on GPUs where it is compiled in.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "distributed/report.h"
#include "distributed/store.h"

namespace singlepath {

struct GroupOptions {
  std::string prefix;     // of its keys in the store: no two groups may share one
  std::string address;    // under which this rank is reached
  std::string interface;  // of the network, instead of the address (GLOO_SOCKET_IFNAME)
  int rank = 0, world_size = 1;
  std::chrono::milliseconds connect_timeout{60'000};
  std::chrono::milliseconds timeout{300'000};  // of one operation
};

// All methods but abort() are called on the engine thread. Whatever goes wrong with the connections throws
// RANK_LOST and ends them all, so that every rank notices at once; a group is not repaired.
class Group {
 public:
  explicit Group(const GroupOptions& options);
  ~Group();

  int rank() const { return options_.rank; }
  int world_size() const { return options_.world_size; }

  // Before anything else; does nothing the second time.
  void connect(const Store& store);

  // Reports of all ranks, by rank. Throws RANK_LOST where one has failed, RANKS_DIFFER where they are not
  // about to do the same.
  std::vector<Report> exchange(const Report& own);

  // The next three change `flat` (one-dimensional, contiguous, of equal size on all ranks: exchange() first).
  void sum(at::Tensor& flat);
  // As one balanced tree over the ranks, element by element: sums of sums over a power of two of ranks have
  // the same bits for any number of them. The size is a multiple of the number of ranks.
  void tree_sum(at::Tensor& flat);
  // From rank 0.
  void broadcast(at::Tensor& flat);

  // Closes the connections of this rank, from any thread: what is pending, connect() too, ends with
  // RANK_LOST, and soon on the other ranks. Gloo's own abort() does nothing.
  void abort();

 private:
  template <class Work>
  void run(Work work);
  // `work` gets the tensor, or its copy in host memory where the backend cannot take it.
  template <class Work>
  void run_on(at::Tensor& flat, Work work);

  struct Backends;
  const GroupOptions options_;
  std::unique_ptr<Backends> backends_;
};

}  // namespace singlepath
