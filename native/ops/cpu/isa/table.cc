// The kernels of one instruction set as a table. Compiled once for each, with other flags
// (../CMakeLists.txt).

#include "depthwise.h"
#include "elementwise.h"
#include "matmul.h"
#include "outputs.h"
#include "quantize.h"

#define SINGLEPATH_STRING_(x) #x
#define SINGLEPATH_STRING(x) SINGLEPATH_STRING_(x)

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
          pack_by_output<typename PanelOf<T>::Element>,
          pack_by_input<typename PanelOf<T>::Element>,
          product<T>};
}

#if defined(__AVX512BF16__)
constexpr bool kBf16Products = true;
#else
constexpr bool kBf16Products = false;
#endif

}  // namespace

extern const TapKernels taps;
extern const WinogradKernels winograd;

extern const Kernels table;
const Kernels table = {{storage_kernels<float>(), storage_kernels<bf16>()},
                       SINGLEPATH_STRING(SINGLEPATH_ISA),
                       kBf16Products,
                       pack_depthwise,
                       sgd,
                       largest_magnitude,
                       sum_of_magnitudes,
                       add_to_largest,
                       &taps,
                       &winograd};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
