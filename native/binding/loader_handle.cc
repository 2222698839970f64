#include "binding/loader_handle.h"

#include <utility>
#include <vector>

#include "binding/batch_handle.h"
#include "binding/convert.h"
#include "binding/dataset_handle.h"
#include "binding/environment.h"
#include "binding/errors.h"
#include "binding/options.h"
#include "binding/settle.h"

namespace singlepath {
namespace {

Augment to_augment(const Napi::Object& object) {
  Augment augment;
  const auto range = [&](const char* name, double* low, double* high) {
    const auto values = get_numbers(object, name);
    if (values.size() != 2) expected("[low, high]", name, get(object, name));
    *low = values[0];
    *high = values[1];
  };
  const OptionTable table = {
      {"randomResizedCrop", &augment.random_resized_crop},
      {"cropPadding", &augment.padding},
      {"flip", &augment.flip},
      {"brightness", &augment.brightness},
      {"contrast", &augment.contrast},
      {"saturation", &augment.saturation},
      {"hue", &augment.hue},
      {"erase", &augment.erase},
      {"cutout", &augment.cutout},
      {"mixup", &augment.mixup},
      {"cutmix", &augment.cutmix},
  };
  read_options(object, table);
  range("scale", &augment.scale_low, &augment.scale_high);
  range("ratio", &augment.ratio_low, &augment.ratio_high);
  for (const int64_t value : get_integers(object, "fill"))
    augment.fill.push_back(static_cast<uint8_t>(value));
  return augment;
}

LoaderOptions to_loader_options(const Napi::Object& object) {
  LoaderOptions options;
  options.indices = get_indices(object, "indices");
  options.augment = to_augment(get_object(object, "augment"));
  const OptionTable table = {
      {"batchSize", &options.batch_size},
      {"shuffle", &options.shuffle},
      {"dropLast", &options.drop_last},
      {"mean", &options.mean},
      {"std", &options.std},
      {"seed", &options.seed},
      {"epoch", &options.epoch},
      {"firstBatch", &options.first_batch},
      {"epochs", &options.epochs},
      {"rank", &options.rank},
      {"worldSize", &options.world_size},
      {"shards", &options.shards},
  };
  read_options(object, table);
  options.threads = static_cast<int>(get_integer(object, "threads", 1, 1024));
  options.prefetch = static_cast<int>(get_integer(object, "prefetch", 1, 65536));
  return options;
}

// The end of an environment: threads must not settle promises after its way back to JavaScript is gone.
void end_loader(void* loader) {
  static_cast<std::shared_ptr<Loader>*>(loader)->reset();
}

}  // namespace

void LoaderHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Loader", define(env, {InstanceMethod<&LoaderHandle::next>("next"),
                                     InstanceMethod<&LoaderHandle::times>("times"),
                                     InstanceMethod<&LoaderHandle::cancel>("cancel")}));
}

LoaderHandle::LoaderHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    hold(info, std::make_shared<Loader>(DatasetHandle::from(info[0]),
                                        to_loader_options(to_object(info[1], "Loader"))));
  });
  napi_add_env_cleanup_hook(info.Env(), end_loader, &native_);
}

void LoaderHandle::released(Napi::BasicEnv env) {
  napi_remove_env_cleanup_hook(env, end_loader, &native_);
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
  if (native_) {
    native_->next(receive);
  } else {
    receive({nullptr, std::make_exception_ptr(Error("DISPOSED", "The loader was used after dispose()"))});
  }
  return promised.promise;
}

Napi::Value LoaderHandle::times(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const LoaderTimes times = native_ ? native_->times() : LoaderTimes{};
    const auto seconds = [](int64_t nanoseconds) { return static_cast<double>(nanoseconds) * 1e-9; };
    auto result = Napi::Object::New(info.Env());
    result.Set("read", seconds(times.images.read));
    result.Set("decode", seconds(times.images.decode));
    result.Set("transform", seconds(times.images.transform));
    result.Set("idle", seconds(times.idle));
    return result;
  });
}

void LoaderHandle::cancel(const Napi::CallbackInfo&) {
  if (native_) native_->stop(std::make_exception_ptr(Error("ABORTED", "Loading was aborted")));
}

}  // namespace singlepath
