// A promise for work on the engine thread. The baton rule: everything the work needs is copied into plain C++
// on the JavaScript thread; the work never sees N-API; its result is converted back on the JavaScript thread.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "binding/environment.h"
#include "binding/errors.h"
#include "core/cancel.h"

namespace singlepath {

// What both kinds of work below keep on their way through the threads.
template <class Result, class Convert>
struct Promised {
  Napi::Promise::Deferred deferred;
  Convert convert;
  std::optional<Result> result;
  Failure failure;
};

// On the JavaScript thread, with its only pointer: it may own JavaScript references.
template <class Result, class Convert>
void settle(Napi::Env env, Promised<Result, Convert>& promised) {
  Environment::of(env).end(env);
  Napi::HandleScope scope(env);
  if (!promised.result) {
    promised.deferred.Reject(promised.failure.to_js(env).Value());
    return;
  }
  try {
    promised.deferred.Resolve(promised.convert(env, *promised.result));
  } catch (const Napi::Error& error) {
    promised.deferred.Reject(error.Value());
  }
}

// `execute(const Cancellation&) -> Result` on the engine, `convert(Napi::Env, Result&) -> Napi::Value` back
// here.
template <class Execute, class Convert>
Napi::Value run_on_engine(Napi::Env env, std::shared_ptr<const CancelToken> token, Execute execute,
                          Convert convert) {
  using Result = decltype(execute(std::declval<const Cancellation&>()));
  struct Task : Promised<Result, Convert> {
    Execute execute;
  };
  Environment& environment = Environment::of(env);
  auto task = std::make_shared<Task>(
      Task{{Napi::Promise::Deferred::New(env), std::move(convert), {}, {}}, std::move(execute)});
  const Napi::Promise promise = task->deferred.Promise();
  const Cancellation cancellation{std::move(token), environment.engine().stop_token()};
  environment.begin(env);
  // The engine hands its only pointer on instead of copying it.
  environment.engine().post([&environment, task = std::move(task), cancellation](bool live) mutable {
    try {
      if (!live) throw Error("ABORTED", "Aborted because the process is ending");
      cancellation.check();
      task->result.emplace(task->execute(cancellation));
    } catch (...) {
      task->failure = Failure::current();
    }
    environment.call_later([task = std::move(task)](Napi::Env env) { settle(env, *task); });
  });
  return promise;
}

// See run_in_flight().
template <class Result, class Start, class Finish, class Convert, class OnFailure>
struct InFlight : Promised<Result, Convert> {
  Start start;
  Finish finish;
  OnFailure on_failure;
  std::optional<std::invoke_result_t<Start&>> started;

  // True where the rest is the card's.
  bool begin() {
    attempt([&] { started.emplace(start()); });
    return started && !started->done();
  }
  void end() {
    if (!started) return;
    attempt([&] { this->result.emplace(finish(*started)); });
    // Here and not where the promise is settled: to free pinned memory is an event on the engine's stream,
    // which no other thread may put there while the engine records a CUDA graph.
    started.reset();
  }
  template <class Body>
  void attempt(const Body& body) {
    try {
      body();
    } catch (...) {
      this->failure = Failure::current();
    }
  }
};

// Work of which two may be under way (runtime/engine.h). `start() -> Started` on the engine, which may leave
// the rest to a card; `started.done()` says whether `finish(Started&) -> Result` will wait for it.
// `on_failure()` here, before the promise is rejected.
template <class Start, class Finish, class Convert, class OnFailure>
Napi::Value run_in_flight(Napi::Env env, Start start, Finish finish, Convert convert, OnFailure on_failure) {
  using Result = decltype(finish(std::declval<decltype(start())&>()));
  using Task = InFlight<Result, Start, Finish, Convert, OnFailure>;
  using Pointer = std::shared_ptr<Task>;
  Environment& environment = Environment::of(env);
  auto task = std::make_shared<Task>(Task{{Napi::Promise::Deferred::New(env), std::move(convert), {}, {}},
                                          std::move(start),
                                          std::move(finish),
                                          std::move(on_failure),
                                          {}});
  const Napi::Promise promise = task->deferred.Promise();
  environment.begin(env);
  const auto hand_back = [&environment](Pointer own) {
    environment.call_later([own = std::move(own)](Napi::Env env) {
      if (!own->result) own->on_failure();
      settle(env, *own);
    });
  };
  auto work = [&environment, hand_back, task = std::move(task)](bool live) mutable {
    if (!live) task->failure = {"ABORTED", "Aborted because the process is ending", ""};
    if (live && task->begin()) {
      const auto waiting = std::make_shared<Pointer>(std::move(task));
      environment.engine().finish_later({[waiting] { return (*waiting)->started->done(); },
                                         [waiting, hand_back] {
                                           (*waiting)->end();
                                           hand_back(std::move(*waiting));
                                         }});
      return;
    }
    if (live) environment.engine().finish_unfinished();  // results come in the order of the calls
    task->end();
    hand_back(std::move(task));
  };
  environment.engine().post(std::move(work), /*beside=*/true);
  return promise;
}

// For work without a result.
struct Nothing {};
inline Napi::Value to_undefined(Napi::Env env, Nothing&) {
  return env.Undefined();
}

}  // namespace singlepath
