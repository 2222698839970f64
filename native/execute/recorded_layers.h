// Layers on a card: each (layer, choice) is recorded once, for training forward and backward, and replayed
// from then on. A layer is then one or two launches in place of one for each kernel, with the same bits.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/recording.h"
#include "weights/layer_statistics.h"

namespace singlepath {

struct LayerSettings {
  bool recording = true;  // false: every layer runs op by op
  bool fused = false;     // Execution::fused, ::folded
  bool folded = true;
};

class RecordedLayers {
 public:
  // Both must live as long.
  RecordedLayers(const NetworkDescription& network, ParameterStore& parameters, at::Device device,
                 const LayerSettings& settings);

  // As run_path() in training: the logits, a leaf of autograd. What was never recorded runs op by op the
  // first time that it is met and is recorded the second; batches smaller than the largest one so far, and
  // layers with dropout (whose masks are new each time), always run op by op.
  at::Tensor forward(const at::Tensor& images, const Execution& execution);
  // From the gradient of these logits to those of all leaves of `execution.path`, which must have none and
  // where they are valid until the next forward(); or, to `accumulate`, are copied and added to those there.
  void backward(const at::Tensor& gradient, const Execution& execution, bool accumulate);

  // One layer without gradients. In Mode::calibrate BatchNorms normalize with the batch, whose statistics are
  // added to `statistics`; in Mode::evaluate with `statistics->merged`, or the buffers where it is null. The
  // result is valid until the layer runs again: a walk over a trie, depth first, finds what it needs.
  at::Tensor run(size_t layer, const Architecture& architecture, const at::Tensor& x, Mode mode,
                 LayerStatistics* statistics);
  // Makes what Mode::evaluate takes of what Mode::calibrate has added.
  void merge(const std::vector<LayerStatistics*>& all) const;

  // Layers and choices that are recorded.
  size_t count() const { return recorded_; }
  // Why some could not be; empty: all could.
  const std::string& refusal() const { return refusal_; }

 private:
  // Between two layers: where recordings read and write. The gradient is there where one trains.
  struct Boundary {
    at::Tensor value, gradient;
  };
  // One layer with its genes on inputs of one shape.
  struct Unit {
    bool recordable = true;
    Architecture architecture;
    Boundary* in = nullptr;
    Boundary* out = nullptr;  // known from the first run
    std::unique_ptr<Recording> forward, backward;
    // Between forward and backward.
    ActivePath path;
    at::Tensor input, output;
    std::vector<ActivePath::Leaf> leaves;  // with gradients, after backward
    // Without gradients: whether statistics are those in the buffers; else the BatchNorms, and where their
    // statistics are read or written.
    bool buffers = false;
    std::vector<LayerStatistics::Part> parts;
    at::Tensor statistics;
  };
  struct Visit {
    Unit* recorded;  // null: ran op by op, and what follows is of this run
    ActivePath path;
    at::Tensor input, output;
  };
  // Layer, mode, whether with the buffers, genes, and the input's sizes and type.
  using Key = std::tuple<size_t, Mode, bool, Architecture, std::vector<int64_t>, at::ScalarType>;
  using BoundaryKey = std::tuple<size_t, std::vector<int64_t>, at::ScalarType>;

  Unit& unit_of(size_t layer, const Architecture& architecture, const at::Tensor& x, Mode mode,
                bool buffers = false);
  Boundary& boundary(size_t layer, const at::Tensor& like);
  // Whether the unit can be replayed, after having recorded it where it is time to.
  bool ready(Unit& unit, size_t layer, const at::Tensor& x, Mode mode);
  // Without gradients. `map`: of statistics; unused where they are those in the buffers.
  Execution execution_of(const Unit& unit, Mode mode, StatisticsMap& map) const;
  void record_training(Unit& unit, size_t layer);
  void record_run(Unit& unit, size_t layer, Mode mode);
  at::Tensor run_once(Unit& unit, size_t layer, const at::Tensor& x, Mode mode, LayerStatistics* statistics);
  at::Tensor run_op_by_op(Unit& unit, size_t layer, const at::Tensor& x, const Execution& execution);

  const NetworkDescription& network_;
  ParameterStore& parameters_;
  at::Device device_;
  LayerSettings settings_;
  std::vector<RecordingPool> pools_;  // of layers: of the choices of one, one is in use at a time
  std::map<Key, Unit> units_;
  std::map<BoundaryKey, Boundary> boundaries_;
  std::vector<int64_t> shape_;  // of the largest batch so far
  std::vector<Visit> visits_;
  size_t recorded_ = 0;
  std::string refusal_;
};

}  // namespace singlepath
