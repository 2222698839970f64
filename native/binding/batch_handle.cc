#include "binding/batch_handle.h"

#include <array>
#include <cmath>
#include <cstring>

#include "binding/convert.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "core/sizes.h"
#include "data/later.h"
#include "execute/images.h"

namespace singlepath {
namespace {

std::vector<float> per_channel(const Napi::Object& source, const char* name, int64_t channels,
                               float fallback) {
  if (!has(source, name)) return std::vector<float>(channels, fallback);
  const std::vector<float> values = get_floats(source, name);
  if (static_cast<int64_t>(values.size()) != channels) {
    expected(std::to_string(channels) + " numbers", name, get(source, name));
  }
  return values;
}

// A batch from typed arrays: see BatchSource in src/runtime/native/batch.ts.
BatchPtr to_batch(const Napi::Object& source) {
  const std::vector<int64_t> shape = get_integers(source, "shape");
  if (shape.size() != 4) expected("[count, channels, height, width]", "shape", get(source, "shape"));
  auto batch = std::make_shared<Batch>();
  batch->count = shape[0];
  batch->channels = shape[1];
  batch->height = shape[2];
  batch->width = shape[3];
  const auto elements = static_cast<size_t>(checked_product(shape, "images"));
  const Napi::Value images = get(source, "images");
  const auto type =
      images.IsTypedArray() ? images.As<Napi::TypedArray>().TypedArrayType() : napi_float64_array;
  if (type != napi_uint8_array && type != napi_float32_array) {
    expected("a Uint8Array or Float32Array", "images", images);
  }
  const size_t length = images.As<Napi::TypedArray>().ElementLength();
  if (length != elements || elements == 0) {
    throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(elements) +
                                        " values (at least 1) for images but received " +
                                        std::to_string(length));
  }
  if (type == napi_uint8_array) {
    const uint8_t* data = images.As<Napi::Uint8Array>().Data();
    batch->pixels.assign(data, data + length);
  } else {
    const float* data = images.As<Napi::Float32Array>().Data();
    batch->floats.resize(length);
    const int64_t plane = batch->height * batch->width;
    float* to = batch->floats.data();
    for (int64_t i = 0; i < batch->count; ++i, data += batch->channels * plane) {
      for (int64_t p = 0; p < plane; ++p) {
        for (int64_t c = 0; c < batch->channels; ++c) *to++ = data[c * plane + p];
      }
    }
  }
  batch->mean = per_channel(source, "mean", batch->channels, 0);
  batch->std = per_channel(source, "std", batch->channels, 1);
  for (const float mean : batch->mean) {
    if (!std::isfinite(mean)) expected("numbers", "mean", get(source, "mean"));
  }
  for (const float std : batch->std) {
    if (!(std > 0) || !std::isfinite(std)) expected("positive numbers", "std", get(source, "std"));
  }
  const Napi::Object labels = get_object(source, "labels");
  const int64_t count = get_integer(labels, "length");
  if (count != batch->count) {
    throw Error("INVALID_ARGUMENT",
                "Expected " + std::to_string(batch->count) + " labels but received " + std::to_string(count));
  }
  for (int64_t i = 0; i < count; ++i) {
    batch->labels.push_back(
        to_integer(labels.Get(static_cast<uint32_t>(i)), "label " + std::to_string(i), 0, INT32_MAX));
  }
  if (has(source, "mix")) {
    const Napi::Object mix = get_object(source, "mix");
    batch->second_labels = get_integers(mix, "labels");
    for (const int64_t label : batch->second_labels) {
      if (label < 0 || label > INT32_MAX) expected("labels from 0", "mix.labels", get(mix, "labels"));
    }
    batch->share = get_number(mix, "share");
    if (static_cast<int64_t>(batch->second_labels.size()) != batch->count) {
      expected(std::to_string(batch->count) + " labels", "mix.labels", get(mix, "labels"));
    }
  }
  return batch;
}

}  // namespace

void BatchHandle::init(Napi::Env env, Napi::Object exports) {
  // clang-format off
  Napi::Function constructor = define(env, {
      InstanceAccessor<&BatchHandle::size>("size"),
      InstanceAccessor<&BatchHandle::shape>("shape"),
      InstanceMethod<&BatchHandle::labels>("labels"),
      InstanceMethod<&BatchHandle::mix>("mix"),
      InstanceMethod<&BatchHandle::images>("images"),
  });
  // clang-format on
  Environment::of(env).batch_class = Napi::Persistent(constructor);
  exports.Set("Batch", constructor);
}

Napi::Object BatchHandle::create(Napi::Env env, BatchPtr batch) {
  return wrap(env, Environment::of(env).batch_class, std::move(batch));
}

BatchHandle::BatchHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    BatchPtr batch;
    if (info[0].IsExternal()) {
      batch = argument(info[0], "Batch");
    } else if (info[0].IsObject()) {
      batch = to_batch(info[0].As<Napi::Object>());
    } else {
      expected("{ images, shape, labels }", "Batch", info[0]);
    }
    hold(info, batch, static_cast<int64_t>(batch->pixels.size() + batch->floats.size() * sizeof(float)));
  });
}

std::vector<BatchPtr> BatchHandle::list_from(const Napi::Value& value) {
  if (!value.IsArray()) expected("an array of batches", "batches", value);
  const Napi::Array array = value.As<Napi::Array>();
  if (array.Length() == 0) throw Error("INVALID_ARGUMENT", "Expected at least one batch but received none");
  std::vector<BatchPtr> batches;
  for (uint32_t i = 0; i < array.Length(); ++i) batches.push_back(from(array.Get(i)));
  return batches;
}

Napi::Value BatchHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), static_cast<double>(live(info)->count)); });
}

Napi::Value BatchHandle::shape(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Batch& batch = *live(info);
    return numbers_to_js(info.Env(), std::array{batch.count, batch.channels, batch.height, batch.width});
  });
}

Napi::Value BatchHandle::labels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Batch& batch = *live(info);
    Napi::BigInt64Array labels = Napi::BigInt64Array::New(info.Env(), batch.labels.size());
    std::memcpy(labels.Data(), batch.labels.data(), batch.labels.size() * sizeof(int64_t));
    return labels;
  });
}

Napi::Value BatchHandle::mix(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Batch& batch = *live(info);
    if (batch.second_labels.empty()) return info.Env().Null();
    Napi::Object mix = Napi::Object::New(info.Env());
    mix.Set("labels", numbers_to_js(info.Env(), batch.second_labels));
    mix.Set("share", batch.share);
    return mix;
  });
}

// A copy for tests and library users; small enough to make in place.
Napi::Value BatchHandle::images(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const TensorEntry entry = entry_of("images", images_of(*with_pixels(live(info)), at::kCPU, at::kFloat));
    Napi::Float32Array images = Napi::Float32Array::New(info.Env(), entry.data.size());
    std::memcpy(images.Data(), entry.data.data(), entry.data.size() * sizeof(float));
    return images;
  });
}

}  // namespace singlepath
