#include "ops/fused_training.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/error.h"
#include "ops/engine_workspace.h"

namespace singlepath {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void update_running(float* running, const float* batch, int64_t count, double momentum) {
  for (int64_t c = 0; c < count; ++c) {
    running[c] = static_cast<float>((1 - momentum) * running[c] + momentum * batch[c]);
  }
}

void update_running(const FusedBranch& branch, const BranchStatistics& statistics,
                    const Execution& execution) {
  for (size_t i = 0; i < branch.units.size(); ++i) {
    if (branch.units[i].norm == nullptr) continue;
    const Node& norm = *branch.units[i].norm;
    const NodeParameters& buffers = execution.parameters.of(norm);
    const int64_t count = branch.chain.units[i].out_channels;
    const at::Tensor values = in_parameter_order(branch.units[i], statistics.values[i], 1);
    const float* batch = values.data_ptr<float>();
    const Slice channels{{count}};
    update_running(channels.of(buffers.running_mean->value).data_ptr<float>(), batch, count, norm.momentum);
    update_running(channels.of(buffers.running_var->value).data_ptr<float>(), batch + count, count,
                   norm.momentum);
  }
}

// The training pass as one node of the autograd graph. Variables: input, residual (when another tensor), then
// weight, gamma, beta and the quantizer's scale of every unit (all but the weight only where they exist).
struct FusedBlockFunction : torch::autograd::Function<FusedBlockFunction> {
  static at::Tensor forward(AutogradContext* context, const std::shared_ptr<FusedPlan>& plan,
                            const Execution* execution, at::TensorList variables) {
    const at::Tensor& x = variables[0];
    const at::Tensor residual = plan->residual && !plan->own_residual ? variables[1] : at::Tensor();
    const auto run = [&](const FusedBranch& branch, const cpu::Input& input, const cpu::Output& output) {
      plan->saved.push_back(at::empty({static_cast<int64_t>(cpu::saved_bytes(branch.chain))}, at::kByte));
      BranchStatistics statistics(branch);
      cpu::forward(branch.chain, input, output, plan->saved.back().data_ptr(), statistics.pointers.data(),
                   engine_workspace());
      update_running(branch, statistics, *execution);
    };
    const at::Tensor out = run_branches(*plan, x, residual, run);
    variable_list saved(variables.begin(), variables.end());
    if (plan->keeps_input) saved[0] = at::Tensor();
    saved.push_back(plan->post != Activation::none ? out : at::Tensor());
    context->save_for_backward(saved);
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan));
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto plan =
        c10::static_intrusive_pointer_cast<PlanHolder>(context->saved_data["plan"].toCapsule())->plan;
    if (plan->saved.empty())
      throw Error("NATIVE", "Expected one backward pass of a fused block but received a second");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor residual = plan->residual && !plan->own_residual ? saved[1] : at::Tensor();
    const at::Tensor& out = saved.back();
    const at::Tensor dout = plan->pooled
                                ? gradients[0].to(at::kFloat).contiguous()
                                : gradients[0].to(plan->type).contiguous(at::MemoryFormat::ChannelsLast);
    variable_list result(2 + saved.size() - 1);  // plan, execution, then one for each variable

    at::Tensor dx;
    bool covered = true;
    if (plan->input_gradient) {
      covered = covers_input(*plan);
      dx = at::empty({plan->batch, plan->channels, plan->height, plan->width}, at::TensorOptions(plan->type),
                     at::MemoryFormat::ChannelsLast);
      if (!covered) dx.zero_();
      result[2] = dx;
    }
    at::Tensor dresidual;
    if (residual.defined()) {
      dresidual = plan->post == Activation::none ? dout : at::empty_like(dout);
      result[3] = dresidual;
    }
    size_t variable = residual.defined() ? 2 : 1;
    variable_list kept;
    for (FusedBranch& branch : plan->branches) {
      std::vector<cpu::UnitGradients> units(branch.units.size());
      std::vector<double> scale_gradients(units.size());
      std::vector<size_t> scale_variables(units.size());
      for (size_t i = 0; i < units.size(); ++i) {
        const auto fresh = [&](const at::Tensor& parameter) {
          const at::Tensor gradient = at::empty(parameter.sizes(), parameter.options());
          result[2 + variable++] = gradient;
          return gradient.data_ptr<float>();
        };
        branch.weight[i] = saved[variable];
        units[i].weight = fresh(branch.weight[i]);
        units[i].weight_stride = static_cast<long>(branch.weight[i].numel() / branch.weight[i].size(0));
        if (branch.gamma[i].defined()) {
          branch.gamma[i] = saved[variable];
          units[i].gamma = fresh(branch.gamma[i]);
        }
        if (branch.beta[i].defined()) {
          branch.beta[i] = saved[variable];
          units[i].beta = fresh(branch.beta[i]);
        }
        if (branch.scale[i].defined()) {
          scale_variables[i] = variable++;
          units[i].quantizer_scale = &scale_gradients[i];
        }
      }
      bind_parameters(branch, kept);

      const size_t index = &branch - plan->branches.data();
      cpu::ChainGradients outer;
      outer.output = element(dout, branch.out_first);
      outer.output_stride = static_cast<long>(plan->out_channels);
      if (dx.defined()) {
        outer.input = element(dx, branch.in.first);
        outer.input_stride = static_cast<long>(plan->channels);
        outer.accumulate = !covered || index > 0;
        if (plan->has_pass && index == 0) {
          outer.pass = element(dout, plan->pass_first);
          outer.pass_input = element(dx, plan->pass.first);
        }
      }
      outer.own_residual = plan->own_residual;
      if (residual.defined() && plan->post != Activation::none) {
        outer.residual = dresidual.data_ptr();
        outer.residual_stride = static_cast<long>(plan->out_channels);
      }
      cpu::backward(branch.chain, input_of(*plan, x, branch.in),
                    output_of(*plan, branch, x, residual, out.defined() ? out : dout),
                    plan->saved[index].data_ptr(), outer, units.data(), engine_workspace());
      for (size_t i = 0; i < units.size(); ++i) {
        if (branch.scale[i].defined())
          result[2 + scale_variables[i]] =
              at::full({1}, scale_gradients[i] * branch.scale_factors[i], at::kFloat);
      }
    }
    plan->saved.clear();
    return result;
  }

 private:
  struct PlanHolder : torch::CustomClassHolder {
    explicit PlanHolder(std::shared_ptr<FusedPlan> plan) : plan(std::move(plan)) {}
    std::shared_ptr<FusedPlan> plan;
  };

  // Whether the first branch, and the passed channels beside it, write every channel of the input's gradient.
  static bool covers_input(const FusedPlan& plan) {
    const ChannelRange& first = plan.branches.front().in;
    if (!plan.has_pass) return first.count == plan.channels;
    if (first.count + plan.pass.count != plan.channels || plan.branches.size() > 1) return false;
    std::vector<bool> written(plan.channels, false);
    for (const ChannelRange& part : {first, plan.pass}) {
      for (int64_t i = 0; i < part.count; ++i) written[part.first + i * part.step] = true;
    }
    return std::find(written.begin(), written.end(), false) == written.end();
  }
};

}  // namespace

at::Tensor train_block(const std::shared_ptr<FusedPlan>& plan, const at::Tensor& x,
                       const at::Tensor& residual, const Execution& execution) {
  variable_list variables{x};
  if (plan->residual && !plan->own_residual) variables.push_back(residual);
  for (const FusedBranch& branch : plan->branches) {
    for (size_t i = 0; i < branch.weight.size(); ++i) {
      variables.push_back(branch.weight[i]);
      if (branch.gamma[i].defined()) variables.push_back(branch.gamma[i]);
      if (branch.beta[i].defined()) variables.push_back(branch.beta[i]);
      if (branch.scale[i].defined()) variables.push_back(branch.scale[i]);
    }
  }
  plan->input_gradient = x.requires_grad();
  return FusedBlockFunction::apply(plan, &execution, at::TensorList(variables));
}

}  // namespace singlepath
