// The activations of the op graph, once for all of native/: the rows of src/graph/node/activations.ts.
#pragma once

namespace singlepath {

// A row: the name, which is the one in TypeScript, and the value at z. The formula is the definition in
// double precision that the tests hold the kernels against; it stays text elsewhere, so this header includes
// nothing.
#define SINGLEPATH_ACTIVATIONS(X)                     \
  X(relu, z > 0 ? z : 0)                              \
  X(relu6, z > 6 ? 6 : z > 0 ? z : 0)                 \
  X(hswish, z > 3 ? z : z < -3 ? 0 : z * (z + 3) / 6) \
  X(silu, z / (1 + std::exp(-z)))                     \
  X(sigmoid, 1 / (1 + std::exp(-z)))                  \
  X(hsigmoid, z > 3 ? 1 : z < -3 ? 0 : (z + 3) / 6)

enum class Activation {
  none,
#define SINGLEPATH_ROW(name, formula) name,
  SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};

// Whether the slope at z follows from the value at z, so that backward need not know z itself.
constexpr bool slope_follows_from_value(Activation activation) {
  return activation == Activation::relu || activation == Activation::relu6;
}

}  // namespace singlepath
