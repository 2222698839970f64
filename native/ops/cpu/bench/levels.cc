#include "levels.h"

#include <cstdio>

#include "../chain_plan.h"
#include "../level_kernels.h"
#include "../tap_kernels.h"
#include "../winograd_kernels.h"
#include "cases.h"
#include "clock.h"

namespace singlepath::cpu {
namespace {

constexpr int kBatch = 16, kRepeats = 15;
constexpr float kStep = 1.f / 64;

struct Case {
  int side, channels, outputs, kernel, stride;
};

class Comparison {
 public:
  explicit Comparison(const Case& c) : case_(c) {
    const int side = (c.side - 1) / c.stride + 1;
    static_cast<Geometry&>(geometry_) = {kBatch, c.side, c.side, side, side, c.kernel, c.stride};
    geometry_.channels = c.channels;
    depth_ = c.channels * geometry_.taps();
    levels_ = Buffer(static_cast<std::size_t>(geometry_.bytes()));
    std::memset(levels_.as<void>(), 3, static_cast<std::size_t>(geometry_.bytes()));
    const std::size_t weights = static_cast<std::size_t>(depth_) * c.outputs;
    weights_ = Buffer(4 * weights);
    packed_levels_ = Buffer(weights);
    packed_ = Buffer(4 * weights * kWinogradPositions / (geometry_.taps() < 9 ? 1 : 9) + 4 * weights);
    factors_ = Buffer(4 * c.outputs);
    input_ = Buffer(4 * geometry_.in_pixels() * c.channels);
    output_ = Buffer(4 * geometry_.out_pixels() * c.outputs);
    randomise(weights_.as<void>(), static_cast<long>(weights), Storage::float32, 0.4f);
    randomise(input_.as<void>(), geometry_.in_pixels() * c.channels, Storage::float32);
  }

  void print(Workspace& workspace) {
    const double operations = 2.0 * geometry_.out_pixels() * case_.outputs * depth_;
    const double levels = of_levels(workspace), floats = of_floats(workspace);
    std::printf("levels   %d threads  %d^2 / %d, %3d to %3d %3d^2  %6.3f ms %6.1f GOP/s",
                workspace.pool().threads(), case_.kernel, case_.stride, case_.channels, case_.outputs,
                case_.side, levels * 1e3, operations / levels / 1e9);
    std::printf("   %-8s %6.3f ms %6.1f GFLOP/s   %.1f times\n", way_, floats * 1e3,
                operations / floats / 1e9, floats / levels);
  }

 private:
  template <class Task, class Kernel>
  double seconds(const Task& task, Kernel kernel, long grain, Workspace& workspace) {
    return median_seconds(kRepeats, [&] {
      run_summed(workspace, task, kernel, task.items(), grain, case_.outputs, task.scratch_floats());
    });
  }

  ForwardSink sink() const { return {output_.as<void>(), nullptr, Activation::none}; }

  double of_levels(Workspace& workspace) {
    const LevelKernels& run = *level_kernels();
    run.pack(weights_.as<float>(), depth_, case_.outputs, case_.channels, geometry_.taps(), kStep,
             packed_levels_.as<int8_t>(), 0, case_.outputs / kGroup);
    const LevelForward task{levels_.as<uint8_t>(), geometry_, case_.outputs, packed_levels_.as<int8_t>(),
                            factors_.as<float>(),  1.f,       sink()};
    return seconds(task, run.float32.forward, 1, workspace);
  }

  // As way_of in ../chain.cc chooses.
  double of_floats(Workspace& workspace) {
    const float* weights = weights_.as<float>();
    const Operand in{input_.as<void>(), case_.channels,  1, case_.channels, nullptr,
                     nullptr,           Activation::none};
    void* packed = packed_.as<void>();
    if (case_.kernel > 1 && geometry_.out_height * geometry_.out_width <= kTapPixels) {
      way_ = "taps";
      const TapStorageKernels& run = tap_kernels().float32;
      run.pack_by_output(weights, depth_, case_.outputs, case_.channels, geometry_.taps(), nullptr, packed, 0,
                         tap_blocks(case_.outputs));
      return seconds(TapForward{in, {geometry_}, case_.outputs, packed, sink()}, run.forward, kTapGrain,
                     workspace);
    }
    if (case_.kernel == 3 && case_.stride == 1) {
      way_ = "winograd";
      const WinogradKernels& run = winograd_kernels();
      run.pack_by_output(weights, depth_, case_.outputs, case_.channels, nullptr, packed_.as<float>(), 0,
                         case_.outputs / kGroup);
      return seconds(WinogradForward{in, {geometry_}, case_.outputs, packed_.as<float>(), sink()},
                     run.float32.forward, 1, workspace);
    }
    way_ = "panels";
    const StorageKernels& run = kernels().float32;
    run.pack_by_output(weights, depth_, case_.outputs, case_.channels, geometry_.taps(), nullptr, packed);
    return seconds(MatmulForward{in, geometry_, case_.kernel > 1, depth_, case_.outputs, packed, sink()},
                   run.matmul_forward, 1, workspace);
  }

  const Case case_;
  const char* way_ = "";
  LevelGeometry geometry_{};
  int depth_;
  Buffer levels_{64}, weights_{64}, packed_levels_{64}, packed_{64}, factors_{64}, input_{64}, output_{64};
};

}  // namespace

void measure_levels(Workspace& workspace) {
  if (!level_kernels()) {
    std::printf("levels   no products of 8-bit integers here\n");
    return;
  }
  Workspace alone(1);
  for (const Case& c : {Case{24, 64, 64, 3, 1}, Case{12, 128, 128, 3, 1}, Case{6, 256, 256, 3, 1},
                        Case{3, 512, 512, 3, 1}, Case{24, 64, 128, 3, 2}, Case{24, 64, 128, 1, 2}}) {
    Comparison comparison(c);
    comparison.print(alone);
    if (workspace.pool().threads() > 1) comparison.print(workspace);
  }
}

}  // namespace singlepath::cpu
