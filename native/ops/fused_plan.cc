#include "ops/fused_plan.h"

#include <ATen/ops/eye.h>

#include <algorithm>

#include "core/error.h"
#include "ops/cpu/level_kernels.h"
#include "ops/fused_quantize.h"
#include "ops/op.h"

namespace singlepath {
namespace {

// The kernels trust the sizes they are given.
constexpr const char* kUnequalBranches = "Expected branches of a concatenation to be of one size";

ChannelRange channels_of(const Node* take, int64_t all) {
  if (take == nullptr) return {0, 1, all};
  if (take->op == Op::split) {
    const int64_t part = all / take->parts;
    return {take->index * part, 1, part};
  }
  const int64_t end = take->end < 0 ? all : std::min(take->end, all);
  return {take->start, take->step, (end - take->start + take->step - 1) / take->step};
}

// Output channels of a parameter are rows; within one, values must lie side by side.
at::Tensor dense_rows(const at::Tensor& weight) {
  int64_t stride = 1;
  for (int64_t d = weight.dim() - 1; d > 0; --d) {
    if (weight.size(d) != 1 && weight.stride(d) != stride) return weight.contiguous();
    stride *= weight.size(d);
  }
  return weight;
}

// The weight of the same convolution without groups: [out, in / groups, 1, 1] becomes [out, in, 1, 1], with
// zeros between the groups.
at::Tensor ungrouped(const at::Tensor& weight, int64_t groups) {
  const int64_t out = weight.size(0), in = weight.size(1);
  const at::Tensor diagonal = at::eye(groups, weight.options()).view({groups, 1, groups, 1});
  return weight.reshape({groups, out / groups, 1, in}).mul(diagonal).reshape({out, groups * in, 1, 1});
}

// y[i * groups + g] = x[g * (channels / groups) + i], as channel_shuffle() does.
at::Tensor shuffled(const at::Tensor& tensor, int64_t groups, int64_t dim) {
  const int64_t channels = tensor.size(dim);
  return tensor.unflatten(dim, {groups, channels / groups}).transpose(dim, dim + 1).flatten(dim, dim + 1);
}

// A unit that reads `in` channels of `pixels` pixels an image.
void add_unit(FusedBranch& branch, const FusedUnit& unit, int64_t in, int64_t pixels,
              const Execution& execution) {
  const Node& conv = *unit.conv;
  const int64_t out = conv.depthwise ? in : conv.out.at(execution.architecture);
  const int64_t groups = conv.depthwise ? in : conv.groups;
  at::Tensor weight = execution.use(*execution.parameters.of(conv).weight, {{out, in / groups}});
  cpu::Unit u;
  FeatureQuantizer quantizer;
  if (unit.quantizer != nullptr) {
    quantizer = feature_quantizer(*unit.quantizer, in * pixels, execution);
    u.quantized = quantizer.scale.defined();
    u.quantizer = quantizer.values;
  }
  if (conv.quantizer != Quantizer::none) {
    weight = quantize_weight(conv, weight, execution);
    const bool asked = u.quantized && !conv.depthwise && cpu::level_kernels() != nullptr;
    if (asked) u.weight_step = weight_step(conv, weight, execution);
  }
  if (!conv.depthwise && groups > 1) weight = ungrouped(weight, groups);
  u.convolution = conv.depthwise     ? cpu::Convolution::depthwise
                  : conv.kernel == 1 ? cpu::Convolution::pointwise
                                     : cpu::Convolution::dense;
  u.in_channels = static_cast<int>(in);
  u.out_channels = static_cast<int>(out);
  u.kernel = static_cast<int>(conv.kernel);
  u.stride = static_cast<int>(conv.stride);
  u.weight_stride =
      static_cast<long>(weight.numel() / out);  // until bind_parameters knows where the rows are
  u.activation = unit.activation ? unit.activation->activation : Activation::none;
  at::Tensor gamma, beta;
  if (unit.norm == nullptr) {
    u.normalized = false;
    u.gate = unit.gate;
    if (conv.bias) beta = execution.use(*execution.parameters.of(conv).bias, {{out}});
  } else {
    u.epsilon = static_cast<float>(unit.norm->eps);
    if (unit.norm->affine) {
      const NodeParameters& norm = execution.parameters.of(*unit.norm);
      gamma = execution.use(*norm.weight, {{out}});
      beta = execution.use(*norm.bias, {{out}});
    }
  }
  branch.chain.units.push_back(u);
  branch.units.push_back(unit);
  branch.weight.push_back(in_output_order(unit, weight));
  branch.gamma.push_back(in_output_order(unit, gamma));
  branch.beta.push_back(in_output_order(unit, beta));
  branch.scale.push_back(quantizer.scale);
  branch.scale_factors.push_back(quantizer.scale_factor);
}

}  // namespace

at::Tensor in_output_order(const FusedUnit& unit, const at::Tensor& tensor, int64_t dim) {
  const bool moves = unit.shuffle != nullptr && tensor.defined();
  return moves ? shuffled(tensor, unit.shuffle->groups, dim) : tensor;
}

at::Tensor in_parameter_order(const FusedUnit& unit, const at::Tensor& tensor, int64_t dim) {
  return unit.shuffle == nullptr ? tensor : shuffled(tensor, tensor.size(dim) / unit.shuffle->groups, dim);
}

char* element(const at::Tensor& tensor, int64_t channel) {
  return static_cast<char*>(tensor.data_ptr()) + channel * static_cast<int64_t>(tensor.element_size());
}

std::shared_ptr<FusedPlan> plan_block(const FusedBlock& block, const at::Tensor& x,
                                      const Execution& execution) {
  auto plan = std::make_shared<FusedPlan>();
  plan->batch = x.size(0);
  plan->channels = x.size(1);
  plan->height = x.size(2);
  plan->width = x.size(3);
  plan->type = x.scalar_type();
  plan->residual = block.residual;
  plan->pooled = block.pooled;
  plan->post = block.post;
  for (const FusedPart& part : block.parts) {
    const ChannelRange in = channels_of(part.take, plan->channels);
    if (in.count < 1)
      throw Error("INVALID_SPACE", "Expected channels for a part of a block but received none");
    if (part.units.empty()) {
      plan->has_pass = true;
      plan->pass = in;
      plan->pass_first = plan->out_channels;
      plan->out_channels += in.count;
      continue;
    }
    FusedBranch branch;
    branch.in = in;
    branch.out_first = plan->out_channels;
    cpu::Chain& chain = branch.chain;
    chain.storage = plan->type == at::kFloat ? cpu::Storage::float32 : cpu::Storage::bfloat16;
    chain.batch = static_cast<int>(plan->batch);
    chain.height = static_cast<int>(plan->height);
    chain.width = static_cast<int>(plan->width);
    int64_t channels = in.count, height = plan->height, width = plan->width;
    for (const FusedUnit& unit : part.units) {
      add_unit(branch, unit, channels, height * width, execution);
      channels = chain.units.back().out_channels;
      height = (height - 1) / unit.conv->stride + 1;
      width = (width - 1) / unit.conv->stride + 1;
    }
    if (!plan->branches.empty() && (height != plan->out_height || width != plan->out_width))
      throw Error("INVALID_SPACE", kUnequalBranches);
    plan->out_height = height;
    plan->out_width = width;
    plan->out_channels += channels;
    plan->branches.push_back(std::move(branch));
  }
  if (plan->has_pass && (plan->out_height != plan->height || plan->out_width != plan->width))
    throw Error("INVALID_SPACE", kUnequalBranches);
  int64_t read = 0;
  for (const FusedBranch& branch : plan->branches) read += branch.in.count;
  plan->keeps_input = execution.mode == Mode::train && read < plan->channels;
  for (FusedBranch& branch : plan->branches) branch.chain.keeps_input = plan->keeps_input;
  return plan;
}

void plan_residual(FusedPlan& plan, const at::Tensor& residual, bool own) {
  const std::vector<int64_t> size{plan.batch, plan.out_channels, plan.out_height, plan.out_width};
  if (residual.sizes() != at::IntArrayRef(size))
    throw Error("INVALID_SPACE", "Expected both sides of a sum to be of one size");
  plan.own_residual = own && plan.branches[0].in.count == plan.channels;
}

at::Tensor readable_residual(const FusedPlan& plan, const at::Tensor& residual) {
  return residual.to(plan.type).contiguous(at::MemoryFormat::ChannelsLast);
}

void bind_parameters(FusedBranch& branch, std::vector<at::Tensor>& kept) {
  for (size_t i = 0; i < branch.weight.size(); ++i) {
    cpu::Unit& unit = branch.chain.units[i];
    kept.push_back(dense_rows(branch.weight[i].detach()));
    unit.weight = kept.back().data_ptr<float>();
    unit.weight_stride = kept.back().stride(0);
    if (kept.back().size(0) == 1) unit.weight_stride = kept.back().numel();
    if (branch.gamma[i].defined()) unit.gamma = branch.gamma[i].data_ptr<float>();
    if (branch.beta[i].defined()) unit.beta = branch.beta[i].data_ptr<float>();
  }
}

at::Tensor empty_output(const FusedPlan& plan) {
  if (plan.pooled) return at::empty({plan.batch, plan.out_channels, 1, 1}, at::kFloat);
  return at::empty({plan.batch, plan.out_channels, plan.out_height, plan.out_width},
                   at::TensorOptions(plan.type), at::MemoryFormat::ChannelsLast);
}

cpu::Input input_of(const FusedPlan& plan, const at::Tensor& x, const ChannelRange& channels) {
  const char* data = x.defined() ? element(x, channels.first) : nullptr;
  return {data, static_cast<long>(plan.channels), static_cast<int>(channels.step)};
}

cpu::Output output_of(const FusedPlan& plan, const FusedBranch& branch, const at::Tensor& x,
                      const at::Tensor& residual, const at::Tensor& out) {
  cpu::Output output;
  output.data = element(out, branch.out_first);
  output.pixel_stride = static_cast<long>(plan.out_channels);
  output.pooled = plan.pooled;
  output.post = plan.post;
  if (plan.residual) {
    output.residual = plan.own_residual
                          ? input_of(plan, x, branch.in)
                          : cpu::Input{residual.data_ptr(), static_cast<long>(plan.out_channels), 1};
  }
  if (plan.has_pass && &branch == plan.branches.data()) {
    output.pass = input_of(plan, x, plan.pass);
    output.pass_channels = static_cast<int>(plan.pass.count);
    output.pass_data = element(out, plan.pass_first);
  }
  return output;
}

}  // namespace singlepath
