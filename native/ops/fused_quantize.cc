#include "ops/fused_quantize.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tanh.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "core/error.h"
#include "ops/cpu/quantize.h"
#include "ops/engine_workspace.h"
#include "ops/op.h"
#include "ops/quantize.h"

namespace singlepath {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cpu::Storage quantizer_storage(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat ? cpu::Storage::float32 : cpu::Storage::bfloat16;
}

at::Tensor empty_like_strided(const at::Tensor& x) {
  return at::empty_strided(x.sizes(), x.strides(), x.options());
}

// The values of `tensor` in the order of those of `x`, which lie side by side.
at::Tensor in_order_of(const at::Tensor& x, const at::Tensor& tensor) {
  if (tensor.strides() == x.strides() && tensor.scalar_type() == x.scalar_type()) return tensor;
  return empty_like_strided(x).copy_(tensor);
}

at::Tensor side_by_side(const at::Tensor& x) {
  return x.is_non_overlapping_and_dense() ? x : x.contiguous();
}

// What the forward pass of DoReFa's k bits rounds: tanh of the weights, and the largest of these as scale.
// All 0: divided by 1.
at::Tensor squash(const at::Tensor& weight, cpu::Quantizer& quantizer) {
  const at::Tensor squashed = at::tanh(weight);
  const float largest =
      cpu::largest_magnitude(squashed.data_ptr<float>(), squashed.numel(), engine_workspace());
  quantizer.scale = largest > 0 ? largest : 1.f;
  return squashed;
}

at::Tensor quantize_into(const cpu::Quantizer& quantizer, const at::Tensor& x, const at::Tensor& out) {
  cpu::quantize(quantizer, quantizer_storage(x), x.data_ptr(), x.numel(), out.data_ptr(), engine_workspace());
  return out;
}

// Variables: what is quantized, and the quantizer's step or bound where it learns one.
struct FusedQuantizeFunction : torch::autograd::Function<FusedQuantizeFunction> {
  // scale_factor: of the gradient of the scale.
  static at::Tensor forward(AutogradContext* context, cpu::Quantizer quantizer, double scale_factor,
                            at::TensorList variables) {
    at::Tensor x = side_by_side(variables[0]);
    if (quantizer.rounding == cpu::Rounding::dorefa) x = squash(x, quantizer);
    context->saved_data["quantizer"] =
        c10::IValue::make_capsule(c10::make_intrusive<Holder>(quantizer, scale_factor));
    context->saved_data["learnt"] = variables.size() > 1;
    context->save_for_backward({x});
    context->set_materialize_grads(false);
    return quantize_into(quantizer, x, empty_like_strided(x));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const bool learnt = context->saved_data["learnt"].toBool();
    variable_list result(learnt ? 4 : 3);  // quantizer, factor, x, scale
    if (!gradients[0].defined()) return result;
    const auto holder =
        c10::static_intrusive_pointer_cast<Holder>(context->saved_data["quantizer"].toCapsule());
    const at::Tensor x = context->get_saved_variables()[0];
    const bool wanted = context->needs_input_grad(0);
    const at::Tensor gradient = in_order_of(x, gradients[0]);
    if (wanted) result[2] = empty_like_strided(x);
    const double sum =
        cpu::quantize_backward(holder->quantizer, quantizer_storage(x), x.data_ptr(), gradient.data_ptr(),
                               x.numel(), wanted ? result[2].data_ptr() : nullptr, engine_workspace());
    if (learnt) result[3] = at::full({1}, sum * holder->scale_factor, at::kFloat);
    return result;
  }

 private:
  struct Holder : torch::CustomClassHolder {
    Holder(const cpu::Quantizer& quantizer, double factor) : quantizer(quantizer), scale_factor(factor) {}
    cpu::Quantizer quantizer;
    double scale_factor;
  };
};

at::Tensor fake_quantized(cpu::Quantizer quantizer, const at::Tensor& x, const at::Tensor& scale = {},
                          double scale_factor = 1) {
  quantizer.through = at::GradMode::is_enabled();
  if (quantizer.through) {
    variable_list variables{x};
    if (scale.defined()) variables.push_back(scale);
    return FusedQuantizeFunction::apply(quantizer, scale_factor, at::TensorList(variables));
  }
  const at::Tensor dense = side_by_side(x);
  if (quantizer.rounding != cpu::Rounding::dorefa)
    return quantize_into(quantizer, dense, empty_like_strided(dense));
  const at::Tensor squashed = squash(dense, quantizer);
  return quantize_into(quantizer, squashed, squashed);
}

// LSQ's step as ops/quantize.cc uses it: with gradients, a sum that may round.
float step_of(const at::Tensor& step, double factor) {
  const float value = *step.data_ptr<float>();
  if (!at::GradMode::is_enabled()) return value;
  const float scaled = value * static_cast<float>(factor);
  return scaled + (value - scaled);
}

double lsq_factor(int64_t count, double high) {
  return 1 / std::sqrt(static_cast<double>(count) * high);
}

cpu::Quantizer lsq_quantizer(const at::Tensor& step, double low, double high, double factor) {
  return {cpu::Rounding::lsq, step_of(step, factor), static_cast<float>(low), static_cast<float>(high),
          false};
}

at::Tensor fused_lsq(const at::Tensor& x, const at::Tensor& step, double low, double high, int64_t count) {
  const double factor = lsq_factor(count, high);
  return fake_quantized(lsq_quantizer(step, low, high, factor), x, step, factor);
}

double highest_level(int64_t bits) {
  return std::pow(2.0, bits) - 1;
}

cpu::Quantizer pact_quantizer(const at::Tensor& alpha, int64_t bits) {
  const bool floats = bits >= kFloatBits;
  return {floats ? cpu::Rounding::bound : cpu::Rounding::pact, *alpha.data_ptr<float>(), 0,
          floats ? 0 : static_cast<float>(highest_level(bits)), false};
}

}  // namespace

bool can_quantize(const at::Tensor& x, const Execution& execution) {
  return execution.fused && x.device().is_cpu() && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

FeatureQuantizer feature_quantizer(const Node& node, int64_t count, const Execution& execution) {
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t bits = node.bits.at(execution.architecture);
  const Slice slice = slice_of_bits(node.bits, execution);
  if (node.quantizer == Quantizer::pact) {
    const at::Tensor alpha = execution.use(*parameters.alpha, slice);
    return {pact_quantizer(alpha, bits), alpha, 1};
  }
  if (node.quantizer != Quantizer::lsq) throw Error("NATIVE", "Expected pact or lsq in node " + node.name);
  if (bits >= kFloatBits) return {};
  const at::Tensor step = execution.use(*parameters.step, slice);
  const double high = highest_level(bits), factor = lsq_factor(count, high);
  return {lsq_quantizer(step, 0, high, factor), step, factor};
}

namespace {

float step_of_weights(const Node& conv, const at::Tensor& quantized, int64_t bits,
                      const Execution& execution) {
  const bool dorefa = conv.quantizer == Quantizer::dorefa;
  if (bits > (dorefa ? 7 : 8)) return 0;
  const at::Tensor dense = side_by_side(quantized);
  const float* weights = dense.data_ptr<float>();
  // A weight that is no number has no level.
  if (!std::isfinite(cpu::largest_magnitude(weights, dense.numel(), engine_workspace()))) return 0;
  if (!dorefa)
    return *slice_of_bits(conv.bits, execution)
                .of(execution.parameters.of(conv).step->value)
                .data_ptr<float>();
  // One bit: a mean, from which each weight may be off by its own rounding (straight-through sums).
  return bits == 1 ? cpu::mean_magnitude(weights, dense.numel(), engine_workspace())
                   : static_cast<float>(1 / highest_level(bits));
}

}  // namespace

float weight_step(const Node& conv, const at::Tensor& quantized, const Execution& execution) {
  const int64_t bits = conv.bits.at(execution.architecture);
  QuantizedWeight* known = nullptr;
  if (execution.quantized_weights != nullptr)
    known = execution.quantized_weights->find(conv, quantized, execution.architecture);
  if (known != nullptr && known->step) return *known->step;
  const float step = step_of_weights(conv, quantized, bits, execution);
  if (known != nullptr) known->step = step;
  return step;
}

namespace fused {

at::Tensor dorefa_weight(const at::Tensor& weight, int64_t bits) {
  if (bits > 1)
    return fake_quantized({cpu::Rounding::dorefa, 1, 0, static_cast<float>(highest_level(bits)), false},
                          weight);
  const at::Tensor dense = side_by_side(weight);
  const float mean = cpu::mean_magnitude(dense.data_ptr<float>(), dense.numel(), engine_workspace());
  return fake_quantized({cpu::Rounding::dorefa_sign, mean, 0, 0, false}, dense);
}

at::Tensor pact_feature(const at::Tensor& x, const at::Tensor& alpha, int64_t bits) {
  return fake_quantized(pact_quantizer(alpha, bits), x, alpha);
}

at::Tensor lsq_weight(const at::Tensor& weight, const at::Tensor& step, int64_t bits) {
  if (bits == 1) {
    const double factor = 1 / std::sqrt(static_cast<double>(weight.numel()));
    return fake_quantized({cpu::Rounding::lsq_sign, step_of(step, factor), -1, 1, false}, weight, step,
                          factor);
  }
  const double half = std::pow(2.0, bits - 1);
  return fused_lsq(weight, step, -half, half - 1, weight.numel());
}

at::Tensor lsq_feature(const at::Tensor& x, const at::Tensor& step, int64_t bits) {
  if (bits >= kFloatBits) return x;
  const int64_t count = x.numel() / x.size(0);  // of one image: independent of the batch
  return fused_lsq(x, step, 0, highest_level(bits), count);
}

}  // namespace fused
}  // namespace singlepath
