// Which part of an image is delivered, and at what size.
#pragma once

#include <cstdint>

#include "core/rng.h"
#include "data/augment.h"
#include "data/image/resize.h"

namespace singlepath {

// One side of the picture: `length` pixels from `begin` on become `full`, of which those from `first` on are
// taken. Of a long narrow picture `full` is beyond an int.
struct Extent {
  int begin = 0, length = 0;
  int64_t full = 0, first = 0;
};

struct Placement {
  Extent rows, columns;
};

// torchvision's RandomResizedCrop: a box of random area and aspect ratio in a picture of height x width.
Placement random_resized_crop(const Augment& augment, int height, int width, int out_height, int out_width,
                              RandomStream& random);

// The short side scaled to `resize` pixels, then the centre. 0: see DatasetOptions::resize.
Placement centre_crop(int resize, int height, int width, int out_height, int out_width);

}  // namespace singlepath
