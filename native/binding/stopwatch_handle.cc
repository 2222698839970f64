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

// In the order [N, C, H, W].
Napi::Float32Array floats_to_js(Napi::Env env, const at::Tensor& tensor) {
  const at::Tensor plain = tensor.to(at::kFloat).contiguous();
  Napi::Float32Array array = Napi::Float32Array::New(env, plain.numel());
  if (plain.numel() > 0) std::memcpy(array.Data(), plain.data_ptr<float>(), plain.numel() * sizeof(float));
  return array;
}

}  // namespace

void StopwatchHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Stopwatch", define(env, {InstanceMethod<&StopwatchHandle::add_block>("addBlock"),
                                        InstanceMethod<&StopwatchHandle::add_script>("addScript"),
                                        InstanceMethod<&StopwatchHandle::outputs>("outputs"),
                                        InstanceMethod<&StopwatchHandle::time>("time")}));
}

StopwatchHandle::StopwatchHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(),
          [&] { hold(info, std::make_shared<Stopwatch>(to_deployment(to_object(info[0], "Stopwatch")))); });
}

Napi::Value StopwatchHandle::add_block(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    return run_on_engine(
        info.Env(), nullptr,
        [stopwatch = live(info), description = to_network_description(to_object(info[0], "description")),
         shape = to_shape(to_object(info[1], "input"))](const Cancellation&) {
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
        [stopwatch = live(info),
         text = std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()),
         shape = to_shape(to_object(info[1], "input"))](const Cancellation&) {
          return stopwatch->add(script_block(text, shape, stopwatch->options()), shape);
        },
        number_to_js);
  });
}

Napi::Value StopwatchHandle::outputs(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const int32_t block = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : -1;
    return run_on_engine(
        info.Env(), nullptr,
        [stopwatch = live(info), block](const Cancellation&) { return stopwatch->outputs(block); },
        [](Napi::Env env, BlockOutputs& outputs) -> Napi::Value {
          Napi::Object result = Napi::Object::New(env);
          result.Set("deployed", floats_to_js(env, outputs.deployed));
          result.Set("reference", floats_to_js(env, outputs.reference));
          return result;
        });
  });
}

Napi::Value StopwatchHandle::time(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Object object = to_object(info[1], "options");
    const TimingOptions options{get_integer(object, "calls"), get_number(object, "seconds"),
                                get_integer(object, "inner"), get_boolean(object, "timers")};
    return run_on_engine(
        info.Env(), CancelHandle::from(info[2]),
        [stopwatch = live(info), chain = genes_of(info[0]), options](const Cancellation& cancellation) {
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
