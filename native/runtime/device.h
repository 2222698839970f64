#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

namespace singlepath {

// `cpu`, `cuda` or `cuda:N`. Throws INVALID_ARGUMENT for other names, DEVICE_UNAVAILABLE where there is none.
c10::Device device_of(const std::string& name);

// Devices that can be used now.
std::vector<c10::Device> usable_devices();

}  // namespace singlepath
