// What is asked of CUDA itself rather than of libtorch's device-neutral interfaces. Built without CUDA, all
// of it answers that there is nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace singlepath {

// Name, memory, compute capability, and the versions of driver and cuDNN.
std::string cuda_description(int index);

// Bytes of libtorch's caching allocator on one device.
struct DeviceMemory {
  std::string name;       // cuda:N
  int64_t allocated = 0;  // of tensors alive
  int64_t cached = 0;     // free but kept for reuse
  int64_t peak = 0;       // of both together
};

// Of every device this process has used.
std::vector<DeviceMemory> cuda_memory();

// Free bytes of the device, and those that libtorch keeps for reuse; 0 where it is not known.
int64_t cuda_free_bytes(int index);

// Hands the memory that libtorch keeps for reuse back to the driver.
void empty_cuda_cache();

}  // namespace singlepath
