#include "storage_kernels.h"

namespace singlepath::cpu::SINGLEPATH_ISA {

extern const StorageKernels bfloat16_kernels;
const StorageKernels bfloat16_kernels = storage_kernels<bf16>();

}  // namespace singlepath::cpu::SINGLEPATH_ISA
