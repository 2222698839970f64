// What belongs to one JavaScript environment (the main thread, or one worker): its engine, the way back to
// its thread, and counters of live handles. No state is shared between environments.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "binding/napi_setup.h"
#include "runtime/engine.h"

namespace singlepath {

class Environment {
 public:
  // Creates it and hooks it to the end of the environment and of the process.
  static void install(Napi::Env env);
  static Environment& of(Napi::BasicEnv env);

  Engine& engine() { return engine_; }

  // Runs `callback` on the JavaScript thread; from any thread. Dropped when the environment is ending, and so
  // is what it throws.
  using Callback = std::function<void(Napi::Env)>;
  void call_later(Callback callback);

  // Between these two, on the JavaScript thread, the environment is kept alive for a promise.
  void begin(Napi::Env env);
  void end(Napi::Env env);

  // What ends a wait of the engine for other processes, before the end of the environment waits for the
  // engine; null takes it back.
  void interrupt_with(const void* owner, std::function<void()> interrupt);

  // Live handles by class name, for leak tests. `bytes` is reported to V8's garbage collector.
  void count(Napi::BasicEnv env, const std::string& name, int delta, int64_t bytes = 0);
  const std::map<std::string, int>& handles() const { return handles_; }

  // Constructors native code calls.
  Napi::FunctionReference batch_class, dataset_class, script_class;

 private:
  explicit Environment(Napi::Env env);
  void stop();

  Engine engine_;
  Napi::ThreadSafeFunction to_js_;
  int pending_ = 0;
  std::map<std::string, int> handles_;
  std::map<const void*, std::function<void()>> interrupts_;
};

}  // namespace singlepath
