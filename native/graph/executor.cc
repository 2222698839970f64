#include "graph/executor.h"

#include "core/error.h"
#include "ops/op.h"

namespace singlepath {

at::Tensor run_graph(const Graph& graph, const at::Tensor& x, const Execution& execution) {
  const size_t count = graph.nodes.size();
  std::vector<at::Tensor> values(count + 1);
  std::vector<int> uses(count + 1, 0);  // values are freed after their last use
  for (const Node& node : graph.nodes) {
    for (const int32_t input : node.inputs) ++uses[input];
  }
  ++uses[count];
  values[0] = x;
  std::vector<at::Tensor> inputs;
  for (size_t i = 0; i < count; ++i) {
    const Node& node = graph.nodes[i];
    inputs.clear();
    for (const int32_t input : node.inputs) {
      inputs.push_back(values[input]);
      if (--uses[input] == 0) values[input].reset();
    }
    values[i + 1] = run_op(node, inputs, execution);
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
