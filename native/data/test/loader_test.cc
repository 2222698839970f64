// Stress of the loader's threads; test/native/programs.test.ts builds and runs it. The behaviour itself is
// tested from TypeScript (test/data/).
#include "data/loader.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <numeric>

#include "core/error.h"
#include "core/test/check.h"
#include "data/synthetic.h"

using namespace singlepath;

namespace {

LoaderOptions options_for(const Dataset& dataset, int threads, int prefetch) {
  LoaderOptions options;
  options.indices.resize(static_cast<size_t>(dataset.size()));
  std::iota(options.indices.begin(), options.indices.end(), 0u);
  options.batch_size = 7;
  options.shuffle = true;
  options.augment.padding = 2;
  options.augment.flip = true;
  options.mean.assign(static_cast<size_t>(dataset.shape().channels), 0.5f);
  options.std = options.mean;
  options.seed = 3;
  options.epoch = 11;
  options.threads = threads;
  options.prefetch = prefetch;
  return options;
}

std::future<BatchPtr> ask(Loader& loader) {
  auto promise = std::make_shared<std::promise<BatchPtr>>();
  loader.next([promise](LoaderOutcome outcome) {
    if (outcome.error) {
      promise->set_exception(outcome.error);
    } else {
      promise->set_value(outcome.batch);
    }
  });
  return promise->get_future();
}

// All bytes of the epoch from `first`, with `ahead` requests under way at once.
std::vector<uint8_t> run(const DatasetPtr& dataset, int threads, int prefetch, int ahead, int64_t first = 0,
                         int64_t epochs = 1) {
  auto options = options_for(*dataset, threads, prefetch);
  options.first_batch = first;
  options.epochs = epochs;
  Loader loader(dataset, options);
  std::deque<std::future<BatchPtr>> asked;
  std::vector<uint8_t> bytes;
  for (;;) {
    while (static_cast<int>(asked.size()) < ahead) asked.push_back(ask(loader));
    const BatchPtr batch = asked.front().get();
    asked.pop_front();
    if (!batch) return bytes;
    bytes.insert(bytes.end(), batch->pixels.begin(), batch->pixels.end());
    for (const int64_t label : batch->labels) bytes.push_back(static_cast<uint8_t>(label));
  }
}

}  // namespace

int main() {
  const auto dataset = std::make_shared<const Dataset>(
      std::make_shared<const PixelArray>(make_synthetic({100, 3, 6, 5, 4, 1, 0})), DatasetOptions{});
  const auto reference = run(dataset, 1, 1, 1);
  check(reference.size() == 100 * (3 * 6 * 5 + 1), "every image once");
  for (int threads = 1; threads <= 4; threads++) {
    for (int prefetch = 1; prefetch <= 5; prefetch++) {
      check(run(dataset, threads, prefetch, 1) == reference, "same bytes for any thread count");
      check(run(dataset, threads, prefetch, 3) == reference, "same bytes with several requests under way");
    }
  }
  const auto rest = run(dataset, 3, 4, 1, 5);
  check(std::equal(rest.rbegin(), rest.rend(), reference.rbegin()), "resumes inside the epoch");

  const auto three = run(dataset, 2, 3, 2, 0, 3);
  check(three.size() == 3 * reference.size() && std::equal(reference.begin(), reference.end(), three.begin()),
        "the first of three epochs");
  check(run(dataset, 4, 2, 1, 0, 3) == three, "same epochs for any thread count");

  try {  // it would begin behind its end, and prepare batches for ever
    run(dataset, 1, 1, 1, 5, 0);
    check(false, "no epoch is refused");
  } catch (const Error& error) {
    check(error.code == "INVALID_ARGUMENT", "no epoch is refused");
  }

  for (int round = 0; round < 300; round++) {  // stop and destroy at any time, requests waiting or not
    std::future<BatchPtr> pending;
    {
      Loader loader(dataset, options_for(*dataset, 1 + round % 4, 1 + round % 3));
      for (int i = 0; i < round % 10; i++) pending = ask(loader);
      if (round % 2) loader.stop(std::make_exception_ptr(Error("ABORTED", "Aborted")));
      if (round % 4 == 1) pending = ask(loader);
    }
    if (pending.valid()) {
      try {
        check(pending.get() != nullptr, "a batch");
      } catch (const Error& error) {
        check(error.code == "ABORTED" || error.code == "DISPOSED", "aborted or disposed");
      }
    }
  }
  std::puts("loader_test: ok");
}
