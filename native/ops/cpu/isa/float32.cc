#include "storage_kernels.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

extern const StorageKernels float32_kernels;
const StorageKernels float32_kernels = storage_kernels<float>();

}  // namespace singlepath::cpu::SINGLEPATH_ISA
