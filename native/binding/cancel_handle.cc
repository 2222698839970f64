#include "binding/cancel_handle.h"

#include "binding/convert.h"

namespace singlepath {
namespace {

constexpr napi_type_tag kCancelTag = {0x5f3a1c7be2094d68, 0x8d21e6b04c9f7a31};

}  // namespace

void CancelHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Cancel", DefineClass(env, "Cancel", {InstanceMethod<&CancelHandle::cancel>("cancel")}));
}

CancelHandle::CancelHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  info.This().As<Napi::Object>().TypeTag(&kCancelTag);
}

std::shared_ptr<const CancelToken> CancelHandle::from(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kCancelTag)) {
    expected("a Cancel handle", "cancel", value);
  }
  return Unwrap(value.As<Napi::Object>())->token_;
}

}  // namespace singlepath
