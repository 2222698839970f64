// Whether a set of images is the one it was before.
#pragma once

#include <cstdint>
#include <string>

#include "data/sample_source.h"

namespace singlepath {

// A hash of number, names and labels of the images. What the files hold is not read.
uint64_t fingerprint_of(const SampleSource& source);

// 16 hexadecimal digits.
std::string hex_of(uint64_t value);

}  // namespace singlepath
