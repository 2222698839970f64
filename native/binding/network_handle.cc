#include "binding/network_handle.h"

#include "binding/batch_handle.h"
#include "binding/cancel_handle.h"
#include "binding/convert.h"
#include "binding/network_options.h"
#include "binding/network_results.h"
#include "binding/progress.h"
#include "binding/task.h"
#include "core/arena.h"
#include "core/sizes.h"
#include "data/later.h"
#include "runtime/cuda_device.h"
#include "runtime/device.h"

namespace singlepath {

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

void NetworkHandle::init(Napi::Env env, Napi::Object exports) {
  exports.Set("Network", define(env, {InstanceMethod<&NetworkHandle::step>("step"),
                                      InstanceMethod<&NetworkHandle::gradients>("gradients"),
                                      InstanceMethod<&NetworkHandle::forward>("forward"),
                                      InstanceMethod<&NetworkHandle::recalibrate>("recalibrate"),
                                      InstanceMethod<&NetworkHandle::evaluate>("evaluate"),
                                      InstanceMethod<&NetworkHandle::naswot>("naswot"),
                                      InstanceMethod<&NetworkHandle::validate>("validate"),
                                      InstanceMethod<&NetworkHandle::graphs>("graphs"),
                                      InstanceMethod<&NetworkHandle::state>("state"),
                                      InstanceMethod<&NetworkHandle::load>("load")}));
}

NetworkHandle::NetworkHandle(const Napi::CallbackInfo& info) : Handle(info) {
  guarded(info.Env(), [&] {
    auto slot = std::make_shared<NetworkSlot>();
    slot->description = to_network_description(to_object(info[0], "description"));
    slot->options = to_network_options(to_object(info[1], "options"));
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
        [](Napi::Env env, StepResult& result) -> Napi::Value { return to_js(env, result); },
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
        [](Napi::Env env, Gradients& result) -> Napi::Value { return to_js(env, result); });
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
        [callback](Napi::Env env, PopulationScores& scores) { return to_js(env, scores); });
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
          return numbers_to_js(env, scores);
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

Napi::Value NetworkHandle::graphs(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const auto& slot = live(info);
    return run_on_engine(
        info.Env(), nullptr, [slot](const Cancellation&) { return slot->get().graphs(); },
        [](Napi::Env env, Network::Graphs& graphs) { return to_js(env, graphs); });
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
