#include <torch/version.h>

#include "binding/napi_setup.h"

namespace {

Napi::Value versions(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("torch", TORCH_VERSION);
  result.Set("cxx", std::to_string(__cplusplus));
  result.Set("cuda", info.Env().Null());
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("versions", Napi::Function::New(env, versions));
  return exports;
}

}  // namespace

NODE_API_MODULE(singlepath, init)
