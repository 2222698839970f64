#include "binding/system.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "core/arena.h"
#include "ops/cpu/kernels.h"
#include "runtime/cuda_device.h"
#include "runtime/device.h"
#include "runtime/operators.h"

namespace singlepath {
namespace {

Napi::Value versions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object object = Napi::Object::New(env);
  object.Set("torch", TORCH_VERSION);
  object.Set("cxx", std::to_string(__cplusplus));
#ifdef SINGLEPATH_CUDA
  object.Set("cuda", SINGLEPATH_CUDA);
#else
  object.Set("cuda", env.Null());
#endif
  return object;
}

std::string cpu_description() {
#if TORCH_VERSION_MAJOR >= 2
  return at::get_cpu_capability();
#else
  return "ATen " TORCH_VERSION;  // 1.13 does not tell
#endif
}

Napi::Value devices(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    const auto usable = usable_devices();
    Napi::Array list = Napi::Array::New(env, usable.size());
    for (uint32_t i = 0; i < usable.size(); ++i) {
      Napi::Object device = Napi::Object::New(env);
      device.Set("name", usable[i].str());
      device.Set("description", usable[i].is_cpu() ? cpu_description() : cuda_description(usable[i].index()));
      list.Set(i, device);
    }
    return list;
  });
}

Napi::Value cpu_features(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    Napi::Object object = Napi::Object::New(info.Env());
    object.Set("isa", cpu::isa_name());
    Napi::Array available = Napi::Array::New(info.Env());
    uint32_t count = 0;
    for (const char* const* name = cpu::available_isas(); *name != nullptr; ++name)
      available.Set(count++, *name);
    object.Set("available", available);
    return object;
  });
}

Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Environment::of(info.Env()).engine().threads());
}

void set_threads(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const int64_t threads = to_integer(info[0], "threads", 1, 1024);
    Environment::of(info.Env()).engine().set_threads(static_cast<int>(threads));
  });
}

Napi::Value memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ArenaStatistics statistics = shared_arena().statistics();
  Napi::Object object = Napi::Object::New(env);
  object.Set("allocated", statistics.used);
  object.Set("cached", statistics.kept);
  object.Set("peak", statistics.peak);
  object.Set("hits", statistics.hits);
  object.Set("allocations", statistics.allocations);
  const std::vector<DeviceMemory> devices = cuda_memory();
  Napi::Array list = Napi::Array::New(env, devices.size());
  for (uint32_t i = 0; i < devices.size(); ++i) {
    Napi::Object device = Napi::Object::New(env);
    device.Set("name", devices[i].name);
    device.Set("allocated", devices[i].allocated);
    device.Set("cached", devices[i].cached);
    device.Set("peak", devices[i].peak);
    list.Set(i, device);
  }
  object.Set("devices", list);
  Napi::Object handles = Napi::Object::New(env);
  for (const auto& [name, count] : Environment::of(env).handles()) handles.Set(name, count);
  object.Set("handles", handles);
  return object;
}

Napi::Value operators(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(operators_called()));
}

}  // namespace

void init_system(Napi::Env env, Napi::Object exports) {
  exports.Set("versions", Napi::Function::New(env, versions));
  exports.Set("devices", Napi::Function::New(env, devices));
  exports.Set("cpu", Napi::Function::New(env, cpu_features));
  exports.Set("threads", Napi::Function::New(env, threads));
  exports.Set("setThreads", Napi::Function::New(env, set_threads));
  exports.Set("operators", Napi::Function::New(env, operators));
  exports.Set("memory", Napi::Function::New(env, memory));
}

}  // namespace singlepath
