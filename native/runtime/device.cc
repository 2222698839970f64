#include "runtime/device.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "core/error.h"

namespace singlepath {
namespace {

// Asks through c10's registry, so the same code compiles against CPU and CUDA builds of libtorch.
int cuda_devices() {
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return 0;
  return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
}

#ifdef SINGLEPATH_CUDA
constexpr const char* kNoDevice =
    "this libtorch is built for CUDA " SINGLEPATH_CUDA
    ", so no NVIDIA driver or no card was found (`nvidia-smi` says which): use device cpu";
#else
constexpr const char* kNoDevice =
    "this libtorch has no CUDA: use device cpu, or set LIBTORCH to a CUDA build and run `npx singlepath "
    "build`";
#endif

}  // namespace

c10::Device device_of(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::DeviceType::CPU);
  int index = 0;
  if (name.rfind("cuda", 0) != 0) {
    throw Error("INVALID_ARGUMENT", "Expected cpu or cuda:N for device but received '" + name + "'");
  }
  if (name.size() > 4) {
    try {
      size_t used = 0;
      index = std::stoi(name.substr(5), &used);
      if (name[4] != ':' || used + 5 != name.size() || index < 0) throw std::invalid_argument(name);
    } catch (const std::logic_error&) {
      throw Error("INVALID_ARGUMENT", "Expected cpu or cuda:N for device but received '" + name + "'");
    }
  }
  const int count = cuda_devices();
  if (index >= count) {
    throw Error("DEVICE_UNAVAILABLE",
                "Expected a CUDA device for '" + name + "' but found " + std::to_string(count),
                count == 0 ? kNoDevice : "`npx singlepath doctor` lists the devices");
  }
  return c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
}

std::vector<c10::Device> usable_devices() {
  std::vector<c10::Device> devices{c10::Device(c10::DeviceType::CPU)};
  for (int i = 0; i < cuda_devices(); ++i) {
    devices.emplace_back(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(i));
  }
  return devices;
}

}  // namespace singlepath
