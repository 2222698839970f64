#pragma once

// What forward, backward and evaluation of a chain share: sizes, and running one kernel on all threads.

#include <algorithm>
#include <cstring>

#include "chain.h"
#include "kernels.h"

namespace singlepath::cpu {

// How a unit's convolution is computed: by planes of channels, as a product with unfolded panels of pixels
// (also 1x1), tap by tap, or by Winograd's transform.
enum class Way { depthwise, panels, taps, winograd };

struct UnitPlan {
  const Unit* unit;
  Storage storage;  // of the raw output
  Geometry geometry;
  int taps;                    // kernel * kernel
  int depth;                   // summed dimension of the matrix product (not depthwise)
  int width;                   // padded output channels
  int turn = 0;                // 0 or 1, never that of the unit before: where passes keep two raw outputs
  std::size_t raw_offset;      // of the raw output in `saved`, bytes
  std::size_t vectors_offset;  // of mean, inverse deviation, scale, shift: 4 * width floats

  Way way;
  bool levels = false;  // forward by products of levels (level_kernels.h) in place of `way`

  bool dense() const { return unit->convolution == Convolution::dense; }
  bool depthwise() const { return way == Way::depthwise; }
};

// The per-channel vectors of a unit.
struct UnitVectors {
  float *mean, *inverse, *scale, *shift;
  UnitVectors(float* base, int width)
      : mean(base), inverse(base + width), scale(base + 2 * width), shift(base + 3 * width) {}
};

// A gate: the units [begin, end), on the output of the one before. Its values, [image][width] floats, are in
// `saved` too: the means, and what they are multiplied with.
struct GatePlan {
  std::size_t begin, end;
  int width;   // of the unit before
  int widest;  // of that and its own units
  std::size_t means_offset, factors_offset;
};

// `saved` holds the input where the chain keeps it, padded, the raw outputs of all units but a gate's, and
// from small_offset on what is small: vectors and gates.
struct ChainPlan {
  std::vector<UnitPlan> units;
  std::vector<GatePlan> gates;
  std::size_t saved_bytes = 0;
  std::size_t small_offset = 0;
  std::size_t largest_raw_bytes = 0;
  std::size_t largest_gradient_bytes = 0;   // of a raw output, or of what a quantizer at the start reads
  std::size_t largest_quantized_bytes = 0;  // of what a quantizer writes; 0: there is none
  int element = 4;                          // bytes of a stored value

  // The gate that starts, or ends, with unit i; null: none.
  const GatePlan* gate_from(std::size_t i) const { return find_gate(i, &GatePlan::begin); }
  const GatePlan* gate_until(std::size_t end) const { return find_gate(end, &GatePlan::end); }

 private:
  const GatePlan* find_gate(std::size_t i, std::size_t GatePlan::* edge) const {
    for (const GatePlan& gate : gates)
      if (gate.*edge == i) return &gate;
    return nullptr;
  }
};

inline LevelGeometry level_geometry(const UnitPlan& unit, const Geometry& geometry) {
  return {geometry, static_cast<int>(padded(unit.unit->in_channels))};
}

// Of a unit's input, padded, as the chain stores it; of what its quantizer writes, levels or values.
inline std::size_t input_bytes(const UnitPlan& unit, const Geometry& geometry) {
  return static_cast<std::size_t>(geometry.in_pixels() * padded(unit.unit->in_channels) *
                                  storage_bytes(unit.storage));
}
inline std::size_t quantized_bytes(const UnitPlan& unit, const Geometry& geometry) {
  return std::max(input_bytes(unit, geometry),
                  static_cast<std::size_t>(level_geometry(unit, geometry).bytes()));
}

// Checks what stands behind the residual.
void check_output(const Output& output);

// Checks the chain and lays it out.
ChainPlan plan(const Chain& chain);

// The chain's input as its first unit reads it; `saved` of a chain that keeps it.
Operand input_operand(const Chain& chain, const Input& input);
Input kept_input(const ChainPlan& plan, const void* saved);
// A raw output as the next unit reads it.
Operand raw_operand(const UnitPlan& unit, const void* raw, const UnitVectors& vectors);
// The means that a gate's first unit reads.
Operand means_operand(const ChainPlan& plan, const GatePlan& gate, const float* means);
// The gated unit's output as the unit behind the gate reads it.
Operand gated_operand(Operand ungated, const UnitPlan& unit, const GatePlan& gate, const float* factors);

// The output of a whole batch, or a gate's means, pooled.
inline void run_pool(const PoolOutput& task, long images, Storage storage, Workspace& workspace) {
  const auto pool = kernels().of(storage).pool_output;
  workspace.pool().parallel_for(images, 1, [&](long begin, long end, int) { pool(task, begin, end); });
}

// Runs a kernel's items, body(begin, end, thread), on all threads.
inline auto on_all_threads(Workspace& workspace) {
  return [&workspace](long count, long grain, const auto& body) {
    workspace.pool().parallel_for(count, grain, body);
  };
}

// Calls body(piece, begin, end, scratch, sums) on all threads for pieces of [0, items) and returns the sums,
// double [2][width]: those of the pieces, zero at first, added up in order.
template <class Body>
const double* run_pieces(Workspace& workspace, long items, long grain, int pieces, int width,
                         long scratch_floats, const Body& body) {
  const std::size_t count = 2 * static_cast<std::size_t>(width);
  double* sums = static_cast<double*>(workspace.shared(Workspace::sums, pieces * count * sizeof(double)));
  workspace.reserve_scratch(scratch_floats);
  workspace.pool().run(pieces, [&](int piece, int thread) {
    double* own = sums + piece * count;
    std::memset(own, 0, count * sizeof(double));
    const WorkRange range = partition(items, grain, piece, pieces);
    body(piece, range.begin, range.end, workspace.scratch(thread), own);
  });
  for (int piece = 1; piece < pieces; ++piece)
    for (std::size_t i = 0; i < count; ++i) sums[i] += sums[piece * count + i];
  return sums;
}

// The sums of a kernel that knows no pieces.
template <class Task, class Kernel>
const double* run_summed(Workspace& workspace, const Task& task, Kernel kernel, long items, long grain,
                         int width, long scratch_floats) {
  const int pieces = workspace.pool().pieces(items, grain);
  return run_pieces(workspace, items, grain, pieces, width, scratch_floats,
                    [&](int, long begin, long end, float* scratch, double* sums) {
                      kernel(task, begin, end, scratch, sums);
                    });
}

}  // namespace singlepath::cpu
