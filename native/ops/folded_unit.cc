#include "ops/folded_unit.h"

#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mul.h>

#include "ops/op.h"
#include "weights/folded_norm.h"

namespace singlepath {
namespace {

FoldedNorm norm_of(const Node& norm, int64_t channels, const Execution& execution) {
  const NodeParameters& parameters = execution.parameters.of(norm);
  const Slice slice{{channels}};
  at::Tensor mean, var;
  if (execution.statistics != nullptr) {
    const PooledStatistics& own = execution.statistics->at(&norm);
    if (own.scale.defined()) return {own.scale, own.shift};
    mean = own.mean;
    var = own.var;
  } else {
    mean = slice.of(parameters.running_mean->value);
    var = slice.of(parameters.running_var->value);
  }
  at::Tensor gamma, beta;
  if (norm.affine) {
    gamma = slice.of(parameters.weight->value);
    beta = slice.of(parameters.bias->value);
  }
  return folded_norm(mean, var.to(at::kDouble).add(norm.eps), gamma, beta);
}

}  // namespace

at::Tensor folded_unit(const FusedUnit& unit, const at::Tensor& x, const Execution& execution) {
  const int64_t in = x.size(1), out = unit.conv->out.at(execution.architecture);
  at::Tensor weight = execution.use(*execution.parameters.of(*unit.conv).weight, {{out, in}});
  if (unit.conv->quantizer != Quantizer::none) weight = quantize_weight(*unit.conv, weight, execution);
  const FoldedNorm norm = norm_of(*unit.norm, out, execution);
  at::Tensor scaled = at::empty({out, in}, x.options());
  at::mul_out(scaled, weight.reshape({out, in}), norm.scale.unsqueeze(1));
  const at::Tensor bias = norm.shift.to(x.scalar_type());
  const at::Tensor pixels = x.permute({0, 2, 3, 1}).reshape({-1, in});
  const at::Tensor y = unit.activation != nullptr ? at::_addmm_activation(bias, pixels, scaled.t())
                                                  : at::addmm(bias, pixels, scaled.t());
  return y.view({x.size(0), x.size(2), x.size(3), out}).permute({0, 3, 1, 2});
}

}  // namespace singlepath
