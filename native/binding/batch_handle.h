#pragma once

#include <vector>

#include "binding/handle.h"
#include "data/batch.h"

namespace singlepath {

// JavaScript's handle on a batch of images and labels.
class BatchHandle : public Handle<BatchHandle, const Batch> {
 public:
  static constexpr const char* kClass = "Batch";
  static constexpr const char* kNoun = "batch";
  static constexpr napi_type_tag kTag = {0x1e9d04b7a6c34f52, 0xb7c8f1523d6e9a04};

  static void init(Napi::Env env, Napi::Object exports);
  // A new handle on `batch`.
  static Napi::Object create(Napi::Env env, BatchPtr batch);
  static std::vector<BatchPtr> list_from(const Napi::Value& value);

  explicit BatchHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value shape(const Napi::CallbackInfo& info);
  Napi::Value labels(const Napi::CallbackInfo& info);
  Napi::Value mix(const Napi::CallbackInfo& info);
  Napi::Value images(const Napi::CallbackInfo& info);
};

}  // namespace singlepath
