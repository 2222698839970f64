// A promise for work on the engine thread. The baton rule: everything the work needs is copied into plain C++
// on the JavaScript thread; the work never sees N-API; its result is converted back on the JavaScript thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "binding/environment.h"
#include "binding/errors.h"
#include "core/cancel.h"

namespace singlepath {

// `execute(const Cancellation&) -> Result` on the engine, `convert(Napi::Env, Result&) -> Napi::Value` back
// here.
template <class Execute, class Convert>
Napi::Value run_on_engine(Napi::Env env, std::shared_ptr<const CancelToken> token, Execute execute,
                          Convert convert) {
  using Result = decltype(execute(std::declval<const Cancellation&>()));
  struct Task {
    Napi::Promise::Deferred deferred;
    Execute execute;
    Convert convert;
    std::optional<Result> result;
    Failure failure;
  };
  Environment& environment = Environment::of(env);
  auto task = std::make_shared<Task>(
      Task{Napi::Promise::Deferred::New(env), std::move(execute), std::move(convert), {}, {}});
  const Napi::Promise promise = task->deferred.Promise();
  const Cancellation cancellation{std::move(token), environment.engine().stop_token()};
  environment.begin(env);
  // The task may own JavaScript references, so the engine hands its only pointer on instead of copying it.
  environment.engine().post([&environment, task = std::move(task), cancellation](bool live) mutable {
    try {
      if (!live) throw Error("ABORTED", "Aborted because the process is ending");
      cancellation.check();
      task->result.emplace(task->execute(cancellation));
    } catch (...) {
      task->failure = Failure::current();
    }
    environment.call_later([task = std::move(task)](Napi::Env env) {
      Environment::of(env).end(env);
      Napi::HandleScope scope(env);
      if (!task->result) {
        task->deferred.Reject(task->failure.to_js(env).Value());
        return;
      }
      try {
        task->deferred.Resolve(task->convert(env, *task->result));
      } catch (const Napi::Error& error) {
        task->deferred.Reject(error.Value());
      }
    });
  });
  return promise;
}

// For work without a result.
struct Nothing {};
inline Napi::Value to_undefined(Napi::Env env, Nothing&) {
  return env.Undefined();
}

}  // namespace singlepath
