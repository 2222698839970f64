// JavaScript's handle on a data set: NativeDataset in src/runtime/native.ts.
#pragma once

#include "binding/napi_setup.h"
#include "data/dataset.h"
#include "data/sources/image_set.h"

namespace singlepath {

class Environment;

class DatasetHandle : public Napi::ObjectWrap<DatasetHandle> {
 public:
  static Napi::Object create(Napi::Env env, DatasetPtr dataset, std::shared_ptr<const ImageSet> images);
  // Throws INVALID_ARGUMENT for other values, DISPOSED after dispose().
  static DatasetPtr from(const Napi::Value& value);

  explicit DatasetHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

  static Napi::Function define(Napi::Env env);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value shape(const Napi::CallbackInfo& info);
  Napi::Value labels(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value class_names(const Napi::CallbackInfo& info);
  Napi::Value has_test(const Napi::CallbackInfo& info);
  Napi::Value notes(const Napi::CallbackInfo& info);
  Napi::Value fingerprint(const Napi::CallbackInfo& info);
  Napi::Value broken(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const DatasetPtr& live() const;
  void release(Napi::BasicEnv env);

  Environment* environment_;
  DatasetPtr dataset_;
  std::shared_ptr<const ImageSet> images_;
  int64_t bytes_ = 0;
};

// Adds `openDataset` to the addon.
void init_dataset(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
