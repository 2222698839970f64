#pragma once

// The backward pass of a chain in its parts: a run of units, a gate, and the entry of each.

#include "convolution.h"

namespace singlepath::cpu {

// Two buffers for gradients of padded outputs.
struct Turns {
  void *g, *next;
  void swap() { std::swap(g, next); }
};

class BackwardPass {
 public:
  BackwardPass(const ChainPlan& plan, const void* saved, const UnitGradients* gradients,
               Workspace& workspace);

  // From the gradient of what a unit's activation yields to the sums of its BatchNorm. The entry says where
  // that gradient is; a sink gets the one behind BatchNorm.
  void enter(const UnitPlan& unit, GradientEntry entry);

  // The gradient of a unit's raw output after enter(): from the sink, or, without one, from what was entered.
  OutputGradient from_sink(const UnitPlan& unit, const void* g) const;
  OutputGradient from_entry(const UnitPlan& unit, const void* gradient, long stride) const;

  // From the gradient of the raw output of unit `last` to that of unit `first`.
  OutputGradient run(std::size_t last, std::size_t first, OutputGradient gradient, Turns& turns);
  // From there to the unit's input, whose gradient goes to the sink if it is wanted, else sink.data is null.
  // Returns the sums that belong to the sink. `buffer`, of a quantized unit: room for the gradient of what
  // its quantizer yields.
  const double* leave(std::size_t unit, const OutputGradient& gradient, const Operand& input,
                      const BackwardSink& sink, bool wanted, void* buffer = nullptr);
  // From the gradient of the unit behind a gate to that of the unit before it.
  OutputGradient cross(const GatePlan& gate, const OutputGradient& gradient, Turns& turns);

 private:
  // Through a unit's quantizer, from the gradient of what it yields. Returns what leave() does.
  const double* cross_quantizer(std::size_t unit, const void* gradient, const Operand& input,
                                const BackwardSink& sink);
  void run_gate(const GatePlan& gate, const void* product_gradient, float* factors_gradient,
                float* means_gradient, Turns turns);

  const void* raw(const UnitPlan& unit) const { return saved_ + unit.raw_offset; }
  float* floats(std::size_t offset) const {
    return const_cast<float*>(reinterpret_cast<const float*>(saved_ + offset));
  }
  UnitVectors vectors(const UnitPlan& unit) const {
    return UnitVectors(floats(unit.vectors_offset), unit.width);
  }
  Operand operand(const UnitPlan& unit) const { return raw_operand(unit, raw(unit), vectors(unit)); }
  BackwardSink inside(const UnitPlan& before, void* to) const;
  void finish(const UnitPlan& unit, const double* sums);

  const ChainPlan& plan_;
  const char* saved_;
  const UnitGradients* gradients_;
  Workspace& workspace_;
  ArenaBlock quantized_;
  float *c0_, *c1_, *c2_;  // coefficients of the unit entered last
};

// Whether pixels between the strides get no gradient from a unit.
inline bool leaves_gaps(const UnitPlan& unit) {
  return unit.unit->convolution == Convolution::pointwise && unit.unit->stride > 1;
}

}  // namespace singlepath::cpu
