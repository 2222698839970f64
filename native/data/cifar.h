// The binary version of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
// Images"): records of label bytes and 3x32x32 pixels, red plane first.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace singlepath {

enum class CifarLabels {
  cifar10,       // one label byte, 10 classes
  cifar100,      // two label bytes, the fine one of 100 classes is taken
  cifar100_coarse  // … the coarse one of 20
};

// All records of `paths` in order; gzip or plain. Throws INVALID_DATASET naming the file.
Dataset read_cifar(const std::vector<std::string>& paths, CifarLabels kind);

}  // namespace singlepath
