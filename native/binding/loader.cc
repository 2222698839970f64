#include "binding/loader.h"

#include <utility>

#include "binding/batch.h"
#include "binding/dataset.h"
#include "binding/js_error.h"
#include "core/error.h"

namespace singlepath {
namespace {

int64_t integer(const Napi::Object& options, const char* name) {
  return options.Get(name).ToNumber().Int64Value();
}

std::vector<float> floats(const Napi::Object& options, const char* name) {
  const auto array = options.Get(name).As<Napi::Array>();
  std::vector<float> values;
  for (uint32_t i = 0; i < array.Length(); i++) values.push_back(array.Get(i).ToNumber().FloatValue());
  return values;
}

std::vector<uint32_t> indices(const Napi::Object& options) {
  const Napi::Value value = options.Get("indices");
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    throw Error("INVALID_ARGUMENT", "Expected a Uint32Array for the image indices of a loader");
  }
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

LoaderOptions read_options(const Napi::Object& from) {
  LoaderOptions options;
  options.indices = indices(from);
  options.batch_size = integer(from, "batchSize");
  options.shuffle = from.Get("shuffle").ToBoolean();
  options.drop_last = from.Get("dropLast").ToBoolean();
  options.augment.padding = integer(from, "cropPadding");
  options.augment.flip = from.Get("flip").ToBoolean();
  options.mean = floats(from, "mean");
  options.std = floats(from, "std");
  options.seed = static_cast<uint64_t>(integer(from, "seed"));
  options.epoch = static_cast<uint64_t>(integer(from, "epoch"));
  options.first_batch = integer(from, "firstBatch");
  options.threads = static_cast<int>(integer(from, "threads"));
  options.prefetch = static_cast<int>(integer(from, "prefetch"));
  return options;
}

}  // namespace

Napi::Function LoaderHandle::define(Napi::Env env, DataEnv* data) {
  return DefineClass(env, "Loader",
                     {InstanceMethod<&LoaderHandle::next>("next"), InstanceMethod<&LoaderHandle::cancel>("cancel"),
                      InstanceMethod<&LoaderHandle::dispose>("dispose")},
                     data);
}

LoaderHandle::LoaderHandle(const Napi::CallbackInfo& info)
    : ObjectWrap(info), queue_(static_cast<DataEnv*>(info.Data())->queue) {
  guarded(info.Env(), [&] {
    if (!info[1].IsObject()) throw Error("INVALID_ARGUMENT", "Expected the options of a loader");
    loader_ = std::make_unique<Loader>(DatasetHandle::from(info[0]), read_options(info[1].As<Napi::Object>()));
  });
}

Napi::Value LoaderHandle::next(const Napi::CallbackInfo& info) {
  Later later = queue_->later(info.Env());
  auto receive = [settle = std::move(later.settle)](LoaderOutcome outcome) {
    settle([outcome = std::move(outcome)](Napi::Env env) -> Napi::Value {
      if (outcome.error) std::rethrow_exception(outcome.error);
      if (!outcome.batch) return env.Null();
      return BatchHandle::create(env, outcome.batch);
    });
  };
  if (loader_) {
    loader_->next(std::move(receive));
  } else {
    receive({nullptr, std::make_exception_ptr(Error("DISPOSED", "The loader was used after dispose()"))});
  }
  return later.promise;
}

void LoaderHandle::cancel(const Napi::CallbackInfo&) {
  if (loader_) loader_->stop(std::make_exception_ptr(Error("ABORTED", "Loading was aborted")));
}

void LoaderHandle::dispose(const Napi::CallbackInfo&) { loader_.reset(); }

void init_loader(Napi::Env env, Napi::Object exports) {
  exports.Set("Loader", LoaderHandle::define(env, DataEnv::create(env)));
}

}  // namespace singlepath
