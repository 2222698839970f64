#pragma once

#include <vector>

#include "binding/napi_setup.h"
#include "data/batch.h"

namespace singlepath {

class Environment;

// JavaScript's handle on a batch of images and labels.
class BatchHandle : public Napi::ObjectWrap<BatchHandle> {
 public:
  static void init(Napi::Env env, Napi::Object exports);
  // A new handle on `batch`.
  static Napi::Object create(Napi::Env env, BatchPtr batch);
  // Throws INVALID_ARGUMENT for other values, DISPOSED after dispose().
  static BatchPtr from(const Napi::Value& value);
  static std::vector<BatchPtr> list_from(const Napi::Value& value);

  explicit BatchHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value shape(const Napi::CallbackInfo& info);
  Napi::Value labels(const Napi::CallbackInfo& info);
  Napi::Value mix(const Napi::CallbackInfo& info);
  Napi::Value images(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const Batch& live() const;
  void release(Napi::BasicEnv env);

  Environment* environment_;
  BatchPtr batch_;
  int64_t bytes_ = 0;
};

}  // namespace singlepath
