// Images made up from a seed: learnable, of any shape, for tests and trials without data.
#pragma once

#include "data/pixel_array.h"

namespace singlepath {

struct SyntheticSpec {
  int64_t count = 0, channels = 0, height = 0, width = 0;
  int64_t classes = 0;
  uint64_t seed = 0;
  uint64_t split = 0;  // images of different splits differ, the classes' patterns are the same
};

// Image i has label i mod classes. Each class is a pair of plane waves per channel with its own directions
// and frequencies; an image shifts it, changes its contrast and adds noise, so that no pixel alone gives the
// class.
PixelArray make_synthetic(const SyntheticSpec& spec);

}  // namespace singlepath
