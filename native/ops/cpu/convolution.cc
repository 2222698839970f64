#include "convolution.h"

namespace singlepath::cpu {

namespace {

// Backward always, forward where it does not multiply levels.
std::size_t packed_float_bytes(const UnitPlan& unit) {
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

}  // namespace

// Of levels: a factor for each output, then the weights.
std::size_t packed_bytes(const UnitPlan& unit) {
  const std::size_t floats = packed_float_bytes(unit);
  if (!unit.levels) return floats;
  const std::size_t of_output = sizeof(float) + unit.taps * padded(unit.unit->in_channels);
  return std::max(floats, of_output * unit.width);
}

long pack_items(const UnitPlan& unit) {
  if (unit.levels) return unit.width / kGroup;
  if (unit.way == Way::taps) return tap_blocks(unit.width);
  if (unit.way == Way::winograd) return unit.width / kGroup;
  return 1;
}

void pack_forward(const UnitPlan& unit, const float* row_scale, void* packed, long begin, long end) {
  const Unit& u = *unit.unit;
  float* floats = static_cast<float*>(packed);
  if (unit.levels) {
    for (long o = begin * kGroup; o < end * kGroup; ++o) {
      const bool scaled = row_scale != nullptr && o < u.out_channels;
      floats[o] = scaled ? u.weight_step * row_scale[o] : u.weight_step;
    }
    return level_kernels()->pack(u.weight, u.weight_stride, u.out_channels, u.in_channels, unit.taps,
                                 u.weight_step, reinterpret_cast<int8_t*>(floats + unit.width), begin, end);
  }
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
