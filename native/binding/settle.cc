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

// Lives from before its thread until the promise is settled.
struct Running {
  std::shared_ptr<CancelToken> stop;
  std::thread thread;
};

void end_thread(void* argument) {
  auto& running = *static_cast<Running*>(argument);
  if (running.stop) running.stop->cancel();
  running.thread.join();
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

Napi::Promise run_on_thread(Napi::Env env, std::function<MakeValue()> work,
                            std::shared_ptr<CancelToken> stop) {
  Later promised = later(env);
  auto* running = new Running{std::move(stop), {}};
  const auto body = [running, work = std::move(work), settle = promised.settle] {
    MakeValue make;
    try {
      make = work();
    } catch (...) {
      make = rejection(std::current_exception());
    }
    settle([running, make = std::move(make)](Napi::Env env) {
      napi_remove_env_cleanup_hook(env, end_thread, running);
      const std::unique_ptr<Running> owned(running);
      owned->thread.join();
      return make(env);
    });
  };
  try {
    running->thread = std::thread(body);
    napi_add_env_cleanup_hook(env, end_thread, running);
  } catch (...) {  // no thread to be had
    delete running;
    promised.settle(rejection(std::current_exception()));
  }
  return promised.promise;
}

}  // namespace singlepath
