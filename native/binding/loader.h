// JavaScript's handle on the batches of one epoch: NativeLoader in src/runtime/native.ts.
#pragma once

#include <memory>

#include "binding/data_env.h"
#include "data/loader.h"

namespace singlepath {

class LoaderHandle : public Napi::ObjectWrap<LoaderHandle> {
 public:
  static Napi::Function define(Napi::Env env, DataEnv* data);

  // (dataset, options): starts preparing at once.
  explicit LoaderHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<JsQueue> queue_;
  std::unique_ptr<Loader> loader_;
};

// Adds `Loader` to the addon.
void init_loader(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
