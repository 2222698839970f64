#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/sizes.h"
#include "data/mix.h"
#include "data/order.h"

namespace singlepath {
namespace {

// Threads take this many bytes of a batch at a time: enough that taking turns costs nothing, little enough
// that a batch is ready early.
constexpr size_t kClaimBytes = 64 << 10;

BatchPlan plan_of(const LoaderOptions& options) {
  return {static_cast<int64_t>(options.indices.size()),
          options.batch_size,
          options.drop_last,
          options.rank,
          options.world_size,
          options.shards};
}

}  // namespace

Loader::Loader(DatasetPtr dataset, LoaderOptions options)
    : dataset_(std::move(dataset)),
      options_(std::move(options)),
      unshuffled_(std::shared_ptr<const void>(), &options_.indices) {
  check();
  const int64_t batches = plan_of(options_).batches();
  if (options_.first_batch < 0 || options_.first_batch > batches) {
    throw Error("INVALID_ARGUMENT", "Expected a first batch from 0 to " + std::to_string(batches) +
                                        " but received " + std::to_string(options_.first_batch));
  }
  end_ = batches * options_.epochs;
  opened_ = delivered_ = options_.first_batch;
  ring_.resize(static_cast<size_t>(options_.prefetch));
  pool_ = std::make_shared<BatchPool>(ring_.size() + 2);
  start_threads();
}

void Loader::check() const {
  const auto invalid = [](const std::string& message) { throw Error("INVALID_ARGUMENT", message); };
  dataset_->check_indices(options_.indices);
  if (options_.batch_size < 1 || options_.threads < 1 || options_.prefetch < 1 || options_.epochs < 1) {
    invalid("Expected batch size, threads, prefetch and epochs of a loader to be at least 1");
  }
  if (options_.world_size < 1 || options_.rank < 0 || options_.rank >= options_.world_size) {
    invalid("Expected a rank from 0 to " + std::to_string(options_.world_size - 1) + " but received " +
            std::to_string(options_.rank));
  }
  if (options_.shards < 1 || options_.shards % options_.world_size != 0) {
    invalid("Expected shards to be a multiple of " + std::to_string(options_.world_size) +
            " ranks but received " + std::to_string(options_.shards));
  }
  const ImageShape& shape = dataset_->shape();
  const auto channels = static_cast<size_t>(shape.channels);
  if (options_.mean.size() != channels || options_.std.size() != channels) {
    invalid("Expected mean and std of a loader to have " + std::to_string(channels) + " values");
  }
  // Indices may name an image any number of times, so the data set does not limit a batch.
  checked_product({options_.batch_size, options_.shards, shape.channels, shape.height, shape.width},
                  "the batches of a step");
  const Augment& augment = options_.augment;
  if (augment.padding < 0 || augment.padding > std::min(shape.height, shape.width)) {
    invalid("Expected a crop padding from 0 to the image's side but received " +
            std::to_string(augment.padding));
  }
  if (augment.jitters() && channels != 1 && channels != 3) {
    invalid("Expected images of 1 or 3 channels for colour jitter but they have " + std::to_string(channels));
  }
  if ((augment.erase > 0 || augment.cutout > 0) && augment.fill.size() != channels) {
    invalid("Expected " + std::to_string(channels) + " fill values for erasing");
  }
}

void Loader::start_threads() {
  try {
    for (int i = 0; i < options_.threads; i++) threads_.emplace_back([this] { work(); });
  } catch (...) {  // no more threads to be had: a destructor does not run for a half-built object
    stop(std::current_exception());
    for (auto& thread : threads_) thread.join();
    throw Error("NATIVE", "Cannot start the threads of a loader", "use fewer loader threads");
  }
}

Loader::~Loader() {
  stop(std::make_exception_ptr(Error("DISPOSED", "The loader was disposed")));
  for (auto& thread : threads_) thread.join();
}

void Loader::next(Receiver receiver) {
  std::lock_guard lock(mutex_);
  if (stopped_) return receiver({nullptr, stopped_});
  waiting_.push_back(std::move(receiver));
  deliver();
}

void Loader::stop(std::exception_ptr error) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  stopped_ = error;
  stopping_ = true;
  room_.notify_all();
  for (auto& receiver : waiting_) receiver({nullptr, error});
  waiting_.clear();
}

LoaderTimes Loader::times() const {
  std::lock_guard lock(mutex_);
  return times_;
}

void Loader::work() {
  try {
    make_batches();
  } catch (...) {
    stop(std::current_exception());
  }
}

void Loader::make_batches() {
  ImageWorker worker(dataset_);
  ImageTimes before;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!something_to_do()) {
      const auto since = std::chrono::steady_clock::now();
      room_.wait(lock, [this] { return something_to_do(); });
      if (!stopped_)
        times_.idle += std::chrono::nanoseconds(std::chrono::steady_clock::now() - since).count();
    }
    int64_t begin = 0, end = 0;
    if (stopped_ || (opened_ == end_ && !has_unclaimed())) return;
    Slot& slot = claim(&begin, &end);
    lock.unlock();
    prepare(slot, begin, end, worker);
    lock.lock();
    times_.images.add(worker.times(), before);
    before = worker.times();
    if (stopped_) return;
    slot.done += end - begin;
    if (slot.done < static_cast<int64_t>(slot.good.size())) continue;
    lock.unlock();  // nobody else touches a batch whose images are all done
    finish(slot);
    lock.lock();
    if (stopped_) return;
    slot.ready = true;
    deliver();
  }
}

bool Loader::has_unclaimed() const {
  if (opened_ == options_.first_batch) return false;
  const Slot& newest = ring_[static_cast<size_t>(opened_ - 1) % ring_.size()];
  return newest.batch && newest.claimed < static_cast<int64_t>(newest.good.size());
}

bool Loader::something_to_do() const {
  return stopped_ || has_unclaimed() || opened_ == end_ ||
         opened_ < delivered_ + static_cast<int64_t>(ring_.size());
}

Loader::Slot& Loader::claim(int64_t* begin, int64_t* end) {
  if (!has_unclaimed()) {
    open(ring_[static_cast<size_t>(opened_) % ring_.size()], opened_);
    opened_++;
  }
  Slot& slot = ring_[static_cast<size_t>(opened_ - 1) % ring_.size()];
  const auto run = static_cast<int64_t>(std::max<size_t>(1, kClaimBytes / dataset_->shape().bytes()));
  *begin = slot.claimed;
  *end = slot.claimed = std::min(slot.claimed + run, static_cast<int64_t>(slot.good.size()));
  if (has_unclaimed() || opened_ < delivered_ + static_cast<int64_t>(ring_.size())) room_.notify_one();
  return slot;
}

void Loader::open(Slot& slot, int64_t number) {
  const BatchPlan plan = plan_of(options_);
  slot = {};
  slot.epoch = options_.epoch + static_cast<uint64_t>(number / plan.batches());
  slot.number = number % plan.batches();
  slot.first = plan.first(slot.number);
  if (options_.shuffle && (!order_ || order_epoch_ != slot.epoch)) {
    auto order = std::make_shared<std::vector<uint32_t>>(options_.indices);
    shuffle_indices(*order, options_.seed, slot.epoch);
    order_ = std::move(order);
    order_epoch_ = slot.epoch;
  }
  slot.order = options_.shuffle ? order_ : unshuffled_;
  slot.batch = pool_->take();
  Batch& batch = *slot.batch;
  const ImageShape& shape = dataset_->shape();
  batch.count = plan.count(slot.number);
  batch.channels = shape.channels;
  batch.height = shape.height;
  batch.width = shape.width;
  batch.mean = options_.mean;
  batch.std = options_.std;
  batch.second_labels.clear();
  batch.share = 1;
  const auto count = static_cast<size_t>(batch.count);
  batch.labels.resize(count);
  batch.pixels.resize(count * shape.bytes());
  slot.good.assign(count, 0);
}

void Loader::prepare(Slot& slot, int64_t begin, int64_t end, ImageWorker& worker) {
  const size_t bytes = dataset_->shape().bytes();
  for (int64_t i = begin; i < end && !stopping_; i++) {
    const uint32_t index = (*slot.order)[static_cast<size_t>(slot.first + i)];
    try {
      slot.batch->labels[static_cast<size_t>(i)] = dataset_->label(index);
      uint8_t* out = slot.batch->pixels.data() + static_cast<size_t>(i) * bytes;
      slot.good[static_cast<size_t>(i)] =
          worker.prepare(index, options_.augment, options_.seed, slot.epoch, out);
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (slot.error && slot.error_at < i) return;
      slot.error = std::current_exception();
      slot.error_at = i;
      return;
    }
  }
}

// Closes the gaps that broken images left, and mixes.
void Loader::finish(Slot& slot) const {
  Batch& batch = *slot.batch;
  const size_t bytes = dataset_->shape().bytes();
  size_t kept = 0;
  for (size_t i = 0; i < slot.good.size(); i++) {
    if (!slot.good[i]) continue;
    if (kept != i) {
      batch.labels[kept] = batch.labels[i];
      std::memcpy(batch.pixels.data() + kept * bytes, batch.pixels.data() + i * bytes, bytes);
    }
    kept++;
  }
  if (slot.error) return;
  if (kept == 0) {
    slot.error = std::make_exception_ptr(
        Error("INVALID_DATASET", "Expected a batch of images but each of its " +
                                     std::to_string(slot.good.size()) + " images is broken"));
    return;
  }
  batch.count = static_cast<int64_t>(kept);
  batch.labels.resize(kept);
  batch.pixels.resize(kept * bytes);
  mix_images(options_.augment, options_.seed, slot.epoch, plan_of(options_).number(slot.number), batch);
}

void Loader::deliver() {
  while (!waiting_.empty()) {
    if (delivered_ == end_) {
      waiting_.front()({nullptr, nullptr});
    } else {
      Slot& slot = ring_[static_cast<size_t>(delivered_) % ring_.size()];
      if (!slot.ready) return;
      if (slot.error) {
        waiting_.front()({nullptr, slot.error});
      } else {
        waiting_.front()({std::move(slot.batch), nullptr});
      }
      slot = {};
      delivered_++;
      room_.notify_one();
    }
    waiting_.pop_front();
  }
}

}  // namespace singlepath
