#include "binding/script_handle.h"

#include "binding/batch_handle.h"
#include "binding/cancel_handle.h"
#include "binding/convert.h"
#include "binding/network_results.h"
#include "binding/task.h"
#include "data/later.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

Napi::Value serialize(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object description = to_object(info[0], "serializeScript");
    std::vector<ScriptSource> modules;
    const Napi::Array sources = get_array(description, "modules");
    for (uint32_t i = 0; i < sources.Length(); ++i) {
      const Napi::Object module = to_object(sources.Get(i), "module " + std::to_string(i));
      modules.push_back(
          {get_string(module, "path"), get_string(module, "type"), get_string(module, "source")});
    }
    const Napi::Array list = get_array(description, "tensors");
    std::vector<TensorEntry> entries = to_entries(list);
    std::vector<ScriptTensor> tensors;
    for (uint32_t i = 0; i < list.Length(); ++i) {
      tensors.push_back({std::move(entries[i]), get_boolean(to_object(list.Get(i), "tensor"), "trainable")});
    }
    return run_on_engine(
        info.Env(), nullptr,
        [modules, tensors](const Cancellation&) { return serialize_script(modules, tensors); },
        [](Napi::Env env, std::string& bytes) -> Napi::Value {
          return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
        });
  });
}

Napi::Value load(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), nullptr,
        [path = to_text(info[0], "path"), device = device_of(to_text(info[1], "device"))](
            const Cancellation&) { return std::make_shared<Script>(path, device); },
        [](Napi::Env env, std::shared_ptr<Script>& script) -> Napi::Value {
          return ScriptHandle::create(env, script);
        });
  });
}

}  // namespace

void ScriptHandle::init(Napi::Env env, Napi::Object exports) {
  // Not exported: handles come from loadScript.
  Environment::of(env).script_class =
      Napi::Persistent(define(env, {InstanceMethod<&ScriptHandle::forward>("forward"),
                                    InstanceMethod<&ScriptHandle::validate>("validate")}));
  exports.Set("serializeScript", Napi::Function::New(env, serialize));
  exports.Set("loadScript", Napi::Function::New(env, load));
}

Napi::Object ScriptHandle::create(Napi::Env env, std::shared_ptr<Script> script) {
  return wrap(env, Environment::of(env).script_class, std::move(script));
}

ScriptHandle::ScriptHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] { hold(info, argument(info[0], "loadScript()")); });
}

Napi::Value ScriptHandle::forward(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), nullptr,
        [script = live(info), batch = BatchHandle::from(info[0])](const Cancellation&) {
          return entry_of("logits", script->logits(*with_pixels(batch)));
        },
        [](Napi::Env env, TensorEntry& logits) { return to_js(env, logits); });
  });
}

Napi::Value ScriptHandle::validate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), CancelHandle::from(info[1]),
        [script = live(info), batches = BatchHandle::list_from(info[0])](const Cancellation& cancel) {
          return script->validate(batches, cancel);
        },
        [](Napi::Env env, Validation& validation) { return to_js(env, validation); });
  });
}

}  // namespace singlepath
