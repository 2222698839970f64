// The batches of one epoch, prepared ahead by threads and delivered in order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "data/augment.h"
#include "data/batch.h"
#include "data/batch_pool.h"
#include "data/dataset.h"

namespace singlepath {

struct LoaderOptions {
  std::vector<uint32_t> indices;  // the images to deliver, as positions in the data set
  int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  // leave out a last batch that is not full
  Augment augment;
  std::vector<float> mean, std;  // handed on with each batch
  uint64_t seed = 0, epoch = 0;
  int64_t first_batch = 0;  // where to begin in the epoch: resume
  int threads = 1;
  int prefetch = 2;  // batches prepared ahead of the one asked for last
};

// What next() delivers: a batch; neither at the end of the epoch; or an error.
struct LoaderOutcome {
  BatchPtr batch;
  std::exception_ptr error;
};

// Every batch is a function of the options alone: the order is a permutation keyed by (seed, epoch), each
// image's variation is keyed by (seed, epoch, image). Threads and prefetch only decide how soon it is there.
class Loader {
 public:
  // Called once, on any thread, with the loader locked: it must be short and not call the loader.
  using Receiver = std::function<void(LoaderOutcome)>;

  // Starts preparing at once. Throws INVALID_ARGUMENT for options that do not fit the data set.
  Loader(DatasetPtr dataset, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Asks for the next batch; requests are answered in their order, without waiting for one another.
  void next(Receiver receiver);

  // Stops preparing and answers waiting and later requests with `error`. Threads leave after at most one
  // image.
  void stop(std::exception_ptr error);

 private:
  struct Slot {
    bool ready = false;
    LoaderOutcome outcome;
  };

  void work();
  BatchPtr prepare(int64_t number);
  void deliver();  // with mutex_ held

  const DatasetPtr dataset_;
  LoaderOptions options_;  // `indices` in the order of this epoch
  int64_t end_ = 0;        // batches of the epoch
  std::shared_ptr<BatchPool> pool_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Slot> ring_;  // batch n lies in slot n mod prefetch
  int64_t claimed_ = 0;     // next batch to prepare
  int64_t delivered_ = 0;   // next batch to deliver
  std::deque<Receiver> waiting_;
  std::exception_ptr stopped_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

// Batches an epoch of `images` has.
int64_t batches_per_epoch(int64_t images, int64_t batch_size, bool drop_last);

// Puts `indices` into the order of (seed, epoch), by Fisher and Yates's shuffle.
void shuffle_indices(std::vector<uint32_t>& indices, uint64_t seed, uint64_t epoch);

}  // namespace singlepath
