// JavaScript's handle on the batches of one epoch: NativeLoader in src/runtime/native.ts.
#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "data/loader.h"

namespace singlepath {

class Environment;

class LoaderHandle : public Napi::ObjectWrap<LoaderHandle> {
 public:
  static Napi::Function define(Napi::Env env);

  // (dataset, options): starts preparing at once.
  explicit LoaderHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value times(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  void release(Napi::BasicEnv env);

  Environment* environment_;
  std::unique_ptr<Loader> loader_;
};

// Adds `Loader` to the addon.
void init_loader(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
