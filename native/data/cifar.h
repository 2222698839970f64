// The binary version of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from
// Tiny Images"): records of label bytes and 3x32x32 pixels, red plane first.
#pragma once

#include <string>
#include <vector>

#include "data/pixel_array.h"

namespace singlepath {

enum class Cifar {
  ten,     // one label byte
  hundred  // two: the class among 20 coarse ones, which is left out, and the one among 100
};

// All records of `paths` in order; gzip or plain. Throws INVALID_DATASET naming the file.
PixelArray read_cifar(const std::vector<std::string>& paths, Cifar kind);

}  // namespace singlepath
