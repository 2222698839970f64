#include "levels.h"

#include <cstdio>

#include "../convolution.h"
#include "../test/units.h"
#include "cases.h"
#include "clock.h"

namespace singlepath::cpu {
namespace {

constexpr int kBatch = 16, kRepeats = 15;

const char* name_of(const UnitPlan& unit) {
  if (unit.levels) return "levels";
  switch (unit.way) {
    case Way::depthwise:
      return "depthwise";
    case Way::taps:
      return "taps";
    case Way::winograd:
      return "winograd";
    case Way::panels:
      break;
  }
  return "panels";
}

// The forward pass of a unit on images of side^2 pixels, as training runs it, on an input that lies there as
// its kernel reads it. Returns how long that takes, and prints it.
double measure(Unit unit, int side, Workspace& workspace) {
  const long row = static_cast<long>(unit.kernel) * unit.kernel * unit.in_channels;
  const Buffer weights(sizeof(float) * row * unit.out_channels);
  randomise(weights.as<void>(), row * unit.out_channels, Storage::float32, 0.4f);
  unit.weight = weights.as<float>();
  unit.weight_stride = row;
  const Chain chain{Storage::float32, kBatch, side, side, {unit}};
  const ChainPlan p = plan(chain);
  const UnitPlan& planned = p.units[0];
  const Buffer packed(packed_bytes(planned)), output(p.largest_raw_bytes);
  const Buffer input(quantized_bytes(planned, planned.geometry));
  if (planned.levels)
    std::memset(input.as<void>(), 3, quantized_bytes(planned, planned.geometry));
  else
    randomise(input.as<void>(), planned.geometry.in_pixels() * unit.in_channels, Storage::float32);
  pack_forward(planned, nullptr, packed.as<void>(), 0, pack_items(planned));
  const int channels = unit.in_channels;
  const Operand in{input.as<void>(), channels, 1, channels, nullptr, nullptr, Activation::none};
  const double seconds = with_forward(
      planned, planned.geometry, in, packed.as<void>(), {output.as<void>(), nullptr, Activation::none},
      [&](const auto& task, auto kernel, long grain) {
        return median_seconds(kRepeats, [&] {
          run_summed(workspace, task, kernel, task.items(), grain, planned.width, task.scratch_floats());
        });
      });
  const double operations = 2.0 * planned.geometry.out_pixels() * unit.out_channels * row;
  std::printf("  %-8s %6.3f ms %6.1f GOP/s", name_of(planned), seconds * 1e3, operations / seconds / 1e9);
  return seconds;
}

void compare(const Unit& unit, int side, Workspace& workspace) {
  std::printf("levels   %d threads  %d^2 / %d, %3d to %3d %3d^2", workspace.pool().threads(), unit.kernel,
              unit.stride, unit.in_channels, unit.out_channels, side);
  const double levels = measure(quantized(unit, Rounding::pact, 6, 15, 1.f / 64), side, workspace);
  const double floats = measure(unit, side, workspace);
  std::printf("   %.1f times\n", floats / levels);
}

}  // namespace

void measure_levels(Workspace& workspace) {
  if (!level_kernels()) {
    std::printf("levels   no products of 8-bit integers here\n");
    return;
  }
  Workspace alone(1);
  const std::pair<int, Unit> cases[] = {
      {24, dense(64, 64, 3)},  {12, dense(128, 128, 3)},   {6, dense(256, 256, 3)},
      {3, dense(512, 512, 3)}, {24, dense(64, 128, 3, 2)}, {24, pointwise(64, 128, Activation::relu, 2)}};
  for (const auto& [side, unit] : cases) {
    compare(unit, side, alone);
    if (workspace.pool().threads() > 1) compare(unit, side, workspace);
  }
}

}  // namespace singlepath::cpu
