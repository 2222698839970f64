#include "execute/executor.h"

#include "graph/fusion.h"
#include "ops/fused_block.h"
#include "ops/op.h"

namespace singlepath {

at::Tensor run_graph(const Graph& graph, const at::Tensor& x, const Execution& execution) {
  const size_t count = graph.nodes.size();
  const std::vector<FusionStep> steps = plan_steps(graph, can_fuse(x, execution));
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
    values[step.output] = step.node != nullptr ? run_op(*step.node, inputs, execution)
                                               : fused_block(step.block, inputs, execution);
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
