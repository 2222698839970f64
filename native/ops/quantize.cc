#include "ops/quantize.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/where.h>

#include <cmath>

namespace singlepath {
namespace {

// `quantized` forward, identity backward. Without gradients it is `quantized` to the last bit, as in an
// exported network; else the sum may round.
at::Tensor straight_through(const at::Tensor& x, const at::Tensor& quantized) {
  if (!at::GradMode::is_enabled()) return quantized;
  return x + (quantized - x).detach();
}

at::Tensor round_through(const at::Tensor& x) {
  return straight_through(x, x.detach().round());
}

// -1 or 1, never 0.
at::Tensor sign_of(const at::Tensor& x) {
  return x.ge(0).to(x.scalar_type()).mul(2).sub(1);
}

// The value of `step`, with its gradient scaled.
at::Tensor scale_gradient(const at::Tensor& step, double scale) {
  if (!at::GradMode::is_enabled()) return step;
  const at::Tensor scaled = step * scale;
  return scaled + (step - scaled).detach();
}

// The gradient at a bound is 1, as inside. That of libtorch's clamp was so too, and is 0 there since 2.14.
at::Tensor clamp_through(const at::Tensor& x, double low, double high) {
  const at::Tensor clamped = x.detach().clamp(low, high);
  return at::GradMode::is_enabled() ? at::where(x.ge(low).logical_and_(x.le(high)), x, clamped) : clamped;
}

// `count`: N_W or N_F of section 2.2.
at::Tensor lsq(const at::Tensor& x, const at::Tensor& step, double low, double high, int64_t count) {
  const at::Tensor s = scale_gradient(step, 1 / std::sqrt(static_cast<double>(count) * high));
  return round_through(clamp_through(x / s, low, high)) * s;
}

}  // namespace

at::Tensor dorefa_weight(const at::Tensor& weight, int64_t bits) {
  if (bits == 1) return straight_through(weight, sign_of(weight.detach()) * weight.detach().abs().mean());
  const double levels = std::pow(2.0, bits) - 1;
  const at::Tensor squashed = weight.tanh();
  const at::Tensor largest = squashed.abs().max();
  // All weights 0: each is quantized as a 0 among others, and its gradient stays finite.
  const at::Tensor unit = squashed / at::where(largest.gt(0), largest, at::ones_like(largest)) * 0.5 + 0.5;
  return round_through(unit * levels) / levels * 2 - 1;
}

at::Tensor pact_feature(const at::Tensor& features, const at::Tensor& alpha, int64_t bits) {
  const at::Tensor x = features.to(at::kFloat);
  const at::Tensor clipped = at::where(x.ge(alpha), alpha, at::relu(x));
  if (bits >= kFloatBits) return clipped.to(features.scalar_type());
  const at::Tensor unit = alpha.detach() / (std::pow(2.0, bits) - 1);
  return straight_through(clipped, (clipped.detach() / unit).round() * unit).to(features.scalar_type());
}

at::Tensor lsq_weight(const at::Tensor& weight, const at::Tensor& step, int64_t bits) {
  if (bits == 1) {
    const at::Tensor s = scale_gradient(step, 1 / std::sqrt(static_cast<double>(weight.numel())));
    const at::Tensor unit = clamp_through(weight / s, -1, 1);
    return straight_through(unit, sign_of(unit.detach())) * s;
  }
  const double half = std::pow(2.0, bits - 1);
  return lsq(weight, step, -half, half - 1, weight.numel());
}

at::Tensor lsq_feature(const at::Tensor& x, const at::Tensor& step, int64_t bits) {
  if (bits >= kFloatBits) return x;
  const int64_t count = x.numel() / x.size(0);  // of one image: independent of the batch
  return lsq(x.to(at::kFloat), step, 0, std::pow(2.0, bits) - 1, count).to(x.scalar_type());
}

}  // namespace singlepath
