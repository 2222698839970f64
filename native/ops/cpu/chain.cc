#include <stdexcept>
#include <string>

#include "chain_plan.h"
#include "tap_kernels.h"
#include "winograd_kernels.h"

namespace singlepath::cpu {
namespace {

std::size_t aligned(std::size_t bytes) {
  return (bytes + 63) / 64 * 64;
}

[[noreturn]] void fail(std::size_t index, const std::string& expected, long received) {
  throw std::invalid_argument("unit " + std::to_string(index) + " of the chain: expected " + expected +
                              " but received " + std::to_string(received));
}

void check(const Unit& unit, std::size_t index, int channels) {
  if (unit.in_channels != channels)
    fail(index, std::to_string(channels) + " input channels", unit.in_channels);
  if (unit.out_channels < 1) fail(index, "at least one output channel", unit.out_channels);
  if (unit.kernel < 1 || unit.kernel % 2 == 0) fail(index, "an odd kernel size", unit.kernel);
  if (unit.stride < 1) fail(index, "a positive stride", unit.stride);
  if (unit.convolution == Convolution::pointwise && unit.kernel != 1) fail(index, "kernel 1", unit.kernel);
  if (unit.convolution == Convolution::depthwise && unit.out_channels != unit.in_channels)
    fail(index, "as many output as input channels", unit.out_channels);
  const long taps = static_cast<long>(unit.kernel) * unit.kernel;
  const long row = unit.convolution == Convolution::depthwise ? taps : taps * unit.in_channels;
  if (unit.weight_stride < row)
    fail(index, "a weight stride of at least " + std::to_string(row), unit.weight_stride);
}

Way way_of(const UnitPlan& p, Storage storage) {
  const Unit& unit = *p.unit;
  if (unit.convolution == Convolution::depthwise) return Way::depthwise;
  // Images have few channels, which would be padded to a group.
  const bool filled = 3 * padded(unit.in_channels) <= 4 * unit.in_channels;
  if (unit.convolution == Convolution::pointwise || !filled) return Way::panels;
  if (p.geometry.out_height * p.geometry.out_width <= kTapPixels && p.taps <= kMostTaps) return Way::taps;
  const bool known = winograd_kernels().of(storage).forward != nullptr;
  return known && unit.kernel == 3 && unit.stride == 1 ? Way::winograd : Way::panels;
}

}  // namespace

void check_output(const Output& output) {
  if (output.post != Activation::none && !slope_follows_from_value(output.post))
    throw std::invalid_argument("expected none, relu or relu6 behind a residual");
}

ChainPlan plan(const Chain& chain) {
  if (chain.units.empty())
    throw std::invalid_argument("expected a chain of at least one unit but received none");
  if (chain.batch < 1 || chain.height < 1 || chain.width < 1)
    throw std::invalid_argument("expected a chain input of at least one pixel but received " +
                                std::to_string(chain.batch) + " x " + std::to_string(chain.height) + " x " +
                                std::to_string(chain.width));
  ChainPlan result;
  result.element = storage_bytes(chain.storage);
  int height = chain.height, width = chain.width, channels = chain.units.front().in_channels;
  for (std::size_t i = 0; i < chain.units.size(); ++i) {
    const Unit& unit = chain.units[i];
    check(unit, i, channels);
    UnitPlan p;
    p.unit = &unit;
    p.taps = unit.kernel * unit.kernel;
    p.geometry = {
        chain.batch, height,     width, (height - 1) / unit.stride + 1, (width - 1) / unit.stride + 1,
        unit.kernel, unit.stride};
    p.depth = unit.in_channels * p.taps;
    p.width = static_cast<int>(padded(unit.out_channels));
    p.way = way_of(p, chain.storage);
    p.vectors_offset = result.vectors_bytes;
    result.vectors_bytes += 4 * sizeof(float) * p.width;
    const std::size_t raw = aligned(p.geometry.out_pixels() * p.width * result.element);
    p.raw_offset = result.saved_bytes;
    result.saved_bytes += raw;
    result.largest_raw_bytes = std::max(result.largest_raw_bytes, raw);
    result.units.push_back(p);
    height = p.geometry.out_height;
    width = p.geometry.out_width;
    channels = unit.out_channels;
  }
  // Vectors follow the raw outputs.
  for (UnitPlan& p : result.units) p.vectors_offset += result.saved_bytes;
  result.saved_bytes += result.vectors_bytes;
  return result;
}

Operand input_operand(const Chain& chain, const Input& input) {
  return {input.data, input.pixel_stride, input.channel_step, chain.units.front().in_channels, nullptr,
          nullptr,    Activation::none};
}

Operand raw_operand(const UnitPlan& unit, const void* raw, const UnitVectors& vectors) {
  return {raw, unit.width, 1, unit.unit->out_channels, vectors.scale, vectors.shift, unit.unit->activation};
}

int output_height(const Chain& chain) {
  return plan(chain).units.back().geometry.out_height;
}
int output_width(const Chain& chain) {
  return plan(chain).units.back().geometry.out_width;
}
std::size_t saved_bytes(const Chain& chain) {
  return plan(chain).saved_bytes;
}

}  // namespace singlepath::cpu
