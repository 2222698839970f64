#include "binding/loader_handle.h"

#include <utility>
#include <vector>

#include "binding/batch_handle.h"
#include "binding/convert.h"
#include "binding/dataset_handle.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/settle.h"

namespace singlepath {
namespace {

std::vector<uint32_t> get_indices(const Napi::Object& object, const char* name) {
  const Napi::Value value = get(object, name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    expected("a Uint32Array", name, value);
  }
  const auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

LoaderOptions to_loader_options(const Napi::Object& object) {
  LoaderOptions options;
  options.indices = get_indices(object, "indices");
  options.batch_size = get_integer(object, "batchSize");
  options.shuffle = get_boolean(object, "shuffle");
  options.drop_last = get_boolean(object, "dropLast");
  options.augment.padding = get_integer(object, "cropPadding");
  options.augment.flip = get_boolean(object, "flip");
  options.mean = get_floats(object, "mean");
  options.std = get_floats(object, "std");
  options.seed = static_cast<uint64_t>(get_integer(object, "seed"));
  options.epoch = static_cast<uint64_t>(get_integer(object, "epoch"));
  options.first_batch = get_integer(object, "firstBatch");
  options.threads = static_cast<int>(get_integer(object, "threads"));
  options.prefetch = static_cast<int>(get_integer(object, "prefetch"));
  return options;
}

// The end of an environment: threads must not settle promises after its way back to JavaScript is gone.
void end_loader(void* loader) {
  static_cast<std::unique_ptr<Loader>*>(loader)->reset();
}

}  // namespace

Napi::Function LoaderHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Loader",
      {InstanceMethod<&LoaderHandle::next>("next"), InstanceMethod<&LoaderHandle::cancel>("cancel"),
       InstanceMethod<&LoaderHandle::dispose>("dispose")});
}

LoaderHandle::LoaderHandle(const Napi::CallbackInfo& info)
    : ObjectWrap(info), environment_(&Environment::of(info.Env())) {
  guarded(info.Env(), [&] {
    if (!info[1].IsObject()) expected("options", "Loader", info[1]);
    loader_ =
        std::make_unique<Loader>(DatasetHandle::from(info[0]), to_loader_options(info[1].As<Napi::Object>()));
  });
  napi_add_env_cleanup_hook(info.Env(), end_loader, &loader_);
  environment_->count(info.Env(), "Loader", 1);
}

void LoaderHandle::release(Napi::BasicEnv env) {
  if (!loader_) return;
  napi_remove_env_cleanup_hook(env, end_loader, &loader_);
  loader_.reset();
  environment_->count(env, "Loader", -1);
}

Napi::Value LoaderHandle::next(const Napi::CallbackInfo& info) {
  Later promised = later(info.Env());
  const auto receive = [settle = std::move(promised.settle)](LoaderOutcome outcome) {
    settle([outcome = std::move(outcome)](Napi::Env env) -> Napi::Value {
      if (outcome.error) std::rethrow_exception(outcome.error);
      if (!outcome.batch) return env.Null();
      return BatchHandle::create(env, outcome.batch);
    });
  };
  if (loader_) {
    loader_->next(receive);
  } else {
    receive({nullptr, std::make_exception_ptr(Error("DISPOSED", "The loader was used after dispose()"))});
  }
  return promised.promise;
}

void LoaderHandle::cancel(const Napi::CallbackInfo&) {
  if (loader_) loader_->stop(std::make_exception_ptr(Error("ABORTED", "Loading was aborted")));
}

void init_loader(Napi::Env env, Napi::Object exports) {
  exports.Set("Loader", LoaderHandle::define(env));
}

}  // namespace singlepath
