#pragma once

#include "binding/handle.h"
#include "data/dataset.h"
#include "data/sources/image_set.h"

namespace singlepath {

// JavaScript's handle on a data set.
class DatasetHandle : public Handle<DatasetHandle, const Dataset> {
 public:
  static constexpr const char* kClass = "Dataset";
  static constexpr const char* kNoun = "data set";
  static constexpr napi_type_tag kTag = {0x5fa3b1c07d2e4916, 0x8c0d6e35a9f14b72};

  // Adds `openDataset` to the addon.
  static void init(Napi::Env env, Napi::Object exports);
  static Napi::Object create(Napi::Env env, DatasetPtr dataset, std::shared_ptr<const ImageSet> images);

  explicit DatasetHandle(const Napi::CallbackInfo& info);

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
  Napi::Value later_batch(const Napi::CallbackInfo& info);

  friend Handle;
  void released(Napi::BasicEnv) { images_.reset(); }

  std::shared_ptr<const ImageSet> images_;
};

}  // namespace singlepath
