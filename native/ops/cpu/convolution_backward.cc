#include "convolution.h"

namespace singlepath::cpu {
namespace {

// Adds up the pieces' weight gradients ([rows][width] each, `size` floats apart) into the caller's rows.
void reduce_pointwise(const float* parts, int pieces, std::size_t size, const UnitPlan& unit,
                      const UnitGradients& to, Workspace& workspace) {
  const Unit& u = *unit.unit;
  const long width = padded(unit.depth);
  workspace.pool().parallel_for(u.out_channels, 16, [&](long begin, long end, int) {
    for (long o = begin; o < end; ++o) {
      float* row = to.weight + o * to.weight_stride;
      const float* from = parts + o * width;
      std::memcpy(row, from, sizeof(float) * u.in_channels);
      for (int t = 1; t < pieces; ++t)
        for (int c = 0; c < u.in_channels; ++c) row[c] += from[t * size + c];
    }
  });
}

void reduce_dense(const float* parts, int pieces, std::size_t size, const UnitPlan& unit,
                  const UnitGradients& to, Workspace& workspace) {
  const Unit& u = *unit.unit;
  const long width = padded(unit.depth);
  workspace.pool().parallel_for(u.out_channels, 16, [&](long begin, long end, int) {
    for (long o = begin; o < end; ++o)
      for (int tap = 0; tap < unit.taps; ++tap)
        for (int c = 0; c < u.in_channels; ++c) {
          const float* from = parts + o * width + static_cast<long>(tap) * u.in_channels + c;
          float sum = from[0];
          for (int t = 1; t < pieces; ++t) sum += from[t * size];
          to.weight[o * to.weight_stride + static_cast<long>(c) * unit.taps + tap] = sum;
        }
  });
}

// From the blocks of tap_backward into the caller's rows. Those of the same row are far from each other: the
// next one is fetched meanwhile.
void copy_taps(const TapBackward& task, const UnitPlan& unit, const UnitGradients& to, Workspace& workspace) {
  const int taps = unit.taps, channels = unit.unit->in_channels;
  const long rows = task.gradient_rows();
  workspace.pool().parallel_for(unit.unit->out_channels, 16, [&](long begin, long end, int) {
    for (long o = begin; o < end; ++o) {
      float* row = to.weight + o * to.weight_stride;
      for (int first = 0; first < channels; first += kTapBlock) {
        const int width = std::min(kTapBlock, task.channels() - first);
        const float* from = task.weight_gradient + (first * rows + o * width) * taps;
        const float* next = from + kTapBlock * rows * taps;
        for (int i = 0; i < width * taps; i += kGroup) __builtin_prefetch(next + i);
        for (int c = 0; c < std::min(width, channels - first); ++c)
          for (int tap = 0; tap < taps; ++tap) *row++ = from[tap * width + c];
      }
    }
  });
}

void reduce_depthwise(const float* parts, int pieces, std::size_t size, const UnitPlan& unit,
                      const UnitGradients& to) {
  for (long c = 0; c < unit.unit->out_channels; ++c)
    for (int tap = 0; tap < unit.taps; ++tap) {
      const float* from = parts + (c / kGroup * unit.taps + tap) * kGroup + c % kGroup;
      float sum = from[0];
      for (int t = 1; t < pieces; ++t) sum += from[t * size];
      to.weight[c * to.weight_stride + tap] = sum;
    }
}

// Output pixels for which weight gradients of their own are worth their memory: clearing them and adding them
// up is then 2 % of the work.
constexpr long kPixelsOfPiece = 512;

struct BackwardSums {
  const double* sums;             // of the unit before, [2][width]
  const float* weight_gradients;  // of each piece, not added up
  int pieces;
};

// Runs one unit's backward kernel: every piece into weight gradients of its own.
template <class Task, class Kernel>
BackwardSums run_backward(Workspace& workspace, const Task& task, Kernel kernel, int sums_width,
                          std::size_t weight_floats) {
  ThreadPool& pool = workspace.pool();
  const long items = task.items();
  const long fit = std::max<long>(pool.threads(), task.geometry.out_pixels() / kPixelsOfPiece);
  const int pieces = static_cast<int>(std::min<long>(pool.pieces(items, 1), fit));
  float* gradients = static_cast<float*>(
      workspace.shared(Workspace::weight_gradients, pieces * weight_floats * sizeof(float)));
  const double* sums = run_pieces(workspace, items, 1, pieces, sums_width, task.scratch_floats(),
                                  [&](int piece, long begin, long end, float* scratch, double* own_sums) {
                                    Task own = task;
                                    own.weight_gradient = gradients + piece * weight_floats;
                                    std::memset(own.weight_gradient, 0, weight_floats * sizeof(float));
                                    kernel(own, begin, end, scratch, own_sums);
                                  });
  return {sums, gradients, pieces};
}

// Weights for the input gradient, on all threads; null when it is not wanted.
template <class Pack>
void* pack_backward(const UnitPlan& unit, bool wanted, long items, Workspace& workspace, const Pack& pack) {
  if (!wanted) return nullptr;
  void* packed = workspace.shared(Workspace::weights, packed_bytes(unit));
  workspace.pool().parallel_for(items, 1, [&](long begin, long end, int) { pack(packed, begin, end); });
  return packed;
}

}  // namespace

const double* convolution_backward(const UnitPlan& unit, const OutputGradient& gradient, const Operand& in,
                                   const BackwardSink& sink, bool wanted, const UnitGradients& to,
                                   Workspace& workspace) {
  const Unit& u = *unit.unit;
  const StorageKernels& run = kernels().of(unit.storage);
  const int in_width = static_cast<int>(padded(u.in_channels));
  switch (unit.way) {
    case Way::depthwise: {
      const void* packed = pack_backward(unit, wanted, 1, workspace, [&](void* filters, long, long) {
        kernels().pack_depthwise(u.weight, u.weight_stride, u.out_channels, unit.taps, nullptr,
                                 static_cast<float*>(filters));
      });
      const DepthwiseBackward task{
          gradient, in, unit.geometry, unit.width, static_cast<const float*>(packed), nullptr, sink};
      const std::size_t size = static_cast<std::size_t>(unit.width) * unit.taps;
      const BackwardSums result = run_backward(workspace, task, run.depthwise_backward, in_width, size);
      reduce_depthwise(result.weight_gradients, result.pieces, size, unit, to);
      return result.sums;
    }
    case Way::taps: {
      const TapStorageKernels& taps = tap_kernels().of(unit.storage);
      const void* packed = pack_backward(unit, wanted, tap_blocks(in_width), workspace,
                                         [&](void* weights, long begin, long end) {
                                           taps.pack_by_input(u.weight, u.weight_stride, u.out_channels,
                                                              u.in_channels, unit.taps, weights, begin, end);
                                         });
      TapBackward task{gradient, in, {unit.geometry}, unit.width, packed, nullptr, sink};
      task.weight_gradient = static_cast<float*>(workspace.shared(
          Workspace::weight_gradients, sizeof(float) * task.gradient_rows() * in_width * unit.taps));
      const double* sums = run_summed(workspace, task, taps.backward, task.items(), kTapGrain, in_width,
                                      task.scratch_floats());
      copy_taps(task, unit, to, workspace);
      return sums;
    }
    case Way::winograd: {
      const WinogradKernels& winograd = winograd_kernels();
      const void* packed =
          pack_backward(unit, wanted, in_width / kGroup, workspace, [&](void* weights, long begin, long end) {
            winograd.pack_by_input(u.weight, u.weight_stride, u.out_channels, u.in_channels,
                                   static_cast<float*>(weights), begin, end);
          });
      const WinogradBackward task{
          gradient, in, {unit.geometry}, unit.width, static_cast<const float*>(packed), nullptr, sink};
      const std::size_t size = static_cast<std::size_t>(kWinogradPositions) * task.gradient_rows() * in_width;
      const BackwardSums result =
          run_backward(workspace, task, winograd.of(unit.storage).backward, in_width, size);
      workspace.pool().parallel_for(u.out_channels, 16, [&](long begin, long end, int) {
        winograd.weight_gradient(result.weight_gradients, result.pieces, static_cast<long>(size),
                                 task.gradient_rows(), u.in_channels, to.weight, to.weight_stride, begin,
                                 end);
      });
      return result.sums;
    }
    case Way::panels:
      break;
  }
  const void* packed = pack_backward(unit, wanted, 1, workspace, [&](void* weights, long, long) {
    run.pack_by_input(u.weight, u.weight_stride, u.out_channels, u.in_channels, unit.taps, weights);
  });
  const MatmulBackward task{gradient,   in,     unit.geometry, unit.dense(), unit.depth,
                            unit.width, packed, nullptr,       sink};
  const std::size_t size = static_cast<std::size_t>(unit.width) * padded(unit.depth);
  const BackwardSums result = run_backward(workspace, task, run.matmul_backward, in_width, size);
  const auto& reduce = unit.dense() ? reduce_dense : reduce_pointwise;
  reduce(result.weight_gradients, result.pieces, size, unit, to, workspace);
  return result.sums;
}

}  // namespace singlepath::cpu
