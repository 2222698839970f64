#pragma once

#include <functional>
#include <memory>

#include "binding/handle.h"
#include "binding/settle.h"

namespace singlepath {

class Store;
class StoreThread;

// JavaScript's handle on a store. Its calls run in order on a thread of their own, which nobody waits for:
// one that is stuck (c10d knows no limit for a server that vanished) is left behind when the handle is
// closed.
class StoreHandle : public Handle<StoreHandle, StoreThread> {
 public:
  static constexpr const char* kClass = "Store";
  static constexpr const char* kNoun = "store";
  static constexpr napi_type_tag kTag = {0x3c7be2094d685f3a, 0xb04c9f7a318d21e6};

  static void init(Napi::Env env, Napi::Object exports);

  explicit StoreHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value open(const Napi::CallbackInfo& info);
  Napi::Value set(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value check(const Napi::CallbackInfo& info);
  Napi::Value post(const Napi::CallbackInfo& info, std::function<MakeValue(Store&)> work);

  friend Handle;
  void released(Napi::BasicEnv env);

  std::shared_ptr<StoreThread> thread_;  // closed when the handle lets go
};

// The store itself. Throws RANK_LOST where it is not open.
std::shared_ptr<Store> opened(StoreThread& thread);

}  // namespace singlepath
