#include "binding/data_env.h"

#include <utility>

namespace singlepath {

DataEnv* DataEnv::create(Napi::Env env) {
  auto* data = new DataEnv;
  data->queue = JsQueue::create(env);
  env.AddCleanupHook(
      [](DataEnv* gone) {
        gone->queue->close();
        for (auto& thread : gone->threads) thread.join();
        delete gone;
      },
      data);
  return data;
}

Napi::Promise DataEnv::run(Napi::Env env, std::function<Later::Make()> work) {
  const auto thread = threads.emplace(threads.end());
  Later later = queue->later(env);
  const auto body = [this, thread, work = std::move(work), settle = later.settle] {
    Later::Make make;
    try {
      make = work();
    } catch (...) {
      make = [error = std::current_exception()](Napi::Env) -> Napi::Value { std::rethrow_exception(error); };
    }
    settle([this, thread, make = std::move(make)](Napi::Env env) {
      thread->join();
      threads.erase(thread);
      return make(env);
    });
  };
  try {
    *thread = std::thread(body);
  } catch (...) {  // no thread to be had
    threads.erase(thread);
    later.settle([error = std::current_exception()](Napi::Env) -> Napi::Value { std::rethrow_exception(error); });
  }
  return later.promise;
}

}  // namespace singlepath
