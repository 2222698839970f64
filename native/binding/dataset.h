// JavaScript's handle on a data set: NativeDataset in src/runtime/native.ts.
#pragma once

#include "binding/data_env.h"
#include "data/dataset.h"

namespace singlepath {

class DatasetHandle : public Napi::ObjectWrap<DatasetHandle> {
 public:
  static Napi::Function define(Napi::Env env, DataEnv* data);
  static Napi::Object create(Napi::Env env, const DataEnv& data, DatasetPtr dataset);
  // The data set of a handle. Throws INVALID_ARGUMENT for another value, DISPOSED after dispose().
  static DatasetPtr from(Napi::Value value);

  explicit DatasetHandle(const Napi::CallbackInfo& info);
  ~DatasetHandle() override { release(Env()); }

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value shape(const Napi::CallbackInfo& info);
  Napi::Value labels(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const DatasetPtr& live() const;
  void release(Napi::Env env);

  DataEnv* data_;
  DatasetPtr dataset_;
};

// Adds `openDataset` to the addon.
void init_dataset(Napi::Env env, Napi::Object exports);

}  // namespace singlepath
