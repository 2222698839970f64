#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "core/cancel.h"

namespace singlepath {

// JavaScript's handle on a cancel token (src/runtime/call.ts connects it to an AbortSignal).
class CancelHandle : public Napi::ObjectWrap<CancelHandle> {
 public:
  static void init(Napi::Env env, Napi::Object exports);
  static std::shared_ptr<const CancelToken> from(const Napi::Value& value);

  explicit CancelHandle(const Napi::CallbackInfo& info);

 private:
  void cancel(const Napi::CallbackInfo&) { token_->cancel(); }

  std::shared_ptr<CancelToken> token_ = std::make_shared<CancelToken>();
};

}  // namespace singlepath
