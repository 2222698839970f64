// Training and recalibration passes: unit by unit, each convolution writes its raw output and sums its
// statistics; the next one normalizes while reading, and multiplies by a gate. The last raw output is
// normalized into the caller's tensor.

#include <cmath>

#include "convolution.h"
#include "quantized_operand.h"

namespace singlepath::cpu {
namespace {

const double* run_unit(const UnitPlan& unit, const Operand& operand, void* quantized, void* raw,
                       Workspace& workspace) {
  const Operand in = forward_operand(unit, unit.geometry, operand, quantized, on_all_threads(workspace));
  void* packed = workspace.shared(Workspace::weights, packed_bytes(unit));
  workspace.pool().parallel_for(pack_items(unit), 1, [&](long begin, long end, int) {
    pack_forward(unit, nullptr, packed, begin, end);
  });
  return with_forward(unit, unit.geometry, in, packed, {raw, nullptr, Activation::none},
                      [&](const auto& task, auto kernel, long grain) {
                        return run_summed(workspace, task, kernel, task.items(), grain, unit.width,
                                          task.scratch_floats());
                      });
}

// Padded channels get scale and shift 0. What their activation is there does not matter: weights and
// gradients of padded channels are zero.
void finish_statistics(const UnitPlan& unit, const double* sums, const UnitVectors& v, BatchStatistics* out) {
  const Unit& u = *unit.unit;
  const double count = static_cast<double>(unit.geometry.out_pixels());
  std::fill(v.mean, v.mean + 4 * unit.width, 0.f);
  if (out) out->count = unit.geometry.out_pixels();
  for (int c = 0; c < u.out_channels; ++c) {
    const double mean = sums[c] / count;
    const double variance = std::max(sums[unit.width + c] / count - mean * mean, 0.0);
    const double inverse = 1.0 / std::sqrt(variance + u.epsilon);
    const double scale = (u.gamma ? u.gamma[c] : 1.0) * inverse;
    v.mean[c] = static_cast<float>(mean);
    v.inverse[c] = static_cast<float>(inverse);
    v.scale[c] = static_cast<float>(scale);
    v.shift[c] = static_cast<float>((u.beta ? u.beta[c] : 0.0) - mean * scale);
    if (!out) continue;
    if (out->mean) out->mean[c] = v.mean[c];
    if (out->variance) out->variance[c] = static_cast<float>(variance);
    if (out->unbiased_variance)
      out->unbiased_variance[c] = static_cast<float>(count > 1 ? variance * count / (count - 1) : variance);
  }
}

// Without BatchNorm, normalizing adds the bias.
void finish_bias(const UnitPlan& unit, const UnitVectors& v) {
  const Unit& u = *unit.unit;
  std::fill(v.mean, v.mean + 4 * unit.width, 0.f);
  for (int c = 0; c < u.out_channels; ++c) {
    v.inverse[c] = v.scale[c] = 1.f;
    v.shift[c] = u.beta ? u.beta[c] : 0.f;
  }
}

// Copies what the chain reads to `kept` and, while a pixel is in cache, what passes beside the chain, which
// is then done with.
void keep_input(const ChainPlan& plan, const Input& input, const Input& kept, Output& output,
                const StorageKernels& run, Workspace& workspace) {
  const UnitPlan& first = plan.units.front();
  const long pixels = first.geometry.in_pixels();
  const bool passes = output.pass.data && pixels == plan.units.back().geometry.out_pixels();
  const auto copy_to = [](void* to, long stride, const Input& from, int channels) {
    return CopyChannels{from.data, from.pixel_stride, from.channel_step, to, stride, 1, channels, false};
  };
  const CopyChannels own =
      copy_to(const_cast<void*>(kept.data), kept.pixel_stride, input, first.unit->in_channels);
  const CopyChannels passed =
      copy_to(output.pass_data, output.pixel_stride, output.pass, output.pass_channels);
  workspace.pool().parallel_for(pixels, 32, [&](long begin, long end, int) {
    run.copy_channels(own, begin, end);
    if (passes) run.copy_channels(passed, begin, end);
  });
  if (passes) output.pass = {};
}

void finish_output(const Chain& chain, const UnitPlan& last, const Operand& raw, const Output& output,
                   const StorageKernels& run, Workspace& workspace) {
  if (output.pooled) {
    const PoolOutput task{raw, last.geometry.out_height * last.geometry.out_width,
                          static_cast<float*>(output.data), output.pixel_stride};
    return run_pool(task, chain.batch, chain.storage, workspace);
  }
  const WriteOutput task{raw,
                         output.data,
                         output.pixel_stride,
                         output.residual.data,
                         output.residual.pixel_stride,
                         output.residual.channel_step,
                         output.post,
                         output.pass.data,
                         output.pass.pixel_stride,
                         output.pass.channel_step,
                         output.pass_channels,
                         output.pass_data};
  workspace.pool().parallel_for(last.geometry.out_pixels(), 32,
                                [&](long begin, long end, int) { run.write_output(task, begin, end); });
}

// Where a pass keeps what its units make.
struct PassMemory {
  char* raw[2];  // of the units that take turns, or all of them behind each other
  bool turns;
  char* small;  // what ChainPlan::small_offset stands for

  void* output(const ChainPlan& plan, const UnitPlan& unit) const {
    if (unit.unit->gate) return floats(plan, unit.raw_offset);
    return turns ? raw[unit.turn] : raw[0] + unit.raw_offset;
  }
  float* floats(const ChainPlan& plan, std::size_t offset) const {
    return reinterpret_cast<float*>(small + (offset - plan.small_offset));
  }
};

void run_chain(const Chain& chain, const ChainPlan& p, const Input& input, const Output& output,
               BatchStatistics* statistics, const PassMemory& memory, Workspace& workspace) {
  const ArenaBlock quantized(p.largest_quantized_bytes);
  Operand in = input_operand(chain, input), ungated{};
  for (std::size_t i = 0; i < p.units.size(); ++i) {
    const UnitPlan& unit = p.units[i];
    if (const GatePlan* gate = p.gate_from(i)) {
      ungated = in;
      const Geometry& g = p.units[i - 1].geometry;
      float* means = memory.floats(p, gate->means_offset);
      run_pool({in, g.out_height * g.out_width, means, gate->width}, chain.batch, chain.storage, workspace);
      in = means_operand(p, *gate, means);
    }
    void* raw = memory.output(p, unit);
    const double* sums = run_unit(unit, in, quantized.data(), raw, workspace);
    const UnitVectors v(memory.floats(p, unit.vectors_offset), unit.width);
    if (unit.unit->normalized)
      finish_statistics(unit, sums, v, statistics ? statistics + i : nullptr);
    else
      finish_bias(unit, v);
    in = raw_operand(unit, raw, v);
    if (const GatePlan* gate = p.gate_until(i + 1)) {
      float* factors = memory.floats(p, gate->factors_offset);
      in.channels = gate->width;  // padding too: what is read there must be a number
      const WriteOutput task{in,      factors, gate->width, nullptr, 0,      1, Activation::none,
                             nullptr, 0,       1,           0,       nullptr};
      kernels().float32.write_output(task, 0, chain.batch);
      in = gated_operand(ungated, p.units[gate->begin - 1], *gate, factors);
    }
  }
  finish_output(chain, p.units.back(), in, output, kernels().of(chain.storage), workspace);
}

}  // namespace

void forward(const Chain& chain, const Input& input, const Output& output, void* saved,
             BatchStatistics* statistics, Workspace& workspace) {
  check_output(output);
  const ChainPlan p = plan(chain);
  char* base = static_cast<char*>(saved);
  const PassMemory memory{{base, nullptr}, false, base + p.small_offset};
  if (!chain.keeps_input) return run_chain(chain, p, input, output, statistics, memory, workspace);
  const Input kept = kept_input(p, saved);
  Output rest = output;
  keep_input(p, input, kept, rest, kernels().of(chain.storage), workspace);
  run_chain(chain, p, kept, rest, statistics, memory, workspace);
}

void recalibrate(const Chain& chain, const Input& input, const Output& output, BatchStatistics* statistics,
                 Workspace& workspace) {
  check_output(output);
  const ChainPlan p = plan(chain);
  const ArenaBlock turns[2] = {ArenaBlock(p.largest_raw_bytes), ArenaBlock(p.largest_raw_bytes)};
  char* small = static_cast<char*>(workspace.shared(Workspace::small, p.saved_bytes - p.small_offset));
  const auto raw = [&](int turn) { return static_cast<char*>(turns[turn].data()); };
  run_chain(chain, p, input, output, statistics, {{raw(0), raw(1)}, true, small}, workspace);
}

}  // namespace singlepath::cpu
