#pragma once

#include <exception>
#include <memory>

#include "binding/napi_setup.h"
#include "supernet/network.h"

namespace singlepath {

class Environment;

// The network itself: built on the engine thread by the first queued work; its error is kept for later calls.
struct NetworkSlot {
  NetworkDescription description;
  NetworkOptions options;
  std::unique_ptr<Network> network;
  std::exception_ptr error;

  Network& get();
};

// JavaScript's handle on a network. Queued work shares the slot, so dispose() during work is safe: memory is
// freed when the last work ends.
class NetworkHandle : public Napi::ObjectWrap<NetworkHandle> {
 public:
  static void init(Napi::Env env, Napi::Object exports);

  explicit NetworkHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { release(env); }

 private:
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value gradients(const Napi::CallbackInfo& info);
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value recalibrate(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value naswot(const Napi::CallbackInfo& info);
  Napi::Value validate(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info) { release(info.Env()); }

  const std::shared_ptr<NetworkSlot>& live() const;
  void release(Napi::BasicEnv env);

  Environment* environment_;
  std::shared_ptr<NetworkSlot> slot_;
  int64_t bytes_ = 0;
};

Napi::Value to_js(Napi::Env env, const Validation& validation);

}  // namespace singlepath
