#include "binding/group_handle.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <utility>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/store_handle.h"
#include "binding/task.h"
#include "core/fnv.h"

namespace singlepath {
namespace {

GroupOptions to_group_options(const Napi::Object& object) {
  GroupOptions options;
  options.prefix = get_string(object, "prefix");
  options.address = get_string(object, "address");
  options.interface = get_string(object, "interface");
  options.world_size = static_cast<int>(get_integer(object, "worldSize", 1, INT32_MAX));
  options.rank = static_cast<int>(get_integer(object, "rank", 0, options.world_size - 1));
  options.connect_timeout = std::chrono::milliseconds(get_integer(object, "connectTimeoutMs", 1, INT32_MAX));
  options.timeout = std::chrono::milliseconds(get_integer(object, "timeoutMs", 1, INT32_MAX));
  return options;
}

}  // namespace

std::shared_ptr<Group> GroupSlot::get() {
  std::shared_ptr<Group> one;
  {
    const std::lock_guard lock(mutex);
    if (aborted) throw Error("RANK_LOST", "The connections of the group are closed");
    if (!group) group = std::make_shared<Group>(options);
    one = group;
  }
  one->connect(*store);
  return one;
}

void GroupSlot::abort() {
  const std::lock_guard lock(mutex);
  aborted = true;
  if (group) group->abort();
}

void GroupHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Group", define(env, {InstanceMethod<&GroupHandle::connect>("connect"),
                                    InstanceMethod<&GroupHandle::exchange>("exchange"),
                                    InstanceMethod<&GroupHandle::broadcast>("broadcast"),
                                    InstanceMethod<&GroupHandle::abort>("abort")}));
}

GroupHandle::GroupHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    slot_ = std::make_shared<GroupSlot>();
    slot_->store = opened(*StoreHandle::from(info[0]));
    slot_->options = to_group_options(to_object(info[1], "options"));
    hold(info, slot_);
  });
  // The end of the process waits for the engine, which may wait for another rank.
  environment_->interrupt_with(this, [slot = slot_] { slot->abort(); });
}

void GroupHandle::released(Napi::BasicEnv) {
  environment_->interrupt_with(this, nullptr);
  slot_->abort();
  slot_.reset();
}

Napi::Value GroupHandle::connect(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), nullptr,
        [slot = live(info)](const Cancellation&) {
          slot->get();
          return Nothing{};
        },
        to_undefined);
  });
}

Napi::Value GroupHandle::exchange(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const std::string name = to_text(info[0], "name");
    Report own;
    own.step = static_cast<uint32_t>(to_integer(info[1], "step", 0, UINT32_MAX));
    own.key = fnv1a(name.data(), name.size());
    own.flags = info[2].ToBoolean() ? static_cast<uint32_t>(kFailed) : 0;
    return run_on_engine(
        info.Env(), nullptr,
        [slot = live(info), own](const Cancellation&) {
          slot->get()->exchange(own);
          return Nothing{};
        },
        to_undefined);
  });
}

Napi::Value GroupHandle::broadcast(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      expected("a Uint8Array", "bytes", info[0]);
    }
    const auto array = info[0].As<Napi::Uint8Array>();
    return run_on_engine(
        info.Env(), nullptr,
        [slot = live(info), bytes = std::vector<uint8_t>(array.Data(), array.Data() + array.ElementLength())](
            const Cancellation&) mutable {
          const auto size = static_cast<int64_t>(bytes.size());
          at::Tensor flat = at::empty({size}, at::kByte);
          std::memcpy(flat.data_ptr(), bytes.data(), bytes.size());
          slot->get()->broadcast(flat);
          std::memcpy(bytes.data(), flat.data_ptr(), bytes.size());
          return std::move(bytes);
        },
        [](Napi::Env env, std::vector<uint8_t>& bytes) -> Napi::Value {
          auto array = Napi::Uint8Array::New(env, bytes.size());
          std::memcpy(array.Data(), bytes.data(), bytes.size());
          return array;
        });
  });
}

void GroupHandle::abort(const Napi::CallbackInfo&) {
  if (slot_) slot_->abort();
}

}  // namespace singlepath
