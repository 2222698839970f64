// Backward: from the last unit to the first, with the gradient g behind each unit's BatchNorm in one of two
// buffers.
//
//   entry      the two BatchNorm sums of the last unit;
//              its g too, unless it can be read from the output's gradient again
//   each unit  gradient of the raw output = g * c0 + raw * c1 + c2 (BatchNorm's backward), while reading;
//              weight gradient; input gradient, straight into the unit before (its g and sums) or the
//              caller's tensor
//   quantizer  in front of a unit: what it reads is quantized again, for the weight gradient; the gradient
//              of its results goes through it in a pass of its own
//   each gate  the unit behind it leaves the gradient dy of what it read, x * factors: the factors' gradient
//              is the sum of dy * x over pixels; the gate's own units give that of the means; both together
//              are the entry of the unit before

#include "backward_pass.h"

namespace singlepath::cpu {
namespace {

// Zeros for the channels that the chain reads: pixels that its first unit leaves out have no gradient.
void clear_input_gradient(const UnitPlan& first, const Input& input, const ChainGradients& gradients,
                          int element, ThreadPool& pool) {
  const int channels = first.unit->in_channels;
  pool.parallel_for(first.geometry.in_pixels(), 32, [&](long begin, long end, int) {
    for (long pixel = begin; pixel < end; ++pixel) {
      char* to = static_cast<char*>(gradients.input) + pixel * gradients.input_stride * element;
      if (input.channel_step == 1)
        std::memset(to, 0, static_cast<std::size_t>(channels) * element);
      else
        for (int c = 0; c < channels; ++c)
          std::memset(to + static_cast<long>(c) * input.channel_step * element, 0, element);
    }
  });
}

}  // namespace

void backward(const Chain& chain, const Input& input, const Output& output, const void* saved_memory,
              const ChainGradients& gradients, const UnitGradients* unit_gradients, Workspace& workspace) {
  check_output(output);
  const ChainPlan p = plan(chain);
  const StorageKernels& run = kernels().of(chain.storage);
  ThreadPool& pool = workspace.pool();
  const UnitPlan &first = p.units.front(), &last = p.units.back();
  const ArenaBlock memory[2] = {ArenaBlock(p.largest_gradient_bytes), ArenaBlock(p.largest_gradient_bytes)};
  Turns turns{memory[0].data(), memory[1].data()};
  BackwardPass pass(p, saved_memory, unit_gradients, workspace);

  // Entry. Behind a pool or a residual's activation g is written down; otherwise the unit's own kernel
  // rebuilds it.
  const bool own_residual = gradients.own_residual && gradients.input;
  const bool rebuilt = !output.pooled && output.post == Activation::none;
  GradientEntry entry{};
  entry.gradient = gradients.output;
  entry.gradient_stride = gradients.output_stride;
  entry.pooled = output.pooled;
  entry.sink = rebuilt ? nullptr : turns.g;
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
  pass.enter(last, entry);

  // Passed channels: woven into the input gradient when they are the even ones beside our odd ones, else
  // copied.
  const char* first_input = static_cast<const char*>(gradients.input);
  const bool weave = gradients.pass && gradients.input && !gradients.accumulate && input.channel_step == 2 &&
                     output.pass.channel_step == 2 && output.pass_channels == first.unit->in_channels &&
                     first_input - p.element == static_cast<const char*>(gradients.pass_input) &&
                     (first.geometry.stride == 1 || first.depthwise());
  if (gradients.pass && gradients.pass_input && !weave) {
    const CopyChannels copy{gradients.pass,       gradients.output_stride, 1,
                            gradients.pass_input, gradients.input_stride,  output.pass.channel_step,
                            output.pass_channels, gradients.accumulate};
    pool.parallel_for(last.geometry.out_pixels(), 32,
                      [&](long begin, long end, int) { run.copy_channels(copy, begin, end); });
  }

  OutputGradient gradient = rebuilt ? pass.from_entry(last, gradients.output, gradients.output_stride)
                                    : pass.from_sink(last, turns.g);
  std::size_t at = p.units.size() - 1;
  for (std::size_t i = p.gates.size(); i-- > 0;) {
    const GatePlan& gate = p.gates[i];
    gradient = pass.cross(gate, pass.run(at, gate.end, gradient, turns), turns);
    at = gate.begin - 1;
  }
  gradient = pass.run(at, 0, gradient, turns);

  BackwardSink exit{};
  exit.external = true;
  exit.data = gradients.input;
  exit.pixel_stride = gradients.input_stride;
  exit.channel_step = input.channel_step;
  exit.channels = first.unit->in_channels;
  exit.accumulate = gradients.accumulate;
  if (own_residual) {
    exit.add = residual_gradient;
    exit.add_stride = residual_stride;
  }
  if (weave) {
    exit.interleave = gradients.pass;
    exit.interleave_stride = gradients.output_stride;
  }
  if (gradients.input && leaves_gaps(first) && !gradients.accumulate && !first.unit->quantized)
    clear_input_gradient(first, input, gradients, p.element, pool);
  const Input read = chain.keeps_input ? kept_input(p, saved_memory) : input;
  pass.leave(0, gradient, input_operand(chain, read), exit, gradients.input != nullptr, turns.next);
}

}  // namespace singlepath::cpu
