#include "weights/running_averages.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/clone.h>
#include <ATen/ops/where.h>

namespace singlepath {

RunningAverages::RunningAverages(const NetworkDescription& network, const Architecture& architecture,
                                 ParameterStore& parameters, bool each) {
  at::NoGradGuard no_grad;
  if (!each) all_ = parameters.running_averages();
  if (all_.defined()) {
    saved_all_ = all_.clone();
    return;
  }
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
  if (all_.defined()) at::Tensor(all_).copy_(saved_all_);
  for (const auto& [buffer, value] : saved_) buffer->value.copy_(value);
}

void RunningAverages::restore_where(const at::Tensor& condition) const {
  at::NoGradGuard no_grad;
  if (!all_.defined()) return;
  at::Tensor all = all_;
  at::where_out(all, condition.to(at::kBool), saved_all_, all);
}

}  // namespace singlepath
