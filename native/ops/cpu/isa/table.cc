// The kernels of one instruction set as a table. Compiled once for each, with other flags
// (../CMakeLists.txt).

#include "depthwise.h"
#include "elementwise.h"
#include "quantize.h"

#define SINGLEPATH_STRING_(x) #x
#define SINGLEPATH_STRING(x) SINGLEPATH_STRING_(x)

// Of the set that has the same instructions for floats.
namespace singlepath::cpu::SINGLEPATH_FLOAT32_ISA {
extern const StorageKernels float32_kernels;
}

// Of the set with products of 8-bit integers (levels.cc).
#if defined(SINGLEPATH_LEVELS_ISA)
namespace singlepath::cpu::SINGLEPATH_LEVELS_ISA {
extern const LevelKernels levels;
}
#define SINGLEPATH_LEVELS &SINGLEPATH_LEVELS_ISA::levels
#else
#define SINGLEPATH_LEVELS nullptr
#endif

namespace singlepath::cpu::SINGLEPATH_ISA {
namespace {

#if defined(__AVX512BF16__)
constexpr bool kBf16Products = true;
#else
constexpr bool kBf16Products = false;
#endif

}  // namespace

extern const StorageKernels bfloat16_kernels;
extern const TapKernels taps;
extern const WinogradKernels winograd;

extern const Kernels table;
const Kernels table = {{SINGLEPATH_FLOAT32_ISA::float32_kernels, bfloat16_kernels},
                       SINGLEPATH_STRING(SINGLEPATH_ISA),
                       kBf16Products,
                       pack_depthwise,
                       sgd,
                       largest_magnitude,
                       sum_of_magnitudes,
                       add_to_largest,
                       &taps,
                       &winograd,
                       SINGLEPATH_LEVELS};

}  // namespace singlepath::cpu::SINGLEPATH_ISA
