#pragma once

#include "binding/handle.h"
#include "data/loader.h"

namespace singlepath {

// JavaScript's handle on the batches of one epoch, or several.
class LoaderHandle : public Handle<LoaderHandle, Loader> {
 public:
  static constexpr const char* kClass = "Loader";
  static constexpr const char* kNoun = "loader";
  static constexpr napi_type_tag kTag = {0x3c71a90e54d8462b, 0xa6f02d1b8e9c5734};

  static void init(Napi::Env env, Napi::Object exports);

  // (dataset, options): starts preparing at once.
  explicit LoaderHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value times(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);

  friend Handle;
  void released(Napi::BasicEnv env);
};

}  // namespace singlepath
