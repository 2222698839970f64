#include "binding/stopwatch_handle.h"

#include <cstring>

#include "binding/cancel_handle.h"
#include "binding/convert.h"
#include "binding/task.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

DeploymentOptions to_deployment(const Napi::Object& object) {
  DeploymentOptions options;
  options.device = device_of(get_string(object, "device"));
  options.fused = get_string(object, "kernels") == "fused" && options.device.is_cpu();
  options.storage = get_string(object, "precision") == "bf16" ? at::kBFloat16 : at::kFloat;
  options.batch = get_integer(object, "batch");
  return options;
}

BlockShape to_shape(const Napi::Object& object) {
  return {get_integer(object, "channels"), get_integer(object, "height"), get_integer(object, "width")};
}

Napi::Value number_to_js(Napi::Env env, int64_t& number) {
  return Napi::Number::New(env, static_cast<double>(number));
}

Napi::Float64Array array_to_js(Napi::Env env, const std::vector<double>& values) {
  Napi::Float64Array array = Napi::Float64Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(double));
  return array;
}

}  // namespace

void StopwatchHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Stopwatch", DefineClass(env, "Stopwatch",
                                       {InstanceMethod<&StopwatchHandle::add_block>("addBlock"),
                                        InstanceMethod<&StopwatchHandle::add_script>("addScript"),
                                        InstanceMethod<&StopwatchHandle::time>("time"),
                                        InstanceMethod<&StopwatchHandle::dispose>("dispose")}));
}

StopwatchHandle::StopwatchHandle(const Napi::CallbackInfo& info)
    : ObjectWrap(info), environment_(&Environment::of(info.Env())) {
  guarded(info.Env(), [&] {
    if (!info[0].IsObject()) expected("options", "Stopwatch", info[0]);
    stopwatch_ = std::make_shared<Stopwatch>(to_deployment(info[0].As<Napi::Object>()));
  });
  environment_->count(info.Env(), "Stopwatch", 1);
}

const std::shared_ptr<Stopwatch>& StopwatchHandle::live() const {
  if (!stopwatch_) throw Error("DISPOSED", "A stopwatch was used after dispose()");
  return stopwatch_;
}

void StopwatchHandle::release(Napi::BasicEnv env) {
  if (!stopwatch_) return;
  stopwatch_.reset();
  environment_->count(env, "Stopwatch", -1);
}

Napi::Value StopwatchHandle::add_block(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), nullptr,
        [stopwatch = live(), description = to_network_description(info[0].As<Napi::Object>()),
         shape = to_shape(info[1].As<Napi::Object>())](const Cancellation&) {
          return stopwatch->add(folded_block(description, shape, stopwatch->options()), shape);
        },
        number_to_js);
  });
}

Napi::Value StopwatchHandle::add_script(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
    return run_on_engine(
        info.Env(), nullptr,
        [stopwatch = live(),
         text = std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()),
         shape = to_shape(info[1].As<Napi::Object>())](const Cancellation&) {
          return stopwatch->add(script_block(text, shape, stopwatch->options()), shape);
        },
        number_to_js);
  });
}

Napi::Value StopwatchHandle::time(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object object = info[1].As<Napi::Object>();
    const TimingOptions options{get_integer(object, "calls"), get_number(object, "seconds"),
                                get_integer(object, "inner"), get_boolean(object, "timers")};
    return run_on_engine(
        info.Env(), CancelHandle::from(info[2]),
        [stopwatch = live(), chain = genes_of(info[0]), options](const Cancellation& cancellation) {
          return stopwatch->time(chain, options, cancellation);
        },
        [](Napi::Env env, Timing& timing) -> Napi::Value {
          Napi::Object result = Napi::Object::New(env);
          result.Set("totals", array_to_js(env, timing.totals));
          result.Set("blocks", array_to_js(env, timing.blocks));
          return result;
        });
  });
}

}  // namespace singlepath
