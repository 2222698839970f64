#include "weights/running_averages.h"

#include <ATen/core/grad_mode.h>

namespace singlepath {

RunningAverages::RunningAverages(const NetworkDescription& network, const Architecture& architecture,
                                 ParameterStore& parameters) {
  at::NoGradGuard no_grad;
  for (const Layer& layer : network.layers) {
    for (const Node& node : layer.chosen(architecture).nodes) {
      if (node.op != Op::batch_norm) continue;
      const NodeParameters& own = parameters.of(node);
      for (Parameter* buffer : {own.running_mean, own.running_var})
        saved_.emplace_back(buffer, buffer->value.clone());
    }
  }
}

void RunningAverages::restore() const {
  at::NoGradGuard no_grad;
  for (const auto& [buffer, value] : saved_) buffer->value.copy_(value);
}

}  // namespace singlepath
