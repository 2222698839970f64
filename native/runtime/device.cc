#include "runtime/device.h"

#include <ATen/Context.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <charconv>
#include <cstdlib>
#include <unordered_set>

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

// N of `cuda:N`, 0 of `cuda`; -1 for other names. Digits only: no sign, no blanks, no leading zeros.
int cuda_index(const std::string& name) {
  if (name == "cuda") return 0;
  if (name.rfind("cuda:", 0) != 0) return -1;
  const char *first = name.data() + 5, *last = name.data() + name.size();
  unsigned index = 0;
  const auto [end, error] = std::from_chars(first, last, index);
  if (error != std::errc() || end != last || (*first == '0' && last - first > 1)) return -1;
  return index > INT16_MAX ? INT16_MAX : static_cast<int>(index);
}

}  // namespace

c10::Device device_of(const std::string& name) {
  if (name == "cpu") return c10::Device(c10::DeviceType::CPU);
  const int index = cuda_index(name);
  if (index < 0)
    throw Error("INVALID_ARGUMENT", "Expected cpu or cuda:N for device but received '" + name + "'");
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

void use_own_stream(c10::Device device) {
  thread_local std::unordered_set<int> claimed;
  if (device.is_cpu() || !claimed.insert(device.index()).second) return;
  const auto* devices = c10::impl::getDeviceGuardImpl(device.type());
  devices->exchangeStream(devices->getStreamFromGlobalPool(device));
}

bool computes_aside(c10::Device device) {
  if (!device.is_cpu()) return true;
  static const bool pretend = [] {
    const char* text = std::getenv("SINGLEPATH_CARD_PATH");
    return text != nullptr && std::string(text) == "1";
  }();
  return pretend;
}

void allow_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuDNN(allowed);
  at::globalContext().setAllowTF32CuBLAS(allowed);
}

}  // namespace singlepath
