#include "binding/settle.h"

#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "binding/errors.h"

namespace singlepath {
namespace {

MakeValue rejection(const std::exception_ptr& error) {
  return [error](Napi::Env) -> Napi::Value { std::rethrow_exception(error); };
}

void join(void* thread) {
  static_cast<std::thread*>(thread)->join();
}

}  // namespace

Later later(Napi::Env env) {
  Environment& environment = Environment::of(env);
  environment.begin(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  auto settle = [&environment, deferred](MakeValue make) {
    environment.call_later([deferred, make = std::move(make)](Napi::Env env) {
      Environment::of(env).end(env);
      const Napi::HandleScope scope(env);
      try {
        deferred.Resolve(guarded(env, [&] { return make(env); }));
      } catch (const Napi::Error& error) {
        deferred.Reject(error.Value());
      }
    });
  };
  return {deferred.Promise(), std::move(settle)};
}

Napi::Promise run_on_thread(Napi::Env env, std::function<MakeValue()> work) {
  Later promised = later(env);
  auto* thread = new std::thread;
  const auto body = [thread, work = std::move(work), settle = promised.settle] {
    MakeValue make;
    try {
      make = work();
    } catch (...) {
      make = rejection(std::current_exception());
    }
    settle([thread, make = std::move(make)](Napi::Env env) {
      napi_remove_env_cleanup_hook(env, join, thread);
      const std::unique_ptr<std::thread> owned(thread);
      owned->join();
      return make(env);
    });
  };
  try {
    *thread = std::thread(body);
    napi_add_env_cleanup_hook(env, join, thread);
  } catch (...) {  // no thread to be had
    delete thread;
    promised.settle(rejection(std::current_exception()));
  }
  return promised.promise;
}

}  // namespace singlepath
