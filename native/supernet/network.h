// A network: the description, its weights, and what can be done with them. Lives on the engine thread.
#pragma once

#include <memory>
#include <optional>

#include "evaluate/naswot.h"
#include "execute/recorded_layers.h"
#include "train/step.h"
#include "weights/tensor_entry.h"

namespace singlepath {

struct NetworkOptions {
  at::Device device = at::kCPU;
  bool fused = false;                   // kernels of our own
  at::ScalarType storage = at::kFloat;  // of activations
  bool tf32 = false;                    // float32 products may be rounded to TF32, on a GPU
  bool graphs = true;                   // layers as CUDA graphs, on a GPU
  bool folded = true;                   // BatchNorm folded where paths are validated, on a GPU
  uint64_t seed = 0;
};

struct Gradients {
  StepResult result;
  TensorEntry logits, input;
  std::vector<TensorEntry> gradients;  // of the leaves of the path, in their sliced shapes
};

class Network {
 public:
  Network(NetworkDescription description, const NetworkOptions& options);

  // On a GPU the card computes on after the call; the weights are those of the step for all calls after it.
  StartedStep start_step(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                         const StepOptions& options, const DataParallel* parallel = nullptr);
  StepResult finish_step(const StartedStep& step);
  Gradients gradients(const BatchPtr& batch, const Architecture& architecture, const StepOptions& options);
  TensorEntry forward(const BatchPtr& batch, const Architecture& architecture);
  void recalibrate(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                   const Cancellation& cancellation);
  // `candidates`: the rows of a flat [count, genes] list.
  PopulationScores evaluate(const Architecture& candidates, int64_t count,
                            const std::vector<BatchPtr>& calibration, const std::vector<BatchPtr>& validation,
                            PopulationSettings settings, const Cancellation& cancellation,
                            const std::function<void(int64_t, int64_t)>& progress);
  // NASWOT of each candidate (evaluate/naswot.h), rows as for evaluate().
  std::vector<double> naswot(const Architecture& candidates, int64_t count, const BatchPtr& batch,
                             const Cancellation& cancellation,
                             const std::function<void(int64_t, int64_t)>& progress);
  Validation validate(const std::vector<BatchPtr>& batches, const Architecture& architecture,
                      const Cancellation& cancellation);
  std::vector<TensorEntry> state();
  void load(const std::vector<TensorEntry>& entries);
  // What was recorded: layers with a choice, for training and for candidates, and why some could not be
  // (empty: all could).
  struct Graphs {
    size_t recorded = 0;
    std::string refusal;
  };
  Graphs graphs() const;

 private:
  // Throws INVALID_ARGUMENT for a wrong number of genes or one out of range.
  void check(const Architecture& architecture) const;
  // The rows of a flat [count, genes] list, checked.
  std::vector<Architecture> rows_of(const Architecture& candidates, int64_t count) const;
  PopulationSettings on_this_device(PopulationSettings settings);
  // A training pass; `path` collects the leaves, the key seeds dropout masks.
  Execution training(const Architecture& architecture, ActivePath& path, uint64_t random_key);
  at::Tensor logits(const Batch& batch, const Architecture& architecture);

  NetworkDescription description_;
  NetworkOptions options_;
  ParameterStore parameters_;
  StepBoard board_;
  std::optional<RecordedLayers> recorded_;
};

}  // namespace singlepath
