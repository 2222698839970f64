#pragma once

// The kernels of one storage type (../kernels.h), compiled on their own for each: float32.cc, bfloat16.cc.

#include "depthwise.h"
#include "elementwise.h"
#include "matmul.h"
#include "outputs.h"
#include "quantize.h"
#include "quantized.h"

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

template <class T>
void product(const void* a, const void* packed, float* c, int rows, int k, int n) {
  using E = typename PanelOf<T>::Element;
  const int steps = k / kDepth<E>;
  gemm<E>(static_cast<const E*>(a), steps, static_cast<const E*>(packed), c, n, rows, steps, n);
}

template <class T>
constexpr StorageKernels storage_kernels() {
  return {matmul_forward<T>,
          matmul_backward<T>,
          depthwise_forward<T>,
          depthwise_backward<T>,
          write_output<T>,
          pool_output<T>,
          gradient_entry<T>,
          copy_channels<T>,
          normalize<T>,
          quantize<T>,
          quantize_backward<T>,
          write_quantized<T>,
          write_levels<T>,
          quantized_gradient<T>,
          pack_by_output<typename PanelOf<T>::Element>,
          pack_by_input<typename PanelOf<T>::Element>,
          product<T>};
}

}  // namespace
}  // namespace singlepath::cpu::SINGLEPATH_ISA
