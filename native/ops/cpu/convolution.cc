#include "convolution.h"

namespace singlepath::cpu {

std::size_t packed_bytes(const UnitPlan& unit) {
  const std::size_t width = unit.width, channels = padded(unit.unit->in_channels), taps = unit.taps;
  switch (unit.way) {
    case Way::depthwise:
      return sizeof(float) * taps * width;
    case Way::taps:
      return sizeof(float) * taps * channels * width;
    case Way::winograd:
      return sizeof(float) * kWinogradPositions * channels * width;
    case Way::panels:
      break;
  }
  return sizeof(float) * padded(unit.depth) * width;
}

long pack_items(const UnitPlan& unit) {
  if (unit.way == Way::taps) return tap_blocks(unit.width);
  if (unit.way == Way::winograd) return unit.width / kGroup;
  return 1;
}

void pack_forward(const UnitPlan& unit, const float* row_scale, void* packed, long begin, long end) {
  const Unit& u = *unit.unit;
  float* floats = static_cast<float*>(packed);
  switch (unit.way) {
    case Way::depthwise:
      return kernels().pack_depthwise(u.weight, u.weight_stride, u.out_channels, unit.taps, row_scale,
                                      floats);
    case Way::taps:
      return tap_kernels()
          .of(unit.storage)
          .pack_by_output(u.weight, u.weight_stride, u.out_channels, u.in_channels, unit.taps, row_scale,
                          packed, begin, end);
    case Way::winograd:
      return winograd_kernels().pack_by_output(u.weight, u.weight_stride, u.out_channels, u.in_channels,
                                               row_scale, floats, begin, end);
    case Way::panels:
      break;
  }
  kernels()
      .of(unit.storage)
      .pack_by_output(u.weight, u.weight_stride, u.out_channels, u.in_channels, unit.taps, row_scale, packed);
}

}  // namespace singlepath::cpu
