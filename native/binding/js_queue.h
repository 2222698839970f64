// The way back from native threads to the JavaScript thread of one environment.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "binding/napi_setup.h"

namespace singlepath {

// A promise and the function that settles it. `settle` may be called once, from any thread; `make` runs on the
// JavaScript thread and gives the value, or throws to reject.
struct Later {
  using Make = std::function<Napi::Value(Napi::Env)>;
  Napi::Promise promise;
  std::function<void(Make make)> settle;
};

// While promises are open the queue keeps the process alive; otherwise it does not.
class JsQueue : public std::enable_shared_from_this<JsQueue> {
 public:
  static std::shared_ptr<JsQueue> create(Napi::Env env);

  // JavaScript thread only.
  Later later(Napi::Env env);

  // Runs `task` on the JavaScript thread. Any thread; after close() the task is dropped.
  using Task = std::function<void(Napi::Env)>;
  void post(Task task);

  // JavaScript thread, when the environment goes (from a clean-up hook added after create()): promises still open
  // are left so.
  void close();

 private:
  JsQueue() = default;

  std::mutex mutex_;
  napi_threadsafe_function function_ = nullptr;
  bool closed_ = false;
  int open_ = 0;  // unsettled promises; JavaScript thread only
};

}  // namespace singlepath
