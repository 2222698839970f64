// Training and recalibration passes: unit by unit, each convolution writes its raw output and sums its
// statistics; the next one normalizes while reading. The last raw output is normalized into the caller's
// tensor.

#include <cmath>

#include "convolution.h"

namespace singlepath::cpu {
namespace {

const double* run_unit(const UnitPlan& unit, const Operand& in, void* raw, Storage storage,
                       Workspace& workspace) {
  void* packed = workspace.shared(Workspace::weights, packed_bytes(unit));
  workspace.pool().parallel_for(pack_items(unit), 1, [&](long begin, long end, int) {
    pack_forward(unit, storage, nullptr, packed, begin, end);
  });
  return with_forward(unit, storage, unit.geometry, in, packed, {raw, nullptr, Activation::none},
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

void finish_output(const Chain& chain, const UnitPlan& last, const Operand& raw, const Output& output,
                   const StorageKernels& run, Workspace& workspace) {
  check_output(output);
  if (output.pooled) {
    const PoolOutput task{raw, last.geometry.out_height * last.geometry.out_width,
                          static_cast<float*>(output.data), output.pixel_stride};
    workspace.pool().parallel_for(chain.batch, 1,
                                  [&](long begin, long end, int) { run.pool_output(task, begin, end); });
    return;
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

// raw(i) and vectors(i) say where unit i keeps its output and vectors.
template <class Raw, class Vectors>
void run_chain(const Chain& chain, const ChainPlan& p, const Input& input, const Output& output,
               BatchStatistics* statistics, Workspace& workspace, const Raw& raw, const Vectors& vectors) {
  Operand in = input_operand(chain, input);
  for (std::size_t i = 0; i < p.units.size(); ++i) {
    const UnitPlan& unit = p.units[i];
    const double* sums = run_unit(unit, in, raw(i), chain.storage, workspace);
    const UnitVectors v(vectors(i), unit.width);
    finish_statistics(unit, sums, v, statistics ? statistics + i : nullptr);
    in = raw_operand(unit, raw(i), v);
  }
  finish_output(chain, p.units.back(), in, output, kernels().of(chain.storage), workspace);
}

}  // namespace

void forward(const Chain& chain, const Input& input, const Output& output, void* saved,
             BatchStatistics* statistics, Workspace& workspace) {
  const ChainPlan p = plan(chain);
  char* base = static_cast<char*>(saved);
  run_chain(
      chain, p, input, output, statistics, workspace,
      [&](std::size_t i) { return base + p.units[i].raw_offset; },
      [&](std::size_t i) { return reinterpret_cast<float*>(base + p.units[i].vectors_offset); });
}

void recalibrate(const Chain& chain, const Input& input, const Output& output, BatchStatistics* statistics,
                 Workspace& workspace) {
  const ChainPlan p = plan(chain);
  const ArenaBlock turns[2] = {ArenaBlock(p.largest_raw_bytes), ArenaBlock(p.largest_raw_bytes)};
  const std::size_t first = p.units.front().vectors_offset;
  char* vectors = static_cast<char*>(workspace.shared(Workspace::vectors, p.vectors_bytes));
  run_chain(
      chain, p, input, output, statistics, workspace, [&](std::size_t i) { return turns[i % 2].data(); },
      [&](std::size_t i) { return reinterpret_cast<float*>(vectors + (p.units[i].vectors_offset - first)); });
}

}  // namespace singlepath::cpu
