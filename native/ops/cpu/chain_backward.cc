// Backward: from the last unit to the first, with the gradient g behind each unit's BatchNorm in one of two
// buffers.
//
//   entry      the two BatchNorm sums of the last unit;
//              its g too, unless it can be read from the output's gradient again
//   each unit  gradient of the raw output = g * c0 + raw * c1 + c2 (BatchNorm's backward), while reading;
//              weight gradient; input gradient, straight into the unit before (its g and sums) or the
//              caller's tensor

#include <stdexcept>

#include "convolution.h"

namespace singlepath::cpu {
namespace {

struct Saved {
  const char* base;
  const void* raw(const UnitPlan& unit) const { return base + unit.raw_offset; }
  UnitVectors vectors(const UnitPlan& unit) const {
    return UnitVectors(const_cast<float*>(reinterpret_cast<const float*>(base + unit.vectors_offset)),
                       unit.width);
  }
};

// BatchNorm's gradients and the coefficients of its backward, from the sums of g and of g * (raw - mean).
void finish_batch_norm(const UnitPlan& unit, const double* sums, const UnitVectors& v,
                       const UnitGradients& gradients, float* c0, float* c1, float* c2) {
  const double count = static_cast<double>(unit.geometry.out_pixels());
  for (int c = 0; c < unit.width; ++c) {
    const double beta = sums[c], gamma = sums[unit.width + c] * v.inverse[c];
    const double slope = -static_cast<double>(v.scale[c]) * v.inverse[c] * gamma / count;
    c0[c] = v.scale[c];
    c1[c] = static_cast<float>(slope);
    c2[c] = static_cast<float>(-v.scale[c] * beta / count - slope * v.mean[c]);
    if (c >= unit.unit->out_channels) continue;
    if (gradients.gamma) gradients.gamma[c] = static_cast<float>(gamma);
    if (gradients.beta) gradients.beta[c] = static_cast<float>(beta);
  }
}

}  // namespace

void backward(const Chain& chain, const Input& input, const Output& output, const void* saved_memory,
              const ChainGradients& gradients, const UnitGradients* unit_gradients, Workspace& workspace) {
  check_output(output);
  const ChainPlan p = plan(chain);
  const StorageKernels& run = kernels().of(chain.storage);
  ThreadPool& pool = workspace.pool();
  const Saved saved{static_cast<const char*>(saved_memory)};
  const ArenaBlock turns[2] = {ArenaBlock(p.largest_raw_bytes), ArenaBlock(p.largest_raw_bytes)};
  void* g = turns[0].data();
  void* next = turns[1].data();
  int widest = 0;
  for (const UnitPlan& unit : p.units) widest = std::max(widest, unit.width);
  float* c0 = static_cast<float*>(workspace.shared(Workspace::coefficients, 3 * sizeof(float) * widest));
  float *c1 = c0 + widest, *c2 = c1 + widest;

  // Entry.
  const UnitPlan& last = p.units.back();
  const UnitVectors last_vectors = saved.vectors(last);
  const bool own_residual = gradients.own_residual && gradients.input;
  GradientEntry entry{};
  entry.gradient = gradients.output;
  entry.gradient_stride = gradients.output_stride;
  entry.pooled = output.pooled;
  entry.pixels = last.geometry.out_height * last.geometry.out_width;
  entry.channels = last.unit->out_channels;
  ArenaBlock own_gradient;
  const void* residual_gradient = gradients.output;
  long residual_stride = gradients.output_stride;
  if (output.post != Activation::none) {
    entry.out = output.data;
    entry.out_stride = output.pixel_stride;
    entry.post = output.post;
    entry.residual_gradient = gradients.residual;
    entry.residual_gradient_stride = gradients.residual_stride;
    if (own_residual) {
      entry.residual_gradient_stride = last.width;
      own_gradient = ArenaBlock(last.geometry.out_pixels() * last.width * p.element);
      entry.residual_gradient = own_gradient.data();
      residual_gradient = entry.residual_gradient;
      residual_stride = last.width;
    }
  }
  entry.raw = saved.raw(last);
  entry.scale = last_vectors.scale;
  entry.shift = last_vectors.shift;
  entry.mean = last_vectors.mean;
  entry.activation = last.unit->activation;
  // Behind a pool or a residual's activation g is written down; otherwise the unit's own kernel rebuilds it.
  const bool rebuilt = !output.pooled && output.post == Activation::none;
  entry.sink = rebuilt ? nullptr : g;
  const double* sums = run_summed(workspace, entry, run.gradient_entry, last.geometry.out_pixels(), 32,
                                  last.width, entry.scratch_floats());
  finish_batch_norm(last, sums, last_vectors, unit_gradients[p.units.size() - 1], c0, c1, c2);

  // Passed channels: woven into the input gradient when they are the even ones beside our odd ones, else
  // copied.
  const char* first_input = static_cast<const char*>(gradients.input);
  const bool weave = gradients.pass && gradients.input && !gradients.accumulate && input.channel_step == 2 &&
                     output.pass.channel_step == 2 &&
                     output.pass_channels == chain.units.front().in_channels &&
                     first_input - p.element == static_cast<const char*>(gradients.pass_input) &&
                     (p.units.front().geometry.stride == 1 || p.units.front().depthwise());
  if (gradients.pass && gradients.pass_input && !weave) {
    const CopyChannels copy{gradients.pass,       gradients.output_stride, 1,
                            gradients.pass_input, gradients.input_stride,  output.pass.channel_step,
                            output.pass_channels, gradients.accumulate};
    pool.parallel_for(last.geometry.out_pixels(), 32,
                      [&](long begin, long end, int) { run.copy_channels(copy, begin, end); });
  }

  for (std::size_t i = p.units.size(); i-- > 0;) {
    const UnitPlan& unit = p.units[i];
    const Unit& u = *unit.unit;
    const bool first = i == 0;
    OutputGradient gradient{g,  unit.width, unit.width, Activation::none, nullptr, nullptr, saved.raw(unit),
                            c0, c1,         c2};
    if (rebuilt && i + 1 == p.units.size()) {
      gradient.gradient = gradients.output;
      gradient.stride = gradients.output_stride;
      gradient.channels = u.out_channels;
      gradient.activation = u.activation;
      gradient.scale = last_vectors.scale;
      gradient.shift = last_vectors.shift;
    }
    BackwardSink sink{};
    Operand in;
    if (first) {
      in = input_operand(chain, input);
      sink.external = true;
      sink.data = gradients.input;
      sink.pixel_stride = gradients.input_stride;
      sink.channel_step = input.channel_step;
      sink.channels = u.in_channels;
      sink.accumulate = gradients.accumulate;
      if (own_residual) {
        sink.add = residual_gradient;
        sink.add_stride = residual_stride;
      }
      if (weave) {
        sink.interleave = gradients.pass;
        sink.interleave_stride = gradients.output_stride;
      }
    } else {
      const UnitPlan& before = p.units[i - 1];
      const UnitVectors v = saved.vectors(before);
      in = raw_operand(before, saved.raw(before), v);
      sink.data = next;
      sink.raw = saved.raw(before);
      sink.scale = v.scale;
      sink.shift = v.shift;
      sink.mean = v.mean;
      sink.activation = before.unit->activation;
    }
    const bool wanted = !first || gradients.input;
    const int in_width = static_cast<int>(padded(u.in_channels));
    if (wanted && u.convolution == Convolution::pointwise && u.stride > 1) {
      // Pixels between the strides get no gradient from this unit.
      if (first && !gradients.accumulate)
        pool.parallel_for(unit.geometry.in_pixels(), 32, [&](long begin, long end, int) {
          for (long pixel = begin; pixel < end; ++pixel) {
            char* to = static_cast<char*>(gradients.input) + pixel * gradients.input_stride * p.element;
            if (input.channel_step == 1)
              std::memset(to, 0, static_cast<std::size_t>(u.in_channels) * p.element);
            else
              for (int c = 0; c < u.in_channels; ++c)
                std::memset(to + static_cast<long>(c) * input.channel_step * p.element, 0, p.element);
          }
        });
      else if (!first)
        std::memset(next, 0, unit.geometry.in_pixels() * in_width * p.element);
    }

    const double* unit_sums =
        convolution_backward(unit, chain.storage, gradient, in, sink, wanted, unit_gradients[i], workspace);
    if (!first) {
      const UnitPlan& before = p.units[i - 1];
      finish_batch_norm(before, unit_sums, saved.vectors(before), unit_gradients[i - 1], c0, c1, c2);
      std::swap(g, next);
    }
  }
}

}  // namespace singlepath::cpu
