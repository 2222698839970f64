#pragma once

#include <memory>
#include <mutex>

#include "binding/handle.h"
#include "distributed/group.h"

namespace singlepath {

// The group itself: connected on the engine thread.
struct GroupSlot {
  std::shared_ptr<Store> store;
  GroupOptions options;
  std::mutex mutex;
  std::shared_ptr<Group> group;
  bool aborted = false;

  std::shared_ptr<Group> get();
  void abort();
};

// JavaScript's handle on a group. All but abort() runs on the engine.
class GroupHandle : public Handle<GroupHandle, GroupSlot> {
 public:
  static constexpr const char* kClass = "Group";
  static constexpr const char* kNoun = "group";
  static constexpr napi_type_tag kTag = {0x6a3d5f0e917b42c8, 0x9d16c07b5ee84a23};

  static void init(Napi::Env env, Napi::Object exports);

  explicit GroupHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value connect(const Napi::CallbackInfo& info);
  Napi::Value exchange(const Napi::CallbackInfo& info);
  Napi::Value broadcast(const Napi::CallbackInfo& info);
  void abort(const Napi::CallbackInfo& info);

  friend Handle;
  void released(Napi::BasicEnv);

  std::shared_ptr<GroupSlot> slot_;  // aborted when the handle lets go
};

}  // namespace singlepath
