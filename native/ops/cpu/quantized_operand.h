#pragma once

// What a unit's convolution reads where a quantizer stands in front of it: the quantized operand, in memory
// of the pass.

#include <atomic>
#include <limits>

#include "chain_plan.h"
#include "level_kernels.h"

namespace singlepath::cpu {

// Values as the chain stores them; `items(count, grain, body)` runs a kernel's items.
template <class Items>
Operand write_quantized(const UnitPlan& unit, const Geometry& geometry, const Operand& in, void* memory,
                        const Items& items) {
  const WriteQuantized task{in, unit.unit->quantizer, memory};
  const auto kernel = kernels().of(unit.storage).write_quantized;
  items(geometry.in_pixels(), 32L, [&](long begin, long end, int) { kernel(task, begin, end); });
  return {memory, padded(in.channels), 1, in.channels, nullptr, nullptr, Activation::none};
}

// Levels, for units that multiply these. A value that is no number makes every result one.
template <class Items>
Operand write_levels(const UnitPlan& unit, const Geometry& geometry, const Operand& in, void* memory,
                     const Items& items) {
  const Quantizer& quantizer = unit.unit->quantizer;
  const WriteLevels task{in, level_geometry(unit, geometry), quantizer, static_cast<uint8_t*>(memory)};
  const auto kernel = kernels().of(unit.storage).write_levels;
  std::atomic<bool> strange{false};
  items(task.geometry.lines(), 4L, [&](long begin, long end, int) {
    if (kernel(task, begin, end)) strange = true;
  });
  Operand levels{memory, task.geometry.channels, 1, in.channels, nullptr, nullptr, Activation::none};
  levels.unit = quantizer.rounding == Rounding::pact ? quantizer.scale / quantizer.high : quantizer.scale;
  if (strange) levels.unit = std::numeric_limits<float>::quiet_NaN();
  return levels;
}

// What the forward pass reads: `in` itself without a quantizer.
template <class Items>
Operand forward_operand(const UnitPlan& unit, const Geometry& geometry, const Operand& in, void* memory,
                        const Items& items) {
  if (!unit.unit->quantized) return in;
  return (unit.levels ? write_levels<Items> : write_quantized<Items>)(unit, geometry, in, memory, items);
}

}  // namespace singlepath::cpu
