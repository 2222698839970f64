#pragma once

#include "binding/handle.h"
#include "latency/stopwatch.h"

namespace singlepath {

// JavaScript's handle on blocks to time (src/latency/device/local.ts).
class StopwatchHandle : public Handle<StopwatchHandle, Stopwatch> {
 public:
  static constexpr const char* kClass = "Stopwatch";
  static constexpr const char* kNoun = "stopwatch";
  static constexpr napi_type_tag kTag = {0xd80f4a6c917b4e35, 0x8b2f5e70c3d6194a};

  static void init(Napi::Env env, Napi::Object exports);

  explicit StopwatchHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value add_block(const Napi::CallbackInfo& info);
  Napi::Value add_script(const Napi::CallbackInfo& info);
  Napi::Value outputs(const Napi::CallbackInfo& info);
  Napi::Value time(const Napi::CallbackInfo& info);
};

}  // namespace singlepath
