#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/error.h"
#include "execute/executor.h"
#include "graph/fusion.h"
#include "latency/timed_block.h"
#include "ops/engine_workspace.h"
#include "ops/fused_block.h"
#include "ops/fused_plan.h"
#include "ops/op.h"
#include "weights/folded_norm.h"

namespace singlepath {
namespace {

// Images that statistics come from.
constexpr int64_t kStatisticsImages = 8;

// A step of the walk with everything that does not depend on the input done once.
using PreparedStep = std::function<at::Tensor(const Inputs&)>;

struct Planned {
  PreparedStep run;
  std::vector<int32_t> inputs;
  int32_t output = 0;
  std::vector<int32_t> unused_after;  // values no later step reads
};

class FoldedBlock : public TimedBlock {
 public:
  FoldedBlock(NetworkDescription description, const BlockShape& shape, const DeploymentOptions& options)
      : description_(std::move(description)),
        parameters_(description_, /*seed=*/0, options.device),
        execution_{architecture_, parameters_, Mode::evaluate, nullptr, &statistics_, options.fused},
        plain_{architecture_, parameters_, Mode::evaluate, nullptr, &statistics_, false} {
    at::NoGradGuard no_grad;
    DeploymentOptions wide = options;
    wide.batch = std::max(options.batch, kStatisticsImages);
    wide.storage = at::kFloat;
    const Execution calibrate{architecture_, parameters_, Mode::calibrate, nullptr, &statistics_, false};
    run_graph(graph(), random_input(shape, wide), calibrate);
    for (auto& [node, own] : statistics_) own.finish();
    prepare(random_input(shape, options));
  }

  at::Tensor run(const at::Tensor& x) const override {
    std::vector<at::Tensor> values(graph().nodes.size() + 1);
    values[0] = x;
    Inputs inputs;
    for (const Planned& step : steps_) {
      inputs.clear();
      for (const int32_t value : step.inputs) inputs.push_back(values[value]);
      values[step.output] = step.run(inputs);
      for (const int32_t value : step.unused_after) values[value].reset();
    }
    return values.back();
  }

  at::Tensor reference(const at::Tensor& x) const override {
    return run_graph(graph(), x.to(at::kFloat), plain_);
  }

 private:
  const Graph& graph() const { return description_.layers[0].choices[0].graph; }

  // Walks the graph once with an input, because kernels are planned for shapes.
  void prepare(const at::Tensor& x) {
    std::vector<at::Tensor> values(graph().nodes.size() + 1);
    values[0] = x;
    const Fusion fusion = can_fuse(x, execution_) ? Fusion::blocks : Fusion::none;
    for (const FusionStep& step : plan_steps(graph(), fusion)) {
      Inputs inputs;
      for (const int32_t value : step.inputs) inputs.push_back(values[value]);
      Planned planned{{}, step.inputs, step.output, {}};
      if (step.node == nullptr)
        planned.run = fused(step, inputs);
      else if (step.node->op == Op::conv2d)
        planned.run = convolution(*step.node, inputs[0]);
      else if (step.node->op == Op::batch_norm && folded(step.node->inputs[0]) != nullptr)
        planned.run = [](const Inputs& own) { return own[0]; };
      else
        planned.run = [this, node = step.node](const Inputs& own) { return run_op(*node, own, execution_); };
      values[step.output] = planned.run(inputs);
      steps_.push_back(std::move(planned));
    }
    release_early();
  }

  void release_early() {
    std::vector<int> last(graph().nodes.size() + 1, -1);
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (const int32_t value : steps_[i].inputs) last[value] = static_cast<int>(i);
    }
    last.back() = -1;  // the result
    for (size_t value = 0; value < last.size(); ++value) {
      if (last[value] >= 0) steps_[last[value]].unused_after.push_back(static_cast<int32_t>(value));
    }
  }

  // The BatchNorm that alone reads this value of a convolution; null when there is none.
  const Node* folded(int32_t value) const {
    if (value == 0 || graph().nodes[value - 1].op != Op::conv2d) return nullptr;
    const Node* norm = nullptr;
    for (const Node& node : graph().nodes) {
      if (std::count(node.inputs.begin(), node.inputs.end(), value) == 0) continue;
      if (norm != nullptr || node.op != Op::batch_norm) return nullptr;
      norm = &node;
    }
    return norm;
  }

  PreparedStep convolution(const Node& node, const at::Tensor& x) {
    const NodeParameters& own = parameters_.of(node);
    const int64_t in = x.size(1), groups = node.depthwise ? in : node.groups;
    at::Tensor weight = own.weight->value;
    if (node.quantizer != Quantizer::none) weight = quantize_weight(node, weight, execution_);
    at::Tensor bias = node.bias ? own.bias->value : at::Tensor();
    const int32_t value = static_cast<int32_t>(&node - graph().nodes.data()) + 1;
    if (const Node* norm = folded(value)) {
      const PooledStatistics& statistics = statistics_.at(norm);
      const NodeParameters& affine = parameters_.of(*norm);
      const at::Tensor gamma = norm->affine ? affine.weight->value : at::Tensor();
      const at::Tensor beta = norm->affine ? affine.bias->value : at::Tensor();
      const FoldedNorm own_norm =
          folded_norm(statistics.mean, statistics.var.to(at::kDouble).add(norm->eps), gamma, beta);
      weight = weight.mul(own_norm.scale.view({-1, 1, 1, 1}));
      bias = bias.defined() ? bias.mul(own_norm.scale).add(own_norm.shift) : own_norm.shift;
    }
    weight = weight.to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    if (bias.defined()) bias = bias.to(x.scalar_type());
    return [weight, bias, groups, stride = node.stride, padding = node.padding](const Inputs& inputs) {
      return at::conv2d(inputs[0], weight, bias, {stride, stride}, {padding, padding}, {1, 1}, groups);
    };
  }

  PreparedStep fused(const FusionStep& step, const Inputs& example) {
    const at::Tensor x = example[0].contiguous(at::MemoryFormat::ChannelsLast);
    const std::shared_ptr<FusedPlan> plan = plan_block(step.block, x, execution_);
    if (step.block.residual) plan_residual(*plan, example[1], step.inputs[0] == step.inputs[1]);
    auto chains = std::make_shared<std::vector<cpu::FoldedChain>>();
    for (FusedBranch& branch : plan->branches) {
      std::vector<at::Tensor> kept;
      bind_parameters(branch, kept);
      const RunningOfBranch running(branch, [&](const Node& norm, int64_t) {
        const PooledStatistics& own = statistics_.at(&norm);
        return std::pair{own.mean, own.var};
      });
      chains->emplace_back(branch.chain, running.pointers.data());
    }
    return [plan, chains](const Inputs& inputs) {
      const at::Tensor in = inputs[0].contiguous(at::MemoryFormat::ChannelsLast);
      at::Tensor residual;
      if (plan->residual && !plan->own_residual) residual = readable_residual(*plan, inputs[1]);
      const at::Tensor out = empty_output(*plan);
      for (size_t i = 0; i < chains->size(); ++i) {
        const FusedBranch& branch = plan->branches[i];
        (*chains)[i].run(static_cast<int>(plan->batch), input_of(*plan, in, branch.in),
                         output_of(*plan, branch, in, residual, out), engine_workspace());
      }
      return out;
    };
  }

  const NetworkDescription description_;
  const Architecture architecture_;
  ParameterStore parameters_;
  StatisticsMap statistics_;
  const Execution execution_;
  const Execution plain_;
  std::vector<Planned> steps_;
};

}  // namespace

at::Tensor random_input(const BlockShape& shape, const DeploymentOptions& options) {
  return at::randn({options.batch, shape.channels, shape.height, shape.width}, at::kFloat)
      .to(at::TensorOptions(options.device).dtype(options.storage), /*non_blocking=*/false, /*copy=*/true,
          at::MemoryFormat::ChannelsLast);
}

std::unique_ptr<TimedBlock> folded_block(NetworkDescription description, const BlockShape& shape,
                                         const DeploymentOptions& options) {
  return std::make_unique<FoldedBlock>(std::move(description), shape, options);
}

}  // namespace singlepath
