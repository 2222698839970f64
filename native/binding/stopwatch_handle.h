#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "latency/stopwatch.h"

namespace singlepath {

class Environment;

// JavaScript's handle on blocks to time (src/latency/device/local.ts).
class StopwatchHandle : public Napi::ObjectWrap<StopwatchHandle> {
 public:
  static void init(Napi::Env env, Napi::Object exports);

  explicit StopwatchHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

 private:
  Napi::Value add_block(const Napi::CallbackInfo& info);
  Napi::Value add_script(const Napi::CallbackInfo& info);
  Napi::Value time(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const std::shared_ptr<Stopwatch>& live() const;
  void release(Napi::BasicEnv env);

  Environment* environment_;
  std::shared_ptr<Stopwatch> stopwatch_;
};

}  // namespace singlepath
