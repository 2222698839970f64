#include "data/sources/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace singlepath {

void for_each_index(int64_t begin, int64_t end, int threads, const Cancellation& cancel,
                    const std::function<void(int64_t index, int thread)>& work,
                    const std::function<void()>& done) {
  std::atomic<int64_t> next{begin};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&](int thread) {
    for (int64_t index; (index = next++) < end;) {
      try {
        cancel.check();
        work(index, thread);
        if (done) done();
      } catch (...) {
        next = end;
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  std::vector<std::thread> helpers;
  const int64_t useful = std::min<int64_t>(threads, end - begin);
  for (int thread = 1; thread < useful; thread++) {
    try {
      helpers.emplace_back(run, thread);
    } catch (const std::system_error&) {
      break;  // no more threads to be had: those that run do the work
    }
  }
  run(0);
  for (auto& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace singlepath
