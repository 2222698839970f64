#include "execute/executor.h"

#include "graph/fusion.h"
#include "ops/folded_unit.h"
#include "ops/fused_block.h"
#include "ops/norm_unit.h"
#include "ops/op.h"

namespace singlepath {
namespace {

Fusion fusion_of(const at::Tensor& x, const Execution& execution) {
  if (can_fuse(x, execution)) return Fusion::blocks;
  if (execution.folded && execution.mode == Mode::evaluate) return Fusion::pointwise;
  return execution.fused ? Fusion::norms : Fusion::none;
}

at::Tensor run_step(const FusionStep& step, Fusion fusion, const std::vector<at::Tensor>& inputs,
                    const Execution& execution) {
  if (step.node != nullptr) return run_op(*step.node, inputs, execution);
  if (fusion == Fusion::blocks) return fused_block(step.block, inputs, execution);
  const FusedUnit& unit = step.block.parts[0].units[0];
  return unit.conv == nullptr ? norm_unit(unit, inputs[0], execution)
                              : folded_unit(unit, inputs[0], execution);
}

}  // namespace

at::Tensor run_graph(const Graph& graph, const at::Tensor& x, const Execution& execution) {
  const size_t count = graph.nodes.size();
  const Fusion fusion = fusion_of(x, execution);
  const std::vector<FusionStep> steps = plan_steps(graph, fusion);
  std::vector<at::Tensor> values(count + 1);
  std::vector<int> uses(count + 1, 0);  // values are freed after their last use
  for (const FusionStep& step : steps) {
    for (const int32_t input : step.inputs) ++uses[input];
  }
  ++uses[count];
  values[0] = x;
  std::vector<at::Tensor> inputs;
  for (const FusionStep& step : steps) {
    inputs.clear();
    for (const int32_t input : step.inputs) {
      inputs.push_back(values[input]);
      if (--uses[input] == 0) values[input].reset();
    }
    if (execution.on_activation != nullptr && step.node != nullptr && step.node->op == Op::activation) {
      (*execution.on_activation)(inputs[0]);
    }
    values[step.output] = run_step(step, fusion, inputs, execution);
  }
  return values[count];
}

at::Tensor run_layer(const Layer& layer, const at::Tensor& x, const Execution& execution) {
  return run_graph(layer.chosen(execution.architecture), x, execution);
}

at::Tensor run_path(const NetworkDescription& network, const at::Tensor& images, const Execution& execution) {
  at::Tensor x = images;
  for (const Layer& layer : network.layers) x = run_layer(layer, x, execution);
  return x.to(at::kFloat);
}

}  // namespace singlepath
