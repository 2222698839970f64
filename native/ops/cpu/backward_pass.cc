#include "backward_pass.h"

#include "quantized_operand.h"

namespace singlepath::cpu {
namespace {

// Gradients as they are, those of padding too, which are zeros.
BackwardSink plain_sink(void* to, int width) {
  BackwardSink sink{};
  sink.external = true;
  sink.data = to;
  sink.pixel_stride = sink.channels = width;
  sink.channel_step = 1;
  return sink;
}

}  // namespace

BackwardPass::BackwardPass(const ChainPlan& plan, const void* saved, const UnitGradients* gradients,
                           Workspace& workspace)
    : plan_(plan),
      saved_(static_cast<const char*>(saved)),
      gradients_(gradients),
      workspace_(workspace),
      quantized_(plan.largest_quantized_bytes) {
  int widest = 0;
  for (const UnitPlan& unit : plan.units) widest = std::max(widest, unit.width);
  c0_ = static_cast<float*>(workspace.shared(Workspace::coefficients, 3 * sizeof(float) * widest));
  c1_ = c0_ + widest;
  c2_ = c1_ + widest;
}

void BackwardPass::enter(const UnitPlan& unit, GradientEntry entry) {
  const UnitVectors v = vectors(unit);
  entry.pixels = unit.geometry.out_height * unit.geometry.out_width;
  entry.channels = unit.unit->out_channels;
  entry.raw = raw(unit);
  entry.scale = v.scale;
  entry.shift = v.shift;
  entry.mean = v.mean;
  entry.activation = unit.unit->activation;
  finish(unit, run_summed(workspace_, entry, kernels().of(unit.storage).gradient_entry,
                          unit.geometry.out_pixels(), 32, unit.width, entry.scratch_floats()));
}

OutputGradient BackwardPass::from_sink(const UnitPlan& unit, const void* g) const {
  return {g, unit.width, unit.width, Activation::none, nullptr, nullptr, raw(unit), c0_, c1_, c2_};
}

OutputGradient BackwardPass::from_entry(const UnitPlan& unit, const void* gradient, long stride) const {
  const UnitVectors v = vectors(unit);
  const Unit& u = *unit.unit;
  return {gradient, stride, u.out_channels, u.activation, v.scale, v.shift, raw(unit), c0_, c1_, c2_};
}

OutputGradient BackwardPass::run(std::size_t last, std::size_t first, OutputGradient gradient, Turns& turns) {
  for (std::size_t i = last; i > first; --i) {
    const UnitPlan& before = plan_.units[i - 1];
    finish(before, leave(i, gradient, operand(before), inside(before, turns.next), true, turns.next));
    turns.swap();
    gradient = from_sink(before, turns.g);
  }
  return gradient;
}

const double* BackwardPass::leave(std::size_t index, const OutputGradient& gradient, const Operand& input,
                                  const BackwardSink& sink, bool wanted, void* buffer) {
  const UnitPlan& unit = plan_.units[index];
  const auto clear_gaps = [&](void* data) {
    if (leaves_gaps(unit)) std::memset(data, 0, input_bytes(unit, unit.geometry));
  };
  if (!unit.unit->quantized) {
    if (!sink.external) clear_gaps(sink.data);
    return convolution_backward(unit, gradient, input, sink, wanted, gradients_[index], workspace_);
  }
  clear_gaps(buffer);
  const Operand values =
      write_quantized(unit, unit.geometry, input, quantized_.data(), on_all_threads(workspace_));
  const int width = static_cast<int>(padded(unit.unit->in_channels));
  convolution_backward(unit, gradient, values, plain_sink(buffer, width), true, gradients_[index],
                       workspace_);
  return cross_quantizer(index, buffer, input, sink);
}

const double* BackwardPass::cross_quantizer(std::size_t index, const void* gradient, const Operand& input,
                                            const BackwardSink& sink) {
  const UnitPlan& unit = plan_.units[index];
  const int width = static_cast<int>(padded(unit.unit->in_channels));
  const QuantizedGradient task{gradient, input, unit.unit->quantizer, width, sink, nullptr};
  const auto kernel = kernels().of(unit.storage).quantized_gradient;
  const long pixels = unit.geometry.in_pixels();
  const int pieces = workspace_.pool().pieces(pixels, 32);
  std::vector<double> scales(pieces, 0.0);
  const double* sums = run_pieces(workspace_, pixels, 32, pieces, width, task.scratch_floats(),
                                  [&](int piece, long begin, long end, float* scratch, double* own_sums) {
                                    QuantizedGradient own = task;
                                    own.scale_gradient = &scales[piece];
                                    kernel(own, begin, end, scratch, own_sums);
                                  });
  double scale = 0;
  for (const double part : scales) scale += part;
  *gradients_[index].quantizer_scale = scale;
  return sums;
}

OutputGradient BackwardPass::cross(const GatePlan& gate, const OutputGradient& gradient, Turns& turns) {
  const UnitPlan& gated = plan_.units[gate.begin - 1];
  const Operand product = gated_operand(operand(gated), gated, gate, floats(gate.factors_offset));
  leave(gate.end, gradient, product, plain_sink(turns.next, gated.width), true);
  turns.swap();

  const std::size_t count = static_cast<std::size_t>(gated.geometry.batch) * gate.widest;
  const ArenaBlock memory(4 * count * sizeof(float));
  float* part = static_cast<float*>(memory.data());
  float* means_gradient = part + count;
  run_gate(gate, turns.g, part, means_gradient, {part + 2 * count, part + 3 * count});

  GradientEntry entry{};
  entry.gradient = entry.sink = turns.g;
  entry.gradient_stride = gated.width;
  entry.factors = floats(gate.factors_offset);
  entry.means_gradient = means_gradient;
  entry.gate_stride = gate.width;
  enter(gated, entry);
  return from_sink(gated, turns.g);
}

// From the gradient of x * factors to that of the means of x.
void BackwardPass::run_gate(const GatePlan& gate, const void* product_gradient, float* factors_gradient,
                            float* means_gradient, Turns turns) {
  const UnitPlan &gated = plan_.units[gate.begin - 1], &last = plan_.units[gate.end - 1];
  const int pixels = gated.geometry.out_height * gated.geometry.out_width;
  run_pool({operand(gated), pixels, factors_gradient, gate.width, product_gradient}, gated.geometry.batch,
           gated.storage, workspace_);
  GradientEntry entry{};
  entry.gradient = factors_gradient;
  entry.gradient_stride = gate.width;
  enter(last, entry);
  const OutputGradient first =
      run(gate.end - 1, gate.begin, from_entry(last, factors_gradient, gate.width), turns);
  leave(gate.begin, first, means_operand(plan_, gate, floats(gate.means_offset)),
        plain_sink(means_gradient, gate.width), true);
}

BackwardSink BackwardPass::inside(const UnitPlan& before, void* to) const {
  const UnitVectors v = vectors(before);
  BackwardSink sink{};
  sink.data = to;
  sink.raw = raw(before);
  sink.scale = v.scale;
  sink.shift = v.shift;
  sink.mean = v.mean;
  sink.activation = before.unit->activation;
  return sink;
}

// BatchNorm's gradients and the coefficients of its backward, from the sums of g and of g * (raw - mean).
// With a bias in its place g is the gradient of the raw output.
void BackwardPass::finish(const UnitPlan& unit, const double* sums) {
  const UnitGradients& to = gradients_[&unit - plan_.units.data()];
  const UnitVectors v = vectors(unit);
  const bool normalized = unit.unit->normalized;
  const double count = static_cast<double>(unit.geometry.out_pixels());
  for (int c = 0; c < unit.width; ++c) {
    const double beta = sums[c], gamma = sums[unit.width + c] * v.inverse[c];
    const double slope = -static_cast<double>(v.scale[c]) * v.inverse[c] * gamma / count;
    c0_[c] = v.scale[c];
    c1_[c] = normalized ? static_cast<float>(slope) : 0.f;
    c2_[c] = normalized ? static_cast<float>(-v.scale[c] * beta / count - slope * v.mean[c]) : 0.f;
    if (c >= unit.unit->out_channels) continue;
    if (to.gamma) to.gamma[c] = static_cast<float>(gamma);
    if (to.beta) to.beta[c] = static_cast<float>(beta);
  }
}

}  // namespace singlepath::cpu
