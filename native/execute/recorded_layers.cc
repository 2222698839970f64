#include "execute/recorded_layers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>

#include "execute/executor.h"

namespace singlepath {
namespace {

// A recording keeps its gradients, and some memory of the driver. Spaces with widths in their blocks have
// more combinations than are worth that; beyond this many they run op by op.
constexpr size_t kMostRecordings = 4096;

bool has_dropout(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    if (node.op == Op::dropout && node.p > 0) return true;
  }
  return false;
}

at::Tensor leaf_of(const at::Tensor& x, bool with_gradient) {
  return x.detach().set_requires_grad(with_gradient);
}

at::MemoryFormat layout_of(const at::Tensor& x) {
  return x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

void copy_unless_same(const at::Tensor& target, const at::Tensor& source) {
  if (target.is_same(source)) return;
  at::NoGradGuard no_grad;
  at::Tensor(target).copy_(source);
}

}  // namespace

RecordedLayers::RecordedLayers(const NetworkDescription& network, ParameterStore& parameters,
                               at::Device device, const LayerSettings& settings)
    : network_(network), parameters_(parameters), device_(device), settings_(settings) {
  for (size_t i = 0; i < network.layers.size(); ++i) pools_.push_back(new_recording_pool(device));
}

RecordedLayers::Boundary& RecordedLayers::boundary(size_t layer, const at::Tensor& like) {
  Boundary& own = boundaries_[{layer, like.sizes().vec(), like.scalar_type()}];
  if (!own.value.defined())
    own.value = at::empty(like.sizes(), like.options().requires_grad(false), layout_of(like));
  return own;
}

RecordedLayers::Unit& RecordedLayers::unit_of(size_t layer, const Architecture& architecture,
                                              const at::Tensor& x, Mode mode, bool buffers) {
  Architecture genes;
  for (const int32_t gene : network_.layers[layer].genes) genes.push_back(architecture[gene]);
  const auto [entry, fresh] =
      units_.try_emplace({layer, mode, buffers, std::move(genes), x.sizes().vec(), x.scalar_type()});
  Unit& unit = entry->second;
  if (fresh) {
    unit.architecture = architecture;
    unit.buffers = buffers;
    unit.recordable = mode != Mode::train || !has_dropout(network_.layers[layer].chosen(architecture));
  }
  return unit;
}

Execution RecordedLayers::execution_of(const Unit& unit, Mode mode, StatisticsMap& map) const {
  Execution execution{unit.architecture, parameters_, mode, nullptr, unit.buffers ? nullptr : &map,
                      settings_.fused};
  execution.folded = settings_.folded;
  return execution;
}

void RecordedLayers::record_training(Unit& unit, size_t layer) {
  unit.forward = record(device_, pools_[layer], [this, &unit, layer] {
    unit.path = ActivePath();
    unit.input = leaf_of(unit.in->value, layer > 0);
    const Execution execution{unit.architecture, parameters_, Mode::train,
                              &unit.path,        nullptr,     settings_.fused};
    unit.output = run_layer(network_.layers[layer], unit.input, execution);
    copy_unless_same(unit.out->value, unit.output);
  });
  unit.backward = record(device_, pools_[layer], [this, &unit, layer] {
    if (unit.output.requires_grad()) unit.output.backward(unit.out->gradient);
    if (layer > 0) copy_unless_same(unit.in->gradient, unit.input.grad());
    unit.leaves = std::move(unit.path.leaves());
    // What lies between the two is free for the other choices of the layer.
    unit.input.reset();
    unit.output.reset();
  });
}

void RecordedLayers::record_run(Unit& unit, size_t layer, Mode mode) {
  unit.forward = record(device_, pools_[layer], [this, &unit, layer, mode] {
    StatisticsMap map;
    if (mode == Mode::evaluate) map = LayerStatistics::views_of(unit.parts, unit.statistics);
    const at::Tensor y = run_layer(network_.layers[layer], unit.in->value, execution_of(unit, mode, map));
    copy_unless_same(unit.out->value, y);
    if (mode != Mode::calibrate || unit.parts.empty()) return;
    at::Tensor row = unit.statistics.view({-1});
    at::cat_out(row, LayerStatistics::pieces_of(unit.parts, map));
  });
}

bool RecordedLayers::ready(Unit& unit, size_t layer, const at::Tensor& x, Mode mode) {
  if (unit.forward) return true;
  if (!unit.recordable || unit.out == nullptr || recorded_ == kMostRecordings) return false;
  unit.in = &boundary(layer, x);
  try {
    if (mode == Mode::train) {
      for (Boundary* own : {unit.in, unit.out}) {
        if (!own->gradient.defined()) own->gradient = at::empty_like(own->value);
      }
      record_training(unit, layer);
    } else {
      record_run(unit, layer, mode);
    }
    ++recorded_;
    return true;
  } catch (const std::exception& error) {  // what is wrong with the layer itself, op by op tells
    const auto* own = dynamic_cast<const c10::Error*>(&error);
    refusal_ = own != nullptr ? own->what_without_backtrace() : error.what();
    unit.recordable = false;
    unit.forward.reset();
    unit.backward.reset();
    unit.path = ActivePath();
    unit.input.reset();
    unit.output.reset();
    return false;
  }
}

at::Tensor RecordedLayers::run_op_by_op(Unit& unit, size_t layer, const at::Tensor& x,
                                        const Execution& execution) {
  Visit& visit = visits_.emplace_back();
  visit.recorded = nullptr;
  visit.input = leaf_of(x, layer > 0);
  Execution own = execution;
  own.path = &visit.path;
  visit.output = run_layer(network_.layers[layer], visit.input, own);
  if (settings_.recording && unit.recordable && unit.out == nullptr && x.size(0) == shape_[0])
    unit.out = &boundary(layer + 1, visit.output);
  return visit.output.detach().contiguous(layout_of(visit.output));  // as in a boundary
}

at::Tensor RecordedLayers::forward(const at::Tensor& images, const Execution& execution) {
  visits_.clear();
  if (shape_.empty() || images.size(0) > shape_[0]) shape_ = images.sizes().vec();
  const bool usual = settings_.recording && images.sizes() == at::IntArrayRef(shape_);
  at::Tensor x = images;
  for (size_t layer = 0; layer < network_.layers.size(); ++layer) {
    Unit& unit = unit_of(layer, execution.architecture, x, Mode::train);
    if (!usual || !ready(unit, layer, x, Mode::train)) {
      x = run_op_by_op(unit, layer, x, execution);
      continue;
    }
    copy_unless_same(unit.in->value, x);
    unit.forward->replay();
    visits_.push_back({&unit, {}, {}, {}});
    x = unit.out->value;
  }
  return leaf_of(x.to(at::kFloat), true);
}

void RecordedLayers::backward(const at::Tensor& gradient, const Execution& execution, bool accumulate) {
  at::Tensor flowing = gradient;
  for (size_t layer = visits_.size(); layer-- > 0;) {
    Visit& visit = visits_[layer];
    if (visit.recorded != nullptr) {
      copy_unless_same(visit.recorded->out->gradient, flowing);
      visit.recorded->backward->replay();
      flowing = visit.recorded->in->gradient;
      continue;
    }
    if (visit.output.requires_grad())
      visit.output.backward(flowing.to(visit.output.scalar_type()).contiguous(layout_of(flowing)));
    flowing = visit.input.grad();
  }
  std::vector<ActivePath::Leaf> leaves;
  for (Visit& visit : visits_) {
    const auto& own = visit.recorded != nullptr ? visit.recorded->leaves : visit.path.leaves();
    leaves.insert(leaves.end(), own.begin(), own.end());
  }
  visits_.clear();
  if (accumulate)
    execution.path->accumulate(leaves);
  else
    execution.path->add(leaves);
}

at::Tensor RecordedLayers::run_once(Unit& unit, size_t layer, const at::Tensor& x, Mode mode,
                                    LayerStatistics* statistics) {
  StatisticsMap map;
  if (mode == Mode::evaluate && statistics != nullptr)
    map = LayerStatistics::views_of(statistics->parts, statistics->merged);
  const at::Tensor y = run_layer(network_.layers[layer], x, execution_of(unit, mode, map));
  if (mode == Mode::calibrate) {
    const Graph& graph = network_.layers[layer].chosen(unit.architecture);
    statistics->parts = LayerStatistics::parts_of(graph, map, x.size(0));
    const std::vector<at::Tensor> pieces = LayerStatistics::pieces_of(statistics->parts, map);
    if (!pieces.empty()) statistics->batches.push_back(at::cat(pieces).view({2, -1}));
  }
  if (unit.out == nullptr) {
    unit.out = &boundary(layer + 1, y);
    if (!unit.buffers) unit.parts = statistics->parts;
    if (!unit.parts.empty())
      unit.statistics =
          at::empty_like(mode == Mode::calibrate ? statistics->batches.back() : statistics->merged);
  }
  return y.contiguous(layout_of(y));  // as in a boundary
}

at::Tensor RecordedLayers::run(size_t layer, const Architecture& architecture, const at::Tensor& x, Mode mode,
                               LayerStatistics* statistics) {
  if (mode == Mode::calibrate) statistics->images.push_back(x.size(0));
  Unit& unit = unit_of(layer, architecture, x, mode, statistics == nullptr);
  if (!settings_.recording || !ready(unit, layer, x, mode)) return run_once(unit, layer, x, mode, statistics);
  copy_unless_same(unit.in->value, x);
  const bool normalizes = !unit.parts.empty();
  if (mode == Mode::evaluate && normalizes) copy_unless_same(unit.statistics, statistics->merged);
  unit.forward->replay();
  if (mode == Mode::calibrate) {
    statistics->parts = unit.parts;
    if (normalizes) statistics->batches.push_back(unit.statistics.clone());
  }
  return unit.out->value;
}

void RecordedLayers::merge(const std::vector<LayerStatistics*>& all) const {
  merge_statistics(all, settings_.folded ? &parameters_ : nullptr);
}

}  // namespace singlepath
