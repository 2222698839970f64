// Tells JavaScript how far a call has come.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "binding/environment.h"
#include "binding/napi_setup.h"

namespace singlepath {

// Calls `callback(done, total)` on the JavaScript thread at most ten times a second, and at the end.
class Progress {
 public:
  Progress(Environment& environment, std::shared_ptr<Napi::FunctionReference> callback)
      : environment_(environment), callback_(std::move(callback)) {}

  void operator()(int64_t done, int64_t total);

 private:
  Environment& environment_;
  std::shared_ptr<Napi::FunctionReference> callback_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace singlepath
