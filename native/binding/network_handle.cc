#include "binding/network_handle.h"

#include <chrono>
#include <optional>

#include "binding/batch_handle.h"
#include "binding/cancel_handle.h"
#include "binding/convert.h"
#include "binding/group_handle.h"
#include "binding/task.h"
#include "core/arena.h"
#include "core/sizes.h"
#include "data/later.h"
#include "runtime/cuda_device.h"
#include "runtime/device.h"
#include "train/data_parallel.h"

namespace singlepath {
namespace {

// Which of two words the property is.
bool is_first(const Napi::Object& object, const char* name, const std::string& first,
              const std::string& second) {
  const std::string value = get_string(object, name);
  if (value != first && value != second) expected(first + " or " + second, name, get(object, name));
  return value == first;
}

NetworkOptions to_options(const Napi::Object& object) {
  NetworkOptions options;
  options.device = device_of(get_string(object, "device"));
  options.fused = is_first(object, "kernels", "fused", "aten") && options.device.is_cpu();
  const std::string precision = get_string(object, "precision");
  if (precision != "fp32" && precision != "bf16" && precision != "tf32")
    expected("fp32, bf16 or tf32", "precision", get(object, "precision"));
  options.storage = precision == "bf16" ? at::kBFloat16 : at::kFloat;
  options.tf32 = precision == "tf32";
  if (options.tf32 && options.device.is_cpu())
    throw Error("INVALID_ARGUMENT", "Expected a CUDA device for precision tf32 but received cpu", "use fp32");
  options.seed = static_cast<uint64_t>(get_integer(object, "seed"));
  return options;
}

StepOptions to_step_options(const Napi::Object& object) {
  StepOptions options;
  options.sgd.learning_rate = get_number(object, "learningRate");
  options.sgd.momentum = get_number(object, "momentum");
  options.sgd.nesterov = get_boolean(object, "nesterov");
  options.sgd.weight_decay = get_number(object, "weightDecay");
  options.label_smoothing = get_number(object, "labelSmoothing");
  options.clip_gradient_norm = get_number(object, "clipGradientNorm");
  const std::vector<int64_t> key = get_integers(object, "randomKey");
  if (key.size() != 2) expected("two 32-bit numbers", "randomKey", get(object, "randomKey"));
  for (const int64_t half : key) {
    if (half < 0 || half > UINT32_MAX) expected("two 32-bit numbers", "randomKey", get(object, "randomKey"));
  }
  options.random_key = static_cast<uint64_t>(key[0]) << 32 | static_cast<uint64_t>(key[1]);
  return options;
}

Napi::Object result_to_js(Napi::Env env, const StepResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.loss);
  object.Set("correct", static_cast<double>(result.correct));
  object.Set("images", static_cast<double>(result.images));
  object.Set("gradientNorm", result.gradient_norm);
  object.Set("stop", result.stop);
  object.Set("communication", result.communication);
  return object;
}

// How a step is shared with other processes.
struct ParallelOptions {
  std::shared_ptr<GroupSlot> group;
  DataParallel parallel;

  DataParallel connected() const {
    DataParallel ready = parallel;
    if (group) ready.group = group->get();
    return ready;
  }
};

std::optional<ParallelOptions> to_parallel(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  const Napi::Object object = to_object(value, "parallel");
  ParallelOptions options;
  const Napi::Value group = get(object, "group");
  if (!group.IsNull()) options.group = GroupHandle::from(group);
  const int64_t world = options.group ? options.group->options.world_size : 1;
  options.parallel.shards = get_integer(object, "shards", world, 1 << 20);
  if (options.parallel.shards % world != 0)
    expected("a multiple of the number of ranks", "shards", get(object, "shards"));
  options.parallel.tree = get_boolean(object, "tree");
  options.parallel.step = static_cast<uint32_t>(get_integer(object, "step", 0, UINT32_MAX));
  options.parallel.stop = get_boolean(object, "stop");
  return options;
}

Napi::Value scores_to_js(Napi::Env env, const PopulationScores& scores) {
  Napi::Object object = Napi::Object::New(env);
  const size_t count = scores.scores.size();
  Napi::Array correct = Napi::Array::New(env, count), top5 = Napi::Array::New(env, count),
              loss = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; ++i) {
    correct.Set(i, static_cast<double>(scores.scores[i].correct));
    top5.Set(i, static_cast<double>(scores.scores[i].top5));
    loss.Set(i, scores.scores[i].loss);
  }
  object.Set("correct", correct);
  object.Set("top5", top5);
  object.Set("loss", loss);
  object.Set("images", static_cast<double>(scores.images));
  object.Set("layersRun", static_cast<double>(scores.layers_run));
  object.Set("layersAlone", static_cast<double>(scores.layers_alone));
  return object;
}

// Calls `callback(done, total)` on the JavaScript thread at most ten times a second, and at the end.
class Progress {
 public:
  Progress(Environment& environment, std::shared_ptr<Napi::FunctionReference> callback)
      : environment_(environment), callback_(std::move(callback)) {}

  void operator()(int64_t done, int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    // A weak pointer: the task owns the reference, and only the JavaScript thread may release it.
    environment_.call_later([callback = std::weak_ptr(callback_), done, total](Napi::Env env) {
      Napi::HandleScope scope(env);
      const auto alive = callback.lock();
      if (!alive) return;
      try {
        alive->Call({Napi::Number::New(env, static_cast<double>(done)),
                     Napi::Number::New(env, static_cast<double>(total))});
      } catch (const Napi::Error& error) {
        napi_fatal_exception(env, error.Value());  // as any error thrown in a callback: 'uncaughtException'
      }
    });
  }

 private:
  Environment& environment_;
  std::shared_ptr<Napi::FunctionReference> callback_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace

Network& NetworkSlot::get() {
  if (error) std::rethrow_exception(error);
  allow_tf32(options.tf32);
  try {
    if (!network) network = std::make_unique<Network>(std::move(description), options);
  } catch (...) {
    error = std::current_exception();
    throw;
  }
  return *network;
}

void NetworkSlot::check_follows(int known) const {
  if (failed_steps > known) throw Error("ABORTED", "Not taken: a step before it failed");
}

Napi::Value to_js(Napi::Env env, const Validation& validation) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("correct", static_cast<double>(validation.score.correct));
  object.Set("top5", static_cast<double>(validation.score.top5));
  object.Set("loss", validation.score.loss);
  object.Set("images", static_cast<double>(validation.images));
  return object;
}

void NetworkHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Network", define(env, {InstanceMethod<&NetworkHandle::step>("step"),
                                      InstanceMethod<&NetworkHandle::gradients>("gradients"),
                                      InstanceMethod<&NetworkHandle::forward>("forward"),
                                      InstanceMethod<&NetworkHandle::recalibrate>("recalibrate"),
                                      InstanceMethod<&NetworkHandle::evaluate>("evaluate"),
                                      InstanceMethod<&NetworkHandle::naswot>("naswot"),
                                      InstanceMethod<&NetworkHandle::validate>("validate"),
                                      InstanceMethod<&NetworkHandle::state>("state"),
                                      InstanceMethod<&NetworkHandle::load>("load")}));
}

NetworkHandle::NetworkHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    auto slot = std::make_shared<NetworkSlot>();
    slot->description = to_network_description(to_object(info[0], "description"));
    slot->options = to_options(to_object(info[1], "options"));
    int64_t bytes = 0;
    for (const ParameterSpec& spec : slot->description.parameters) {
      bytes += checked_product(spec.shape, spec.name) * static_cast<int64_t>(sizeof(float));
    }
    hold(info, std::move(slot), bytes);
  });
}

void NetworkHandle::released(Napi::BasicEnv) {
  // What its training needed is of no use to the process any more.
  if (environment_->handles().at(kClass) == 0) {
    shared_arena().release_pages();
    empty_cuda_cache();
  }
}

Napi::Value NetworkHandle::step(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_in_flight(
        info.Env(),
        [slot, batches = BatchHandle::list_from(info[0]), genes = genes_of(info[1]),
         options = to_step_options(to_object(info[2], "options")), shared = to_parallel(info[3]),
         known = slot->known_failures] {
          slot->check_follows(known);
          return slot->part_of_step([&](Network& network) {
            if (!shared) return network.start_step(with_pixels(batches), genes, options);
            const DataParallel parallel = shared->connected();
            return network.start_step(with_pixels(batches), genes, options, &parallel);
          });
        },
        [slot](const StartedStep& step) {
          return slot->part_of_step([&](Network& network) { return network.finish_step(step); });
        },
        [](Napi::Env env, StepResult& result) -> Napi::Value { return result_to_js(env, result); },
        [slot] { slot->known_failures = slot->failed_steps; });
  });
}

Napi::Value NetworkHandle::gradients(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), nullptr,
        [slot, batch = BatchHandle::from(info[0]), genes = genes_of(info[1]),
         options = to_step_options(to_object(info[2], "options"))](const Cancellation&) {
          return slot->get().gradients(with_pixels(batch), genes, options);
        },
        [](Napi::Env env, Gradients& result) -> Napi::Value {
          Napi::Object object = result_to_js(env, result.result);
          object.Set("logits", to_js(env, result.logits));
          object.Set("input", to_js(env, result.input));
          object.Set("gradients", to_js(env, result.gradients));
          return object;
        });
  });
}

Napi::Value NetworkHandle::forward(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), nullptr,
        [slot, batch = BatchHandle::from(info[0]), genes = genes_of(info[1])](const Cancellation&) {
          return slot->get().forward(with_pixels(batch), genes);
        },
        [](Napi::Env env, TensorEntry& logits) { return to_js(env, logits); });
  });
}

Napi::Value NetworkHandle::recalibrate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), CancelHandle::from(info[2]),
        [slot, batches = BatchHandle::list_from(info[0]),
         genes = genes_of(info[1])](const Cancellation& cancel) {
          slot->get().recalibrate(batches, genes, cancel);
          return Nothing{};
        },
        to_undefined);
  });
}

Napi::Value NetworkHandle::evaluate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    const Napi::Object options = to_object(info[3], "options");
    PopulationSettings settings;
    settings.memory_bytes = get_integer(options, "memoryBytes");
    settings.share = get_boolean(options, "share");
    auto callback =
        std::make_shared<Napi::FunctionReference>(Napi::Persistent(to_function(info[5], "onProgress")));
    return run_on_engine(
        info.Env(), CancelHandle::from(info[4]),
        [slot, candidates = genes_of(info[0]), count = get_integer(options, "count", 0, INT32_MAX),
         calibration = BatchHandle::list_from(info[1]), validation = BatchHandle::list_from(info[2]),
         settings, progress = Progress(*environment_, callback)](const Cancellation& cancel) mutable {
          return slot->get().evaluate(candidates, count, calibration, validation, settings, cancel, progress);
        },
        [callback](Napi::Env env, PopulationScores& scores) { return scores_to_js(env, scores); });
  });
}

Napi::Value NetworkHandle::naswot(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    auto callback =
        std::make_shared<Napi::FunctionReference>(Napi::Persistent(to_function(info[4], "onProgress")));
    return run_on_engine(
        info.Env(), CancelHandle::from(info[3]),
        [slot, candidates = genes_of(info[0]), count = to_integer(info[1], "count", 0, INT32_MAX),
         batch = BatchHandle::from(info[2]),
         progress = Progress(*environment_, callback)](const Cancellation& cancel) mutable {
          return slot->get().naswot(candidates, count, with_pixels(batch), cancel, progress);
        },
        [callback](Napi::Env env, std::vector<double>& scores) -> Napi::Value {
          Napi::Array list = Napi::Array::New(env, scores.size());
          for (uint32_t i = 0; i < scores.size(); ++i) list.Set(i, scores[i]);
          return list;
        });
  });
}

Napi::Value NetworkHandle::validate(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), CancelHandle::from(info[2]),
        [slot, batches = BatchHandle::list_from(info[0]), genes = genes_of(info[1])](
            const Cancellation& cancel) { return slot->get().validate(batches, genes, cancel); },
        [](Napi::Env env, Validation& validation) { return to_js(env, validation); });
  });
}

Napi::Value NetworkHandle::state(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), nullptr, [slot](const Cancellation&) { return slot->get().state(); },
        [](Napi::Env env, std::vector<TensorEntry>& entries) { return to_js(env, entries); });
  });
}

Napi::Value NetworkHandle::load(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), nullptr,
        [slot, entries = to_entries(info[0])](const Cancellation&) {
          slot->get().load(entries);
          return Nothing{};
        },
        to_undefined);
  });
}

}  // namespace singlepath
