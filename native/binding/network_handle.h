#pragma once

#include <atomic>
#include <exception>
#include <memory>

#include "binding/handle.h"
#include "supernet/network.h"

namespace singlepath {

// The network itself: built on the engine thread by the first queued work; its error is kept for later calls.
struct NetworkSlot {
  NetworkDescription description;
  NetworkOptions options;
  std::unique_ptr<Network> network;
  std::exception_ptr error;

  // A step that fails is not followed by those that were queued before JavaScript knew of it: how many have
  // failed, and of how many JavaScript's thread was told.
  std::atomic<int> failed_steps{0};
  int known_failures = 0;

  Network& get();
  // Throws ABORTED for a step that must not follow. `known`: known_failures when it was queued.
  void check_follows(int known) const;
  // Runs the beginning or the end of a step; what it throws counts as a failure.
  template <class Body>
  auto part_of_step(const Body& body) {
    try {
      return body(get());
    } catch (...) {
      ++failed_steps;
      throw;
    }
  }
};

// JavaScript's handle on a network. Queued work shares the slot, so dispose() during work is safe: memory is
// freed when the last work ends.
class NetworkHandle : public Handle<NetworkHandle, NetworkSlot> {
 public:
  static constexpr const char* kClass = "Network";
  static constexpr const char* kNoun = "network";
  static constexpr napi_type_tag kTag = {0x4b96c2f1d05e4783, 0xbe1a7d3f604c8529};

  static void init(Napi::Env env, Napi::Object exports);

  explicit NetworkHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value gradients(const Napi::CallbackInfo& info);
  Napi::Value forward(const Napi::CallbackInfo& info);
  Napi::Value recalibrate(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value naswot(const Napi::CallbackInfo& info);
  Napi::Value validate(const Napi::CallbackInfo& info);
  Napi::Value graphs(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);

  friend Handle;
  void released(Napi::BasicEnv);
};

}  // namespace singlepath
