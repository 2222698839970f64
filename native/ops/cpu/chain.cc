#include <stdexcept>
#include <string>

#include "chain_plan.h"
#include "level_kernels.h"
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
  const Rounding rounding = unit.quantizer.rounding;
  if (unit.quantized && rounding != Rounding::bound && rounding != Rounding::pact &&
      rounding != Rounding::lsq)
    fail(index, "a quantizer of features (bound, pact or lsq)", static_cast<long>(rounding));
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

// Whether a unit's sums of products of levels are exact, and faster than those of floats.
bool multiplies_levels(const UnitPlan& p) {
  const Unit& unit = *p.unit;
  const Quantizer& quantizer = unit.quantizer;
  const bool levels = quantizer.rounding == Rounding::pact || quantizer.rounding == Rounding::lsq;
  if (!unit.quantized || !levels || quantizer.low != 0 || quantizer.high > kMostLevel) return false;
  if (!(unit.weight_step > 0) || p.depthwise() || level_kernels() == nullptr) return false;
  return p.depth * static_cast<double>(quantizer.high) * kMostWeightLevel < 2147483648.0;
}

// Floats that a pass keeps beside the raw outputs; offsets from the first.
struct SmallMemory {
  std::size_t bytes = 0;
  std::size_t add(std::size_t floats) {
    const std::size_t offset = bytes;
    bytes += floats * sizeof(float);
    return offset;
  }
};

// Finds the gates and checks what stands around them.
void plan_gates(const Chain& chain, ChainPlan& plan, SmallMemory& small) {
  const std::vector<Unit>& units = chain.units;
  for (std::size_t begin = 0; begin < units.size(); ++begin) {
    if (!units[begin].gate) continue;
    if (begin == 0) fail(0, "a unit in front of a gate", 0);
    std::size_t end = begin;
    GatePlan gate{};
    gate.width = gate.widest = plan.units[begin - 1].width;
    for (; end < units.size() && units[end].gate; ++end) {
      const Unit& unit = units[end];
      if (unit.normalized) fail(end, "a gate without BatchNorm", 1);
      if (unit.quantized) fail(end, "a gate without quantizers", 1);
      if (unit.convolution != Convolution::pointwise || unit.stride != 1)
        fail(end, "a 1x1 convolution with stride 1 in a gate", unit.stride);
      gate.widest = std::max(gate.widest, plan.units[end].width);
    }
    if (end == units.size() || units[end].convolution != Convolution::pointwise || units[end].stride != 1)
      fail(end, "a 1x1 convolution with stride 1 behind a gate", 0);
    if (units[end - 1].out_channels != units[begin - 1].out_channels)
      fail(end - 1, std::to_string(units[begin - 1].out_channels) + " output channels",
           units[end - 1].out_channels);
    if (units[end].quantized) fail(end, "no quantizer behind a gate", 1);
    gate.begin = begin;
    gate.end = end;
    const std::size_t floats = static_cast<std::size_t>(chain.batch) * gate.width;
    gate.means_offset = small.add(floats);
    gate.factors_offset = small.add(floats);
    plan.gates.push_back(gate);
    begin = end;
  }
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
  SmallMemory small;
  int height = chain.height, width = chain.width, channels = chain.units.front().in_channels, turn = 0;
  if (chain.keeps_input) {
    const long pixels = static_cast<long>(chain.batch) * height * width;
    result.small_offset = aligned(pixels * padded(channels) * result.element);
  }
  for (std::size_t i = 0; i < chain.units.size(); ++i) {
    const Unit& unit = chain.units[i];
    check(unit, i, channels);
    UnitPlan p;
    p.unit = &unit;
    p.taps = unit.kernel * unit.kernel;
    p.depth = unit.in_channels * p.taps;
    p.width = static_cast<int>(padded(unit.out_channels));
    p.vectors_offset = small.add(4 * p.width);
    if (unit.gate) {
      p.storage = Storage::float32;
      p.geometry = {chain.batch, 1, 1, 1, 1, 1, 1};
      p.raw_offset = small.add(static_cast<std::size_t>(chain.batch) * p.width);
    } else {
      p.storage = chain.storage;
      p.geometry = {
          chain.batch, height,     width, (height - 1) / unit.stride + 1, (width - 1) / unit.stride + 1,
          unit.kernel, unit.stride};
      p.turn = turn ^= 1;
      const std::size_t raw = aligned(p.geometry.out_pixels() * p.width * result.element);
      p.raw_offset = result.small_offset;
      result.small_offset += raw;
      result.largest_raw_bytes = std::max(result.largest_raw_bytes, raw);
      height = p.geometry.out_height;
      width = p.geometry.out_width;
    }
    p.way = way_of(p, p.storage);
    if (unit.quantized) {
      p.levels = multiplies_levels(p);
      result.largest_quantized_bytes =
          std::max(result.largest_quantized_bytes, quantized_bytes(p, p.geometry));
      if (i == 0) result.largest_gradient_bytes = input_bytes(p, p.geometry);
    }
    result.units.push_back(p);
    channels = unit.out_channels;
  }
  result.largest_gradient_bytes = std::max(result.largest_gradient_bytes, result.largest_raw_bytes);
  plan_gates(chain, result, small);
  for (UnitPlan& p : result.units) {
    p.vectors_offset += result.small_offset;
    if (p.unit->gate) p.raw_offset += result.small_offset;
  }
  for (GatePlan& gate : result.gates) {
    gate.means_offset += result.small_offset;
    gate.factors_offset += result.small_offset;
  }
  result.saved_bytes = result.small_offset + small.bytes;
  return result;
}

Operand input_operand(const Chain& chain, const Input& input) {
  return {input.data, input.pixel_stride, input.channel_step, chain.units.front().in_channels, nullptr,
          nullptr,    Activation::none};
}

Input kept_input(const ChainPlan& plan, const void* saved) {
  return {saved, padded(plan.units.front().unit->in_channels), 1};
}

Operand raw_operand(const UnitPlan& unit, const void* raw, const UnitVectors& vectors) {
  return {raw, unit.width, 1, unit.unit->out_channels, vectors.scale, vectors.shift, unit.unit->activation};
}

Operand means_operand(const ChainPlan& plan, const GatePlan& gate, const float* means) {
  return {means, gate.width, 1, plan.units[gate.begin].unit->in_channels, nullptr, nullptr, Activation::none};
}

Operand gated_operand(Operand ungated, const UnitPlan& unit, const GatePlan& gate, const float* factors) {
  ungated.gate = factors;
  ungated.gate_stride = gate.width;
  ungated.gate_pixels = static_cast<long>(unit.geometry.out_height) * unit.geometry.out_width;
  return ungated;
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
