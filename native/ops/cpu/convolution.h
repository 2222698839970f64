#pragma once

// A unit's convolution by the kernels that its plan names: the only place that tells them apart.

#include "chain_plan.h"
#include "level_kernels.h"
#include "tap_kernels.h"
#include "winograd_kernels.h"

namespace singlepath::cpu {

// Memory for packed weights, forward or backward.
std::size_t packed_bytes(const UnitPlan& unit);

// Packs a unit's weights for forward, optionally times row_scale[output]: the items [begin, end) of
// pack_items(unit).
long pack_items(const UnitPlan& unit);
void pack_forward(const UnitPlan& unit, const float* row_scale, void* packed, long begin, long end);

// Returns body(task, kernel, grain) for the forward kernel of a unit and its task; `in` is what stands in
// memory behind its quantizer (quantized_operand.h). Items worth taking at
// once: `grain`.
template <class Body>
auto with_forward(const UnitPlan& unit, const Geometry& geometry, const Operand& in, const void* packed,
                  const ForwardSink& sink, const Body& body) {
  const Storage storage = unit.storage;
  const StorageKernels& run = kernels().of(storage);
  const float* floats = static_cast<const float*>(packed);
  if (unit.levels) {
    return body(LevelForward{static_cast<const uint8_t*>(in.data), level_geometry(unit, geometry), unit.width,
                             reinterpret_cast<const int8_t*>(floats + unit.width), floats, in.unit, sink},
                level_kernels()->of(storage).forward, 1L);
  }
  switch (unit.way) {
    case Way::depthwise:
      return body(DepthwiseForward{in, geometry, unit.width, floats, sink}, run.depthwise_forward, 1L);
    case Way::taps:
      return body(TapForward{in, {geometry}, unit.width, packed, sink}, tap_kernels().of(storage).forward,
                  kTapGrain);
    case Way::winograd:
      return body(WinogradForward{in, {geometry}, unit.width, floats, sink},
                  winograd_kernels().of(storage).forward, 1L);
    case Way::panels:
      break;
  }
  return body(MatmulForward{in, geometry, unit.dense(), unit.depth, unit.width, packed, sink},
              run.matmul_forward, 1L);
}

// The gradient of a unit's weights, into the caller's rows, and with `wanted` that of its input, into the
// sink. Returns the sums that belong to the latter ([2][width of the unit before]), in the workspace.
const double* convolution_backward(const UnitPlan& unit, const OutputGradient& gradient, const Operand& in,
                                   const BackwardSink& sink, bool wanted, const UnitGradients& to,
                                   Workspace& workspace);

}  // namespace singlepath::cpu
