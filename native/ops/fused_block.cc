#include "ops/fused_block.h"

#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "ops/engine_workspace.h"
#include "ops/fused_plan.h"
#include "ops/fused_training.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

at::Tensor calibrate(FusedPlan& plan, const at::Tensor& x, const at::Tensor& residual,
                     const Execution& execution) {
  const auto run = [&](const FusedBranch& branch, const cpu::Input& input, const cpu::Output& output) {
    BranchStatistics statistics(branch);
    cpu::recalibrate(branch.chain, input, output, statistics.pointers.data(), engine_workspace());
    for (size_t i = 0; i < branch.units.size(); ++i) {
      if (branch.units[i].norm == nullptr) continue;
      const at::Tensor values = in_parameter_order(branch.units[i], statistics.values[i], 1);
      (*execution.statistics)[branch.units[i].norm].add(values[0], values[1], statistics.pointers[i].count);
    }
  };
  return run_branches(plan, x, residual, run);
}

at::Tensor evaluate(FusedPlan& plan, const at::Tensor& x, const at::Tensor& residual,
                    const Execution& execution) {
  const auto run = [&](const FusedBranch& branch, const cpu::Input& input, const cpu::Output& output) {
    const RunningOfBranch running(branch, [&](const Node& norm, int64_t count) {
      if (execution.statistics != nullptr) {
        const PooledStatistics& own = execution.statistics->at(&norm);
        return std::pair{own.mean, own.var};
      }
      const NodeParameters& buffers = execution.parameters.of(norm);
      const Slice channels{{count}};
      return std::pair{channels.of(buffers.running_mean->value), channels.of(buffers.running_var->value)};
    });
    cpu::FoldedChain(branch.chain, running.pointers.data())
        .run(static_cast<int>(plan.batch), input, output, engine_workspace());
  };
  return run_branches(plan, x, residual, run);
}

}  // namespace

bool can_fuse(const at::Tensor& x, const Execution& execution) {
  if (!execution.fused || x.dim() != 4 || computes_aside(x.device())) return false;
  if (x.scalar_type() != at::kFloat && x.scalar_type() != at::kBFloat16) return false;
  return execution.mode == Mode::train || !at::GradMode::is_enabled() || !x.requires_grad();
}

at::Tensor fused_block(const FusedBlock& block, const std::vector<at::Tensor>& inputs,
                       const Execution& execution) {
  const at::Tensor x = inputs[0].contiguous(at::MemoryFormat::ChannelsLast);
  const std::shared_ptr<FusedPlan> plan = plan_block(block, x, execution);
  at::Tensor residual;
  if (block.residual) {
    plan_residual(*plan, inputs[1], inputs[1].is_same(inputs[0]));
    if (!plan->own_residual) residual = readable_residual(*plan, inputs[1]);
  }
  switch (execution.mode) {
    case Mode::train:
      return train_block(plan, x, residual, execution);
    case Mode::calibrate:
      return calibrate(*plan, x, residual, execution);
    case Mode::evaluate:
      break;
  }
  return evaluate(*plan, x, residual, execution);
}

}  // namespace singlepath
