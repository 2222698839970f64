// A promise that any thread settles, and work on a thread of its own: for the data path, which must not wait
// for the engine.
#pragma once

#include <functional>
#include <memory>

#include "binding/environment.h"
#include "core/cancel.h"

namespace singlepath {

// Makes the value on the JavaScript thread, or throws to reject.
using MakeValue = std::function<Napi::Value(Napi::Env)>;

// `settle` may be called once, from any thread, until the environment's clean-up hooks have run.
struct Later {
  Napi::Promise promise;
  std::function<void(MakeValue)> settle;
};

Later later(Napi::Env env);

// Runs `work` on a new thread and settles the promise with what it returns or throws. The end of the
// environment raises `stop`, where there is one, and waits for the thread.
Napi::Promise run_on_thread(Napi::Env env, std::function<MakeValue()> work,
                            std::shared_ptr<CancelToken> stop = nullptr);

}  // namespace singlepath
