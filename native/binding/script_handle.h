#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "export/torchscript.h"

namespace singlepath {

class Environment;

// JavaScript's handle on a loaded TorchScript module; serializeScript and loadScript.
class ScriptHandle : public Napi::ObjectWrap<ScriptHandle> {
 public:
  static void init(Napi::Env env, Napi::Object exports);

  explicit ScriptHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

 private:
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value validate(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const std::shared_ptr<Script>& live() const;
  void release(Napi::BasicEnv env);

  Environment* environment_;
  std::shared_ptr<Script> script_;
};

}  // namespace singlepath
