#include "supernet/network.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "core/error.h"
#include "core/rng.h"
#include "core/sizes.h"
#include "evaluate/recalibrate.h"
#include "execute/executor.h"
#include "execute/images.h"
#include "execute/upload.h"
#include "runtime/cuda_device.h"
#include "runtime/device.h"
#include "weights/running_averages.h"
#include "weights/state.h"

namespace singlepath {
namespace {

// Below it evaluation does not try with less memory.
constexpr int64_t kLeastMemory = 1 << 20;

// A generator of its own: libtorch's default one belongs to the whole process.
at::Generator seeded_generator(at::Device device, uint64_t seed) {
  at::Generator generator =
      at::globalContext().defaultGenerator(device.is_cpu() ? at::Device(at::kCPU) : device).clone();
  generator.set_current_seed(
      mix64(seed));  // mixed, because libtorch's CPU generator takes the low 32 bits only
  return generator;
}

// A network on a GPU is first of all used by the engine's thread, which keeps to it.
const NetworkOptions& prepared(const NetworkOptions& options) {
  use_own_stream(options.device);
  if (!options.device.is_cpu()) pin_batches();
  return options;
}

}  // namespace

Network::Network(NetworkDescription description, const NetworkOptions& options)
    : description_(std::move(description)),
      options_(prepared(options)),
      parameters_(description_, options.seed, options.device),
      board_(options.device) {
  if (can_record(options.device))
    recorded_.emplace(description_, parameters_, options.device,
                      LayerSettings{options.graphs, options.fused, options.folded});
}

void Network::check(const Architecture& architecture) const {
  const std::vector<int32_t>& sizes = description_.gene_sizes;
  if (architecture.size() != sizes.size()) {
    throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(sizes.size()) +
                                        " genes for architecture but received " +
                                        std::to_string(architecture.size()));
  }
  for (size_t gene = 0; gene < sizes.size(); ++gene) {
    if (architecture[gene] < 0 || architecture[gene] >= sizes[gene]) {
      throw Error("INVALID_ARGUMENT", "Expected 0 to " + std::to_string(sizes[gene] - 1) + " for gene " +
                                          std::to_string(gene) + " but received " +
                                          std::to_string(architecture[gene]));
    }
  }
}

Execution Network::training(const Architecture& architecture, ActivePath& path, uint64_t random_key) {
  return {architecture,
          parameters_,
          Mode::train,
          &path,
          nullptr,
          options_.fused,
          seeded_generator(options_.device, random_key)};
}

StartedStep Network::start_step(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                                const StepOptions& options, const DataParallel* parallel) {
  check(architecture);
  ActivePath path;
  const Execution execution = training(architecture, path, options.random_key);
  const RunningAverages before(description_, architecture, parameters_);
  try {
    StartedStep step =
        singlepath::start_step(description_, batches, execution, options, options_.device, options_.storage,
                               board_, parallel, recorded_ ? &*recorded_ : nullptr);
    // Processes that share a step know of a failure before they update.
    if (board_.numbers.defined() && parallel == nullptr) {
      before.restore_where(board_.failed);
      step.read(board_);
      step.batches = batches;
    }
    return step;
  } catch (...) {
    before.restore();
    throw;
  }
}

StepResult Network::finish_step(const StartedStep& step) {
  try {
    return step.finish();
  } catch (const Error& error) {
    for (Parameter* parameter : step.created) parameter->momentum.reset();
    if (error.code == "NON_FINITE_LOSS") board_.clear();  // after the steps that were started meanwhile
    throw;
  }
}

Gradients Network::gradients(const BatchPtr& batch, const Architecture& architecture,
                             const StepOptions& options) {
  check(architecture);
  ActivePath path;
  const Execution execution = training(architecture, path, options.random_key);
  at::Tensor logits, input;
  Gradients result;
  const RunningAverages before(description_, architecture, parameters_);
  try {
    result.result = accumulate_gradients(description_, {batch}, execution, options, options_.device,
                                         options_.storage, nullptr, &logits, &input);
  } catch (...) {
    before.restore();
    throw;
  }
  before.restore();
  result.logits = entry_of("logits", logits);
  result.input = entry_of("input", input.grad().contiguous());
  for (const ActivePath::Leaf& leaf : path.leaves()) {
    if (leaf.view.grad().defined()) {
      result.gradients.push_back(entry_of(leaf.parameter->name, leaf.view.grad()));
    }
  }
  return result;
}

at::Tensor Network::logits(const Batch& batch, const Architecture& architecture) {
  check(architecture);
  at::Tensor x = images_of(batch, options_.device, options_.storage, /*keep=*/true);
  if (!recorded_) {
    const Execution execution{architecture, parameters_, Mode::evaluate, nullptr, nullptr, options_.fused};
    return run_path(description_, x, execution);
  }
  for (size_t layer = 0; layer < description_.layers.size(); ++layer)
    x = recorded_->run(layer, architecture, x, Mode::evaluate, nullptr);
  return x.to(at::kFloat);
}

TensorEntry Network::forward(const BatchPtr& batch, const Architecture& architecture) {
  at::NoGradGuard no_grad;
  return entry_of("logits", logits(*batch, architecture));
}

void Network::recalibrate(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                          const Cancellation& cancellation) {
  check(architecture);
  recalibrate_path(description_, parameters_, architecture, batches, on_this_device({}), cancellation);
}

std::vector<Architecture> Network::rows_of(const Architecture& candidates, int64_t count) const {
  const size_t genes = description_.gene_sizes.size();
  const int64_t all = checked_product({static_cast<int64_t>(genes), count}, "genes");
  if (static_cast<int64_t>(candidates.size()) != all) {
    throw Error("INVALID_ARGUMENT", "Expected " + std::to_string(all) + " genes for " +
                                        std::to_string(count) + " architectures but received " +
                                        std::to_string(candidates.size()));
  }
  std::vector<Architecture> rows;
  for (int64_t i = 0; i < count; ++i) {
    rows.emplace_back(candidates.begin() + i * genes, candidates.begin() + (i + 1) * genes);
    check(rows.back());
  }
  return rows;
}

PopulationSettings Network::on_this_device(PopulationSettings settings) {
  settings.device = options_.device;
  settings.fused = options_.fused;
  settings.storage = options_.storage;
  settings.recorded = recorded_ ? &*recorded_ : nullptr;
  if (settings.memory_bytes < 0 && !options_.device.is_cpu())
    settings.memory_bytes = cuda_free_bytes(options_.device.index()) / 4;
  return settings;
}

PopulationScores Network::evaluate(const Architecture& candidates, int64_t count,
                                   const std::vector<BatchPtr>& calibration,
                                   const std::vector<BatchPtr>& validation, PopulationSettings settings,
                                   const Cancellation& cancellation,
                                   const std::function<void(int64_t, int64_t)>& progress) {
  settings = on_this_device(settings);
  const std::vector<Architecture> rows = rows_of(candidates, count);
  for (;;) {
    try {
      return evaluate_population(description_, parameters_, rows, calibration, validation, settings,
                                 cancellation, progress);
    } catch (const c10::OutOfMemoryError&) {  // of a GPU: scores do not depend on what is kept
      if (settings.memory_bytes <= kLeastMemory) throw;
      settings.memory_bytes /= 8;
      empty_cuda_cache();
    }
  }
}

std::vector<double> Network::naswot(const Architecture& candidates, int64_t count, const BatchPtr& batch,
                                    const Cancellation& cancellation,
                                    const std::function<void(int64_t, int64_t)>& progress) {
  PopulationSettings settings;
  settings.storage = at::kFloat;
  settings.device = options_.device;
  return naswot_scores(description_, parameters_, rows_of(candidates, count), *batch, settings, cancellation,
                       progress);
}

Validation Network::validate(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                             const Cancellation& cancellation) {
  return validate_batches(batches, options_.device, architecture, cancellation,
                          [&](const Batch& batch) { return logits(batch, architecture); });
}

Network::Graphs Network::graphs() const {
  if (!recorded_) return {};
  return {recorded_->count(), recorded_->refusal()};
}

std::vector<TensorEntry> Network::state() {
  return state_of(parameters_);
}

void Network::load(const std::vector<TensorEntry>& entries) {
  load_state(parameters_, entries);
}

}  // namespace singlepath
