// Changes to an image of the delivered size: padded crops, mirroring, filled boxes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/rng.h"
#include "data/image/pixels.h"

namespace singlepath {

// Writes the crop of `image`, black outside, whose top left corner lies (top, left) pixels from the image's
// own, and whose size is the image's; mirrored left to right where `flip` says so.
void write_crop(const PixelView& image, int top, int left, bool flip, uint8_t* out);

// An image in a batch.
struct Slot {
  uint8_t* data;
  int height, width, channels;
};

// Swaps the first and the third channel.
void swap_red_and_blue(const Slot& image);

void fill_box(const Slot& image, const Window& box, const std::vector<uint8_t>& fill);

// torchvision's RandomErasing: with the given probability a box of 2 to 33 % of the area and an aspect ratio
// of 0.3 to 3.3.
void erase_randomly(const Slot& image, double probability, const std::vector<uint8_t>& fill,
                    RandomStream& random);

// Cutout (DeVries and Taylor 2017): a square around a random point, cut off at the border.
void cut_out(const Slot& image, int side, const std::vector<uint8_t>& fill, RandomStream& random);

}  // namespace singlepath
