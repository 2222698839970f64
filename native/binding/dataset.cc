#include "binding/dataset.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "binding/dataset_source.h"
#include "binding/js_error.h"
#include "core/error.h"

namespace singlepath {
namespace {

constexpr napi_type_tag kDatasetTag = {0x5fa3b1c07d2e4916, 0x8c0d6e35a9f14b72};

Napi::Array numbers(Napi::Env env, const std::vector<double>& values) {
  Napi::Array array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); i++) array.Set(i, values[i]);
  return array;
}

int64_t bytes_of(const Dataset& dataset) {
  return static_cast<int64_t>(dataset.pixels.size() + dataset.labels.size() * sizeof(int32_t));
}

Napi::Value open_dataset(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    auto* data = static_cast<DataEnv*>(info.Data());
    auto open = dataset_opener(info[0]);
    return data->run(info.Env(), [data, open = std::move(open)]() -> Later::Make {
      auto dataset = std::make_shared<const Dataset>(open());
      return [data, dataset](Napi::Env env) -> Napi::Value { return DatasetHandle::create(env, *data, dataset); };
    });
  });
}

}  // namespace

Napi::Function DatasetHandle::define(Napi::Env env, DataEnv* data) {
  return DefineClass(env, "Dataset",
                     {InstanceAccessor<&DatasetHandle::size>("size"),
                      InstanceAccessor<&DatasetHandle::shape>("shape"),
                      InstanceMethod<&DatasetHandle::labels>("labels"),
                      InstanceMethod<&DatasetHandle::statistics>("statistics"),
                      InstanceMethod<&DatasetHandle::dispose>("dispose")},
                     data);
}

Napi::Object DatasetHandle::create(Napi::Env env, const DataEnv& data, DatasetPtr dataset) {
  return data.dataset_class.New({Napi::External<DatasetPtr>::New(env, &dataset)});
}

DatasetHandle::DatasetHandle(const Napi::CallbackInfo& info)
    : ObjectWrap(info), data_(static_cast<DataEnv*>(info.Data())) {
  guarded(info.Env(), [&] {
    if (!info[0].IsExternal()) throw Error("INVALID_ARGUMENT", "A data set is made by openDataset()");
    dataset_ = *info[0].As<Napi::External<DatasetPtr>>().Data();
    info.This().As<Napi::Object>().TypeTag(&kDatasetTag);
    Napi::MemoryManagement::AdjustExternalMemory(info.Env(), bytes_of(*dataset_));
  });
}

DatasetPtr DatasetHandle::from(Napi::Value value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kDatasetTag)) {
    throw Error("INVALID_ARGUMENT", "Expected a native data set");
  }
  return Unwrap(value.As<Napi::Object>())->live();
}

const DatasetPtr& DatasetHandle::live() const {
  if (!dataset_) throw Error("DISPOSED", "The data set was used after dispose()");
  return dataset_;
}

void DatasetHandle::release(Napi::Env env) {
  if (!dataset_) return;
  int64_t total = 0;
  napi_adjust_external_memory(env, -bytes_of(*dataset_), &total);  // the C function: finalizers must not throw
  dataset_.reset();
}

Napi::Value DatasetHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] { return Napi::Number::New(info.Env(), static_cast<double>(live()->count)); });
}

Napi::Value DatasetHandle::shape(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Dataset& dataset = *live();
    return numbers(info.Env(), {static_cast<double>(dataset.channels), static_cast<double>(dataset.height),
                                static_cast<double>(dataset.width)});
  });
}

Napi::Value DatasetHandle::labels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& labels = live()->labels;
    auto array = Napi::Int32Array::New(info.Env(), labels.size());
    std::copy(labels.begin(), labels.end(), array.Data());
    return array;
  });
}

Napi::Value DatasetHandle::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return data_->run(info.Env(), [dataset = live()]() -> Later::Make {
      const auto statistics = channel_statistics(*dataset);
      return [statistics](Napi::Env env) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("mean", numbers(env, statistics.mean));
        result.Set("std", numbers(env, statistics.std));
        return result;
      };
    });
  });
}

void init_dataset(Napi::Env env, Napi::Object exports) {
  auto* data = DataEnv::create(env);
  data->dataset_class = Napi::Persistent(DatasetHandle::define(env, data));
  exports.Set("openDataset", Napi::Function::New(env, open_dataset, "openDataset", data));
}

}  // namespace singlepath
