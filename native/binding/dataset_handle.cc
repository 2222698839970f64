#include "binding/dataset_handle.h"

#include <memory>
#include <utility>
#include <vector>

#include "binding/convert.h"
#include "binding/dataset_source.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/image_facts.h"
#include "binding/settle.h"
#include "data/sources/fingerprint.h"

namespace singlepath {
namespace {

constexpr napi_type_tag kDatasetTag = {0x5fa3b1c07d2e4916, 0x8c0d6e35a9f14b72};

Napi::Array numbers(Napi::Env env, const std::vector<double>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) array.Set(i, values[i]);
  return array;
}

Napi::Value open_dataset(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto options = to_dataset_options(info[1]);
    return run_on_thread(info.Env(), [open = source_opener(info[0]), options]() -> MakeValue {
      const auto images = std::make_shared<const ImageSet>(open());
      check_problems(images->notes, images->source->size(), options.broken);
      const auto dataset = std::make_shared<const Dataset>(images->source, options);
      return [dataset, images](Napi::Env env) -> Napi::Value {
        return DatasetHandle::create(env, dataset, images);
      };
    });
  });
}

}  // namespace

Napi::Function DatasetHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Dataset",
      {InstanceAccessor<&DatasetHandle::size>("size"), InstanceAccessor<&DatasetHandle::shape>("shape"),
       InstanceMethod<&DatasetHandle::labels>("labels"),
       InstanceMethod<&DatasetHandle::statistics>("statistics"),
       InstanceAccessor<&DatasetHandle::class_names>("classNames"),
       InstanceAccessor<&DatasetHandle::has_test>("hasTest"), InstanceMethod<&DatasetHandle::notes>("notes"),
       InstanceMethod<&DatasetHandle::fingerprint>("fingerprint"),
       InstanceMethod<&DatasetHandle::broken>("broken"), InstanceMethod<&DatasetHandle::dispose>("dispose")});
}

Napi::Object DatasetHandle::create(Napi::Env env, DatasetPtr dataset,
                                   std::shared_ptr<const ImageSet> images) {
  const auto object =
      Environment::of(env).dataset_class.New({Napi::External<DatasetPtr>::New(env, &dataset)});
  Unwrap(object)->images_ = std::move(images);
  return object;
}

DatasetHandle::DatasetHandle(const Napi::CallbackInfo& info)
    : ObjectWrap(info), environment_(&Environment::of(info.Env())) {
  guarded(info.Env(), [&] {
    if (!info[0].IsExternal()) throw Error("INVALID_ARGUMENT", "A data set is made by openDataset()");
    dataset_ = *info[0].As<Napi::External<DatasetPtr>>().Data();
  });
  info.This().As<Napi::Object>().TypeTag(&kDatasetTag);
  bytes_ = dataset_->source().memory();
  environment_->count(info.Env(), "Dataset", 1, bytes_);
}

DatasetPtr DatasetHandle::from(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kDatasetTag)) {
    throw Error("INVALID_ARGUMENT", "Expected a native data set");
  }
  return Unwrap(value.As<Napi::Object>())->live();
}

const DatasetPtr& DatasetHandle::live() const {
  if (!dataset_) throw Error("DISPOSED", "A data set was used after dispose()");
  return dataset_;
}

void DatasetHandle::release(Napi::BasicEnv env) {
  if (!dataset_) return;
  dataset_.reset();
  images_.reset();
  environment_->count(env, "Dataset", -1, bytes_);
}

Napi::Value DatasetHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    check_receiver(info, kDatasetTag, "a native data set");
    return Napi::Number::New(info.Env(), static_cast<double>(live()->size()));
  });
}

Napi::Value DatasetHandle::shape(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    check_receiver(info, kDatasetTag, "a native data set");
    const ImageShape& shape = live()->shape();
    return numbers(info.Env(), {static_cast<double>(shape.channels), static_cast<double>(shape.height),
                                static_cast<double>(shape.width)});
  });
}

Napi::Value DatasetHandle::labels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Dataset& dataset = *live();
    auto array = Napi::Int32Array::New(info.Env(), static_cast<size_t>(dataset.size()));
    for (int64_t i = 0; i < dataset.size(); i++)
      array[static_cast<size_t>(i)] = static_cast<int32_t>(dataset.label(i));
    return array;
  });
}

Napi::Value DatasetHandle::class_names(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live();
    return to_js(info.Env(), images_->classes);
  });
}

Napi::Value DatasetHandle::has_test(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live();
    return Napi::Boolean::New(info.Env(), images_->has_test);
  });
}

Napi::Value DatasetHandle::notes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live();
    return to_js(info.Env(), images_->notes);
  });
}

Napi::Value DatasetHandle::fingerprint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::String::New(info.Env(), hex_of(fingerprint_of(live()->source()))); });
}

Napi::Value DatasetHandle::broken(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto list = live()->broken().list();
    Napi::Array array = Napi::Array::New(info.Env(), list.size());
    uint32_t at = 0;
    for (const auto& [index, message] : list) {
      auto entry = Napi::Object::New(info.Env());
      entry.Set("index", static_cast<double>(index));
      entry.Set("name", live()->source().name(index));
      entry.Set("message", message);
      array.Set(at++, entry);
    }
    return array;
  });
}

Napi::Value DatasetHandle::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return run_on_thread(info.Env(), [dataset = live()]() -> MakeValue {
      return [statistics = channel_statistics(dataset)](Napi::Env env) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("mean", numbers(env, statistics.mean));
        result.Set("std", numbers(env, statistics.std));
        return result;
      };
    });
  });
}

void init_dataset(Napi::Env env, Napi::Object exports) {
  Environment::of(env).dataset_class = Napi::Persistent(DatasetHandle::define(env));
  exports.Set("openDataset", Napi::Function::New(env, open_dataset, "openDataset"));
}

}  // namespace singlepath
