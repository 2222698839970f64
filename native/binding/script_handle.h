#pragma once

#include "binding/handle.h"
#include "export/torchscript.h"

namespace singlepath {

// JavaScript's handle on a loaded TorchScript module.
class ScriptHandle : public Handle<ScriptHandle, Script> {
 public:
  static constexpr const char* kClass = "Script";
  static constexpr const char* kNoun = "TorchScript module";
  static constexpr napi_type_tag kTag = {0x71d5e8b2039f4ca6, 0x94b3607cf2a81e5d};

  // Adds `serializeScript` and `loadScript` to the addon.
  static void init(Napi::Env env, Napi::Object exports);

  static Napi::Object create(Napi::Env env, std::shared_ptr<Script> script);

  explicit ScriptHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value validate(const Napi::CallbackInfo& info);
};

}  // namespace singlepath
