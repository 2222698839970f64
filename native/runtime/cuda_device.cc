#include "runtime/cuda_device.h"

#ifdef SINGLEPATH_CUDA_HEADERS
#include <ATen/cuda/CUDAContext.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <sstream>
#endif

namespace singlepath {

#ifdef SINGLEPATH_CUDA_HEADERS

namespace {

bool allocator_in_use() {
  const auto* allocator = c10::cuda::CUDACachingAllocator::allocator.load();
  return allocator != nullptr && c10::cuda::CUDACachingAllocator::get()->initialized();
}

int64_t reserved_bytes(int index, bool peak) {
  const auto statistics =
      c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
  const auto& reserved = statistics.reserved_bytes[0];  // of all pools
  return peak ? reserved.peak : reserved.current;
}

}  // namespace

std::string cuda_description(int index) {
  const cudaDeviceProp& device = *at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(index));
  int driver = 0;
  cudaDriverGetVersion(&driver);
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << device.name << ", " << static_cast<double>(device.totalGlobalMem) / (1 << 30)
       << " GiB, compute capability " << device.major << '.' << device.minor << ", driver for CUDA "
       << driver / 1000 << '.' << driver % 100 / 10 << ", cuDNN "
       << at::detail::getCUDAHooks().versionCuDNN();
  return text.str();
}

std::vector<DeviceMemory> cuda_memory() {
  std::vector<DeviceMemory> devices;
  if (!allocator_in_use()) return devices;
  for (int i = 0; i < c10::cuda::device_count(); ++i) {
    const int64_t reserved = reserved_bytes(i, false);
    if (reserved_bytes(i, true) == 0) continue;
    const auto statistics = c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(i));
    const int64_t allocated = statistics.allocated_bytes[0].current;
    devices.push_back(
        {"cuda:" + std::to_string(i), allocated, reserved - allocated, reserved_bytes(i, true)});
  }
  return devices;
}

int64_t cuda_free_bytes(int index) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
  size_t free = 0, total = 0;
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) return 0;
  if (!allocator_in_use()) return static_cast<int64_t>(free);
  const auto statistics =
      c10::cuda::CUDACachingAllocator::getDeviceStats(static_cast<c10::DeviceIndex>(index));
  return static_cast<int64_t>(free) + statistics.reserved_bytes[0].current -
         statistics.allocated_bytes[0].current;
}

void empty_cuda_cache() {
  if (allocator_in_use()) c10::cuda::CUDACachingAllocator::emptyCache();
}

#else

std::string cuda_description(int) {
  return "CUDA";
}
std::vector<DeviceMemory> cuda_memory() {
  return {};
}
int64_t cuda_free_bytes(int) {
  return 0;
}
void empty_cuda_cache() {}

#endif

}  // namespace singlepath
