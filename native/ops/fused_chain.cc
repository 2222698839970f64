#include "ops/fused_chain.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/error.h"
#include "ops/cpu/chain.h"
#include "ops/op.h"
#include "ops/workspace.h"

namespace singlepath {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cpu::Activation kernel_activation(Activation activation) {
  switch (activation) {
    case Activation::none:
      return cpu::Activation::none;
    case Activation::relu:
      return cpu::Activation::relu;
    case Activation::relu6:
      return cpu::Activation::relu6;
    case Activation::hswish:
      return cpu::Activation::hswish;
  }
  return cpu::Activation::none;
}

char* element(const at::Tensor& tensor, int64_t index) {
  return static_cast<char*>(tensor.data_ptr()) + index * static_cast<int64_t>(tensor.element_size());
}

// Channels first, first + step, … of the block's input.
struct Channels {
  int64_t first = 0, step = 1, count = 0;
};

Channels channels_of(const Node* take, int64_t all) {
  if (take == nullptr) return {0, 1, all};
  if (take->op == Op::split) {
    const int64_t part = all / take->parts;
    return {take->index * part, 1, part};
  }
  const int64_t end = take->end < 0 ? all : std::min(take->end, all);
  return {take->start, take->step, (end - take->start + take->step - 1) / take->step};
}

// A chain of the block: which channels it reads and writes, and the parameters of its units.
struct Branch {
  Channels in;
  int64_t out_first = 0;
  cpu::Chain chain;
  std::vector<FusedUnit> units;
  // Per unit; gamma and beta are undefined where BatchNorm has none.
  std::vector<at::Tensor> weight, gamma, beta;
};

// A block with sizes and parameters.
struct Plan {
  std::vector<Branch> branches;
  bool has_pass = false;
  Channels pass;
  int64_t pass_first = 0;  // in the output
  bool residual = false, own_residual = false, pooled = false;
  cpu::Activation post = cpu::Activation::none;
  int64_t batch = 0, channels = 0, height = 0, width = 0;
  int64_t out_channels = 0, out_height = 0, out_width = 0;
  bool input_gradient = false;
  at::ScalarType type = at::kFloat;
  std::vector<at::Tensor> saved;  // per branch
};

// Output channels of a parameter are rows; within one, values must lie side by side.
at::Tensor dense_rows(const at::Tensor& weight) {
  int64_t stride = 1;
  for (int64_t d = weight.dim() - 1; d > 0; --d) {
    if (weight.size(d) != 1 && weight.stride(d) != stride) return weight.contiguous();
    stride *= weight.size(d);
  }
  return weight;
}

void add_unit(Branch& branch, const FusedUnit& unit, int64_t in, const Execution& execution) {
  const Node& conv = *unit.conv;
  const int64_t out = conv.depthwise ? in : conv.out.at(execution.architecture);
  at::Tensor weight = execution.use(*execution.parameters.of(conv).weight, {{out, conv.depthwise ? 1 : in}});
  if (conv.quantizer != Quantizer::none) weight = quantize_weight(conv, weight, execution);
  cpu::Unit u;
  u.convolution = conv.depthwise     ? cpu::Convolution::depthwise
                  : conv.kernel == 1 ? cpu::Convolution::pointwise
                                     : cpu::Convolution::dense;
  u.in_channels = static_cast<int>(in);
  u.out_channels = static_cast<int>(out);
  u.kernel = static_cast<int>(conv.kernel);
  u.stride = static_cast<int>(conv.stride);
  u.weight_stride =
      static_cast<long>(weight.numel() / out);  // until bind_parameters knows where the rows are
  u.activation = unit.activation ? kernel_activation(unit.activation->activation) : cpu::Activation::none;
  u.epsilon = static_cast<float>(unit.norm->eps);
  at::Tensor gamma, beta;
  if (unit.norm->affine) {
    const NodeParameters& norm = execution.parameters.of(*unit.norm);
    gamma = execution.use(*norm.weight, {{out}});
    beta = execution.use(*norm.bias, {{out}});
  }
  branch.chain.units.push_back(u);
  branch.units.push_back(unit);
  branch.weight.push_back(weight);
  branch.gamma.push_back(gamma);
  branch.beta.push_back(beta);
}

std::shared_ptr<Plan> plan_block(const FusedBlock& block, const at::Tensor& x, const Execution& execution) {
  auto plan = std::make_shared<Plan>();
  plan->batch = x.size(0);
  plan->channels = x.size(1);
  plan->height = x.size(2);
  plan->width = x.size(3);
  plan->type = x.scalar_type();
  plan->residual = block.residual;
  plan->pooled = block.pooled;
  plan->post = kernel_activation(block.post);
  for (const FusedPart& part : block.parts) {
    const Channels in = channels_of(part.take, plan->channels);
    if (part.units.empty()) {
      plan->has_pass = true;
      plan->pass = in;
      plan->pass_first = plan->out_channels;
      plan->out_channels += in.count;
      continue;
    }
    Branch branch;
    branch.in = in;
    branch.out_first = plan->out_channels;
    cpu::Chain& chain = branch.chain;
    chain.storage = plan->type == at::kFloat ? cpu::Storage::float32 : cpu::Storage::bfloat16;
    chain.batch = static_cast<int>(plan->batch);
    chain.height = static_cast<int>(plan->height);
    chain.width = static_cast<int>(plan->width);
    int64_t channels = in.count;
    for (const FusedUnit& unit : part.units) {
      add_unit(branch, unit, channels, execution);
      channels = chain.units.back().out_channels;
    }
    plan->out_height = cpu::output_height(chain);
    plan->out_width = cpu::output_width(chain);
    plan->out_channels += channels;
    plan->branches.push_back(std::move(branch));
  }
  return plan;
}

// Points the chain's units at the parameters. Tensors that had to be made dense are kept in `kept`.
void bind_parameters(Branch& branch, variable_list& kept) {
  for (size_t i = 0; i < branch.weight.size(); ++i) {
    cpu::Unit& unit = branch.chain.units[i];
    kept.push_back(dense_rows(branch.weight[i].detach()));
    unit.weight = kept.back().data_ptr<float>();
    unit.weight_stride = kept.back().stride(0);
    if (kept.back().size(0) == 1) unit.weight_stride = kept.back().numel();
    if (!branch.gamma[i].defined()) continue;
    unit.gamma = branch.gamma[i].data_ptr<float>();
    unit.beta = branch.beta[i].data_ptr<float>();
  }
}

at::Tensor empty_output(const Plan& plan) {
  if (plan.pooled) return at::empty({plan.batch, plan.out_channels, 1, 1}, at::kFloat);
  return at::empty({plan.batch, plan.out_channels, plan.out_height, plan.out_width},
                   at::TensorOptions(plan.type), at::MemoryFormat::ChannelsLast);
}

cpu::Input input_of(const at::Tensor& tensor, const Channels& channels) {
  return {element(tensor, channels.first), static_cast<long>(tensor.size(1)),
          static_cast<int>(channels.step)};
}

// How a branch's results reach the output; the first branch also carries the passed channels.
cpu::Output output_of(const Plan& plan, const Branch& branch, const at::Tensor& x, const at::Tensor& residual,
                      const at::Tensor& out) {
  cpu::Output output;
  output.data = element(out, branch.out_first);
  output.pixel_stride = static_cast<long>(plan.out_channels);
  output.pooled = plan.pooled;
  output.post = plan.post;
  if (plan.residual) {
    output.residual = plan.own_residual
                          ? input_of(x, branch.in)
                          : cpu::Input{residual.data_ptr(), static_cast<long>(plan.out_channels), 1};
  }
  if (plan.has_pass && &branch == plan.branches.data()) {
    output.pass = input_of(x, plan.pass);
    output.pass_channels = static_cast<int>(plan.pass.count);
    output.pass_data = element(out, plan.pass_first);
  }
  return output;
}

// Batch statistics of a branch, one row of [2, channels] a unit: mean and unbiased variance.
struct Statistics {
  std::vector<at::Tensor> values;
  std::vector<cpu::BatchStatistics> pointers;

  explicit Statistics(const Branch& branch) {
    for (const cpu::Unit& unit : branch.chain.units) {
      values.push_back(at::empty({2, unit.out_channels}, at::kFloat));
      float* data = values.back().data_ptr<float>();
      pointers.push_back({data, nullptr, data + unit.out_channels});
    }
  }
};

void update_running(float* running, const float* batch, int64_t count, double momentum) {
  for (int64_t c = 0; c < count; ++c) {
    running[c] = static_cast<float>((1 - momentum) * running[c] + momentum * batch[c]);
  }
}

void update_running(const Branch& branch, const Statistics& statistics, const Execution& execution) {
  for (size_t i = 0; i < branch.units.size(); ++i) {
    const Node& norm = *branch.units[i].norm;
    const NodeParameters& buffers = execution.parameters.of(norm);
    const int64_t count = branch.chain.units[i].out_channels;
    const float* batch = statistics.values[i].data_ptr<float>();
    update_running(buffers.running_mean->value.data_ptr<float>(), batch, count, norm.momentum);
    update_running(buffers.running_var->value.data_ptr<float>(), batch + count, count, norm.momentum);
  }
}

// The training pass as one node of the autograd graph. Variables: input, residual (when another tensor), then
// weight, gamma and beta of every unit (gamma and beta only where they exist).
struct FusedBlockFunction : torch::autograd::Function<FusedBlockFunction> {
  static at::Tensor forward(AutogradContext* context, const std::shared_ptr<Plan>& plan,
                            const Execution* execution, at::TensorList variables) {
    const at::Tensor& x = variables[0];
    const at::Tensor residual = plan->residual && !plan->own_residual ? variables[1] : at::Tensor();
    const at::Tensor out = empty_output(*plan);
    variable_list kept;
    for (Branch& branch : plan->branches) {
      bind_parameters(branch, kept);
      plan->saved.push_back(at::empty({static_cast<int64_t>(cpu::saved_bytes(branch.chain))}, at::kByte));
      Statistics statistics(branch);
      cpu::forward(branch.chain, input_of(x, branch.in), output_of(*plan, branch, x, residual, out),
                   plan->saved.back().data_ptr(), statistics.pointers.data(), engine_workspace());
      update_running(branch, statistics, *execution);
    }
    variable_list saved(variables.begin(), variables.end());
    saved.push_back(plan->post != cpu::Activation::none ? out : at::Tensor());
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
      dx = at::empty(x.sizes(), x.options(), at::MemoryFormat::ChannelsLast);
      if (!covered) dx.zero_();
      result[2] = dx;
    }
    at::Tensor dresidual;
    if (residual.defined()) {
      dresidual = plan->post == cpu::Activation::none ? dout : at::empty_like(dout);
      result[3] = dresidual;
    }
    size_t variable = residual.defined() ? 2 : 1;
    variable_list kept;
    for (Branch& branch : plan->branches) {
      std::vector<cpu::UnitGradients> units(branch.units.size());
      for (size_t i = 0; i < units.size(); ++i) {
        const auto fresh = [&](const at::Tensor& parameter) {
          const at::Tensor gradient = at::empty(parameter.sizes(), parameter.options());
          result[2 + variable++] = gradient;
          return gradient.data_ptr<float>();
        };
        branch.weight[i] = saved[variable];
        units[i].weight = fresh(branch.weight[i]);
        units[i].weight_stride = static_cast<long>(branch.weight[i].numel() / branch.weight[i].size(0));
        if (!branch.gamma[i].defined()) continue;
        branch.gamma[i] = saved[variable];
        units[i].gamma = fresh(branch.gamma[i]);
        branch.beta[i] = saved[variable];
        units[i].beta = fresh(branch.beta[i]);
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
      if (residual.defined() && plan->post != cpu::Activation::none) {
        outer.residual = dresidual.data_ptr();
        outer.residual_stride = static_cast<long>(plan->out_channels);
      }
      cpu::backward(branch.chain, input_of(x, branch.in),
                    output_of(*plan, branch, x, residual, out.defined() ? out : dout),
                    plan->saved[index].data_ptr(), outer, units.data(), engine_workspace());
    }
    plan->saved.clear();
    return result;
  }

 private:
  struct PlanHolder : torch::CustomClassHolder {
    explicit PlanHolder(std::shared_ptr<Plan> plan) : plan(std::move(plan)) {}
    std::shared_ptr<Plan> plan;
  };

  // Whether the first branch, and the passed channels beside it, write every channel of the input's gradient.
  static bool covers_input(const Plan& plan) {
    const Channels& first = plan.branches.front().in;
    if (!plan.has_pass) return first.count == plan.channels;
    if (first.count + plan.pass.count != plan.channels || plan.branches.size() > 1) return false;
    std::vector<bool> written(plan.channels, false);
    for (const Channels& part : {first, plan.pass}) {
      for (int64_t i = 0; i < part.count; ++i) written[part.first + i * part.step] = true;
    }
    return std::find(written.begin(), written.end(), false) == written.end();
  }
};

at::Tensor train(const std::shared_ptr<Plan>& plan, const at::Tensor& x, const at::Tensor& residual,
                 const Execution& execution) {
  variable_list variables{x};
  if (plan->residual && !plan->own_residual) variables.push_back(residual);
  for (const Branch& branch : plan->branches) {
    for (size_t i = 0; i < branch.weight.size(); ++i) {
      variables.push_back(branch.weight[i]);
      if (!branch.gamma[i].defined()) continue;
      variables.push_back(branch.gamma[i]);
      variables.push_back(branch.beta[i]);
    }
  }
  plan->input_gradient = x.requires_grad();
  return FusedBlockFunction::apply(plan, &execution, at::TensorList(variables));
}

at::Tensor calibrate(Plan& plan, const at::Tensor& x, const at::Tensor& residual,
                     const Execution& execution) {
  const at::Tensor out = empty_output(plan);
  variable_list kept;
  for (Branch& branch : plan.branches) {
    bind_parameters(branch, kept);
    Statistics statistics(branch);
    cpu::recalibrate(branch.chain, input_of(x, branch.in), output_of(plan, branch, x, residual, out),
                     statistics.pointers.data(), engine_workspace());
    for (size_t i = 0; i < branch.units.size(); ++i) {
      const at::Tensor& values = statistics.values[i];
      (*execution.statistics)[branch.units[i].norm].add(values[0], values[1]);
    }
  }
  return out;
}

at::Tensor evaluate(Plan& plan, const at::Tensor& x, const at::Tensor& residual, const Execution& execution) {
  const at::Tensor out = empty_output(plan);
  variable_list kept;
  for (Branch& branch : plan.branches) {
    bind_parameters(branch, kept);
    std::vector<cpu::RunningStatistics> running;
    for (const FusedUnit& unit : branch.units) {
      if (execution.statistics != nullptr) {
        const BatchStatistics& own = execution.statistics->at(unit.norm);
        running.push_back({own.mean.data_ptr<float>(), own.var.data_ptr<float>()});
      } else {
        const NodeParameters& buffers = execution.parameters.of(*unit.norm);
        running.push_back(
            {buffers.running_mean->value.data_ptr<float>(), buffers.running_var->value.data_ptr<float>()});
      }
    }
    cpu::FoldedChain(branch.chain, running.data())
        .run(static_cast<int>(plan.batch), input_of(x, branch.in), output_of(plan, branch, x, residual, out),
             engine_workspace());
  }
  return out;
}

}  // namespace

bool can_fuse(const at::Tensor& x, const Execution& execution) {
  if (!execution.fused || !x.device().is_cpu() || x.dim() != 4) return false;
  if (x.scalar_type() != at::kFloat && x.scalar_type() != at::kBFloat16) return false;
  return execution.mode == Mode::train || !at::GradMode::is_enabled() || !x.requires_grad();
}

at::Tensor fused_block(const FusedBlock& block, const std::vector<at::Tensor>& inputs,
                       const Execution& execution) {
  const at::Tensor x = inputs[0].contiguous(at::MemoryFormat::ChannelsLast);
  const std::shared_ptr<Plan> plan = plan_block(block, x, execution);
  at::Tensor residual;
  if (block.residual) {
    plan->own_residual = inputs[1].is_same(inputs[0]) && plan->branches[0].in.count == plan->channels;
    if (!plan->own_residual) residual = inputs[1].contiguous(at::MemoryFormat::ChannelsLast);
  }
  switch (execution.mode) {
    case Mode::train:
      return train(plan, x, residual, execution);
    case Mode::calibrate:
      return calibrate(*plan, x, residual, execution);
    case Mode::evaluate:
      break;
  }
  return evaluate(*plan, x, residual, execution);
}

}  // namespace singlepath
