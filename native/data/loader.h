// Batches prepared ahead by threads and delivered in order.
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
#include "data/image_worker.h"

namespace singlepath {

struct LoaderOptions {
  std::vector<uint32_t> indices;  // the images to deliver, as positions in the data set
  int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  // leave out a last batch that is not full
  Augment augment;
  std::vector<float> mean, std;  // handed on with each batch
  uint64_t seed = 0, epoch = 0;
  int64_t first_batch = 0;                       // where to begin in the epoch: resume
  int64_t epochs = 1;                            // how many, from `epoch` on
  int64_t rank = 0, world_size = 1, shards = 1;  // see BatchPlan
  int threads = 1;
  int prefetch = 2;  // batches prepared ahead of the one asked for last
};

// What next() delivers: a batch; neither at the end of the last epoch; or an error.
struct LoaderOutcome {
  BatchPtr batch;
  std::exception_ptr error;
};

// What the threads did since the start, in nanoseconds of all together.
struct LoaderTimes {
  ImageTimes images;
  int64_t idle = 0;  // waiting for room: whoever takes the batches is slower
};

// Every batch is a function of the options alone: the order is a permutation keyed by (seed, epoch), each
// image's variation is keyed by (seed, epoch, image). Threads and prefetch only decide how soon it is there.
// An image that is broken and may be skipped is missing from its batch, which is smaller then.
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

  LoaderTimes times() const;

 private:
  using Order = std::shared_ptr<const std::vector<uint32_t>>;

  // A batch in the making. Threads claim its images in runs of a few.
  struct Slot {
    std::shared_ptr<Batch> batch;
    Order order;
    uint64_t epoch = 0;
    int64_t number = 0, first = 0;  // in its epoch: the batch, and the place of its first image
    int64_t claimed = 0, done = 0;
    std::vector<char> good;  // which images could be decoded
    std::exception_ptr error;
    int64_t error_at = 0;
    bool ready = false;
  };

  void check() const;
  void start_threads();
  void work();  // the whole life of a thread
  void make_batches();
  bool has_unclaimed() const;  // with mutex_ held, as the next four
  bool something_to_do() const;
  Slot& claim(int64_t* begin, int64_t* end);
  void open(Slot& slot, int64_t number);
  void deliver();
  void prepare(Slot& slot, int64_t begin, int64_t end, ImageWorker& worker);
  void finish(Slot& slot) const;

  const DatasetPtr dataset_;
  const LoaderOptions options_;
  const Order unshuffled_;
  int64_t end_ = 0;  // batches are numbered from the beginning of the first epoch
  std::shared_ptr<BatchPool> pool_;

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::vector<Slot> ring_;  // batch n lies in slot n mod prefetch
  int64_t opened_ = 0;      // next batch to open
  int64_t delivered_ = 0;   // next batch to deliver
  Order order_;             // of the epoch opened last
  uint64_t order_epoch_ = 0;
  std::deque<Receiver> waiting_;
  std::exception_ptr stopped_;
  std::atomic<bool> stopping_{false};
  LoaderTimes times_;
  std::vector<std::thread> threads_;
};

}  // namespace singlepath
