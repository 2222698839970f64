#include "ops/norm_unit.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "ops/norm_kernels.h"
#include "ops/op.h"

namespace singlepath {
namespace {

at::Tensor op_by_op(const FusedUnit& unit, const at::Tensor& x, const Execution& execution) {
  const at::Tensor y = run_op(*unit.norm, {x}, execution);
  return unit.activation != nullptr ? run_op(*unit.activation, {y}, execution) : y;
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Activation activation_of(const FusedUnit& unit) {
  return unit.activation != nullptr ? unit.activation->activation : Activation::none;
}

// `variables`: the input, and gamma and beta where there are any, as with autograd's function below.
BatchNorm norm_of(const FusedUnit& unit, at::TensorList variables) {
  if (variables.size() == 1) return {{}, {}, unit.norm->eps, activation_of(unit)};
  return {variables[1], variables[2], unit.norm->eps, activation_of(unit)};
}

std::vector<at::Tensor> variables_of(const FusedUnit& unit, const at::Tensor& x, const Execution& execution) {
  if (!unit.norm->affine) return {x};
  const NodeParameters& parameters = execution.parameters.of(*unit.norm);
  const Slice channels{{x.size(1)}};
  return {x, execution.use(*parameters.weight, channels), execution.use(*parameters.bias, channels)};
}

// Running mean and variance of the channels in use.
BatchMoments running_of(const FusedUnit& unit, int64_t channels, const Execution& execution) {
  const NodeParameters& buffers = execution.parameters.of(*unit.norm);
  const Slice slice{{channels}};
  return {slice.of(buffers.running_mean->value), slice.of(buffers.running_var->value)};
}

struct NormFunction : torch::autograd::Function<NormFunction> {
  static at::Tensor forward(AutogradContext* context, const FusedUnit* unit, const Execution* execution,
                            at::TensorList variables) {
    const at::Tensor& x = variables[0];
    const BatchMoments running = running_of(*unit, x.size(1), *execution);
    BatchMoments batch;
    const at::Tensor y =
        norm_kernels_for(x)->train(x, norm_of(*unit, variables), unit->norm->momentum, running, batch);
    variable_list saved{batch.mean, batch.variance};
    saved.insert(saved.end(), variables.begin(), variables.end());
    context->save_for_backward(saved);
    context->saved_data["eps"] = unit->norm->eps;
    context->saved_data["activation"] = static_cast<int64_t>(activation_of(*unit));
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    BatchNorm norm;
    norm.eps = context->saved_data["eps"].toDouble();
    norm.activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const bool affine = saved.size() > 3;
    if (affine) {
      norm.gamma = saved[3];
      norm.beta = saved[4];
    }
    const BatchNormGradients own =
        norm_kernels_for(saved[2])->backward(saved[2], gradients[0], norm, {saved[0], saved[1]});
    variable_list all{{}, {}, own.input};  // unit, execution, then the variables
    if (affine) all.insert(all.end(), {own.gamma, own.beta});
    return all;
  }
};

at::Tensor by_kernels(const NormKernels& kernels, const FusedUnit& unit, const at::Tensor& x,
                      const Execution& execution) {
  const std::vector<at::Tensor> variables = variables_of(unit, x, execution);
  if (execution.mode == Mode::train) return NormFunction::apply(&unit, &execution, at::TensorList(variables));
  const BatchNorm norm = norm_of(unit, variables);
  if (execution.mode == Mode::calibrate) {
    const at::Tensor both =
        at::empty({2, x.size(1)}, execution.parameters.of(*unit.norm).running_mean->value.options());
    const BatchMoments own{both[0], both[1]};
    BatchMoments batch;
    const at::Tensor y = kernels.train(x, norm, /*momentum=*/1, own, batch);
    (*execution.statistics)[unit.norm].add(own.mean, own.variance, x.numel() / x.size(1));
    return y;
  }
  if (execution.statistics == nullptr)
    return kernels.evaluate(x, norm, running_of(unit, x.size(1), execution));
  const PooledStatistics& own = execution.statistics->at(unit.norm);
  return kernels.evaluate(x, norm, {own.mean, own.var});
}

}  // namespace

at::Tensor norm_unit(const FusedUnit& unit, const at::Tensor& x, const Execution& execution) {
  // The variance of one value is what ops/batch_norm.cc says.
  const bool one_value = execution.mode != Mode::evaluate && x.dim() == 4 && x.numel() == x.size(1);
  const bool lost_gradient = execution.mode != Mode::train && at::GradMode::is_enabled() && x.requires_grad();
  const NormKernels* kernels =
      execution.fused && !one_value && !lost_gradient ? norm_kernels_for(x) : nullptr;
  return kernels != nullptr ? by_kernels(*kernels, unit, x, execution) : op_by_op(unit, x, execution);
}

}  // namespace singlepath
