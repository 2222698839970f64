#include "binding/dataset_handle.h"

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding/batch_handle.h"
#include "binding/convert.h"
#include "binding/dataset_source.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/image_facts.h"
#include "binding/settle.h"
#include "data/later.h"
#include "data/sources/fingerprint.h"

namespace singlepath {
namespace {

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

void DatasetHandle::init(Napi::Env env, Napi::Object exports) {
  // clang-format off
  Environment::of(env).dataset_class = Napi::Persistent(define(env, {
      InstanceAccessor<&DatasetHandle::size>("size"),
      InstanceAccessor<&DatasetHandle::shape>("shape"),
      InstanceMethod<&DatasetHandle::labels>("labels"),
      InstanceMethod<&DatasetHandle::statistics>("statistics"),
      InstanceAccessor<&DatasetHandle::class_names>("classNames"),
      InstanceAccessor<&DatasetHandle::has_test>("hasTest"),
      InstanceMethod<&DatasetHandle::notes>("notes"),
      InstanceMethod<&DatasetHandle::fingerprint>("fingerprint"),
      InstanceMethod<&DatasetHandle::broken>("broken"),
      InstanceMethod<&DatasetHandle::later_batch>("laterBatch"),
  }));
  // clang-format on
  exports.Set("openDataset", Napi::Function::New(env, open_dataset, "openDataset"));
}

Napi::Object DatasetHandle::create(Napi::Env env, DatasetPtr dataset,
                                   std::shared_ptr<const ImageSet> images) {
  const auto object = wrap(env, Environment::of(env).dataset_class, std::move(dataset));
  Unwrap(object)->images_ = std::move(images);
  return object;
}

DatasetHandle::DatasetHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    const DatasetPtr dataset = argument(info[0], "openDataset()");
    hold(info, dataset, dataset->source().memory());
  });
}

Napi::Value DatasetHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::Number::New(info.Env(), static_cast<double>(live(info)->size())); });
}

Napi::Value DatasetHandle::shape(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const ImageShape& shape = live(info)->shape();
    return numbers_to_js(info.Env(), std::array{shape.channels, shape.height, shape.width});
  });
}

Napi::Value DatasetHandle::labels(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Dataset& dataset = *live(info);
    auto array = Napi::Int32Array::New(info.Env(), static_cast<size_t>(dataset.size()));
    for (int64_t i = 0; i < dataset.size(); i++)
      array[static_cast<size_t>(i)] = static_cast<int32_t>(dataset.label(i));
    return array;
  });
}

Napi::Value DatasetHandle::class_names(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live(info);
    return to_js(info.Env(), images_->classes);
  });
}

Napi::Value DatasetHandle::has_test(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live(info);
    return Napi::Boolean::New(info.Env(), images_->has_test);
  });
}

Napi::Value DatasetHandle::notes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    live(info);
    return to_js(info.Env(), images_->notes);
  });
}

Napi::Value DatasetHandle::fingerprint(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&] { return Napi::String::New(info.Env(), hex_of(fingerprint_of(live(info)->source()))); });
}

Napi::Value DatasetHandle::broken(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto list = live(info)->broken().list();
    Napi::Array array = Napi::Array::New(info.Env(), list.size());
    uint32_t at = 0;
    for (const auto& [index, message] : list) {
      auto entry = Napi::Object::New(info.Env());
      entry.Set("index", index);
      entry.Set("name", live(info)->source().name(index));
      entry.Set("message", message);
      array.Set(at++, entry);
    }
    return array;
  });
}

Napi::Value DatasetHandle::statistics(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    std::optional<std::vector<uint32_t>> chosen;
    if (!info[0].IsUndefined()) chosen = get_indices(to_object(info[0], "statistics"), "indices");
    return run_on_thread(info.Env(), [dataset = live(info), chosen = std::move(chosen)]() -> MakeValue {
      return [statistics = channel_statistics(dataset, chosen)](Napi::Env env) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("mean", numbers_to_js(env, statistics.mean));
        result.Set("std", numbers_to_js(env, statistics.std));
        return result;
      };
    });
  });
}

Napi::Value DatasetHandle::later_batch(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Object source = to_object(info[0], "laterBatch");
    LaterPixels pixels{live(info), get_indices(source, "indices"),
                       static_cast<int>(get_integer(source, "threads", 1, 256))};
    if (pixels.indices.empty()) expected("at least one index", "indices", get(source, "indices"));
    const auto per_channel = [&](const char* name) {
      std::vector<float> values = get_floats(source, name);
      if (static_cast<int>(values.size()) != live(info)->shape().channels)
        expected("a number per channel", name, get(source, name));
      return values;
    };
    return BatchHandle::create(
        info.Env(), singlepath::later_batch(std::move(pixels), per_channel("mean"), per_channel("std")));
  });
}

}  // namespace singlepath
