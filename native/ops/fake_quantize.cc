#include "core/error.h"
#include "ops/fused_quantize.h"
#include "ops/op.h"
#include "ops/quantize.h"

namespace singlepath {

Slice slice_of_bits(const Dim& bits, const Execution& execution) {
  return {{1}, bits.option(execution.architecture)};
}

at::Tensor fake_quantize(const Node& node, const Inputs& inputs, const Execution& execution) {
  const NodeParameters& parameters = execution.parameters.of(node);
  const int64_t bits = node.bits.at(execution.architecture);
  const Slice slice = slice_of_bits(node.bits, execution);
  const bool own = can_quantize(inputs[0], execution);
  switch (node.quantizer) {
    case Quantizer::pact:
      return (own ? fused::pact_feature : pact_feature)(inputs[0], execution.use(*parameters.alpha, slice),
                                                        bits);
    case Quantizer::lsq:
      return (own ? fused::lsq_feature : lsq_feature)(inputs[0], execution.use(*parameters.step, slice),
                                                      bits);
    default:
      throw Error("NATIVE", "Expected pact or lsq in node " + node.name);
  }
}

namespace {

at::Tensor quantized_by(const Node& node, const at::Tensor& weight, int64_t bits,
                        const Execution& execution) {
  const bool own = can_quantize(weight, execution);
  if (node.quantizer == Quantizer::dorefa) return (own ? fused::dorefa_weight : dorefa_weight)(weight, bits);
  const NodeParameters& parameters = execution.parameters.of(node);
  return (own ? fused::lsq_weight : lsq_weight)(
      weight, execution.use(*parameters.step, slice_of_bits(node.bits, execution)), bits);
}

}  // namespace

at::Tensor quantize_weight(const Node& node, const at::Tensor& weight, const Execution& execution) {
  const int64_t bits = node.bits.at(execution.architecture);
  if (bits >= kFloatBits) return weight;
  QuantizedWeights* kept = execution.quantized_weights;
  if (kept == nullptr) return quantized_by(node, weight, bits, execution);
  if (const QuantizedWeight* known = kept->find(node, weight, execution.architecture)) return known->values;
  const at::Tensor values = quantized_by(node, weight, bits, execution);
  kept->keep(node, weight, execution.architecture, values);
  return values;
}

}  // namespace singlepath
