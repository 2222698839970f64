// How training images are varied. Every draw is keyed by (seed, epoch, image, what it is for), so an image is
// varied the same way wherever in the epoch, in whatever batch and by whatever thread it is prepared.
#pragma once

#include <cstdint>
#include <vector>

namespace singlepath {

struct Augment {
  // RandomResizedCrop: a box of this share of the picture's area and this aspect ratio becomes the whole
  // image.
  bool random_resized_crop = false;
  double scale_low = 0.08, scale_high = 1;
  double ratio_low = 3.0 / 4, ratio_high = 4.0 / 3;

  int padding = 0;    // black pixels added on each side before a crop of the image's size; 0: no crop
  bool flip = false;  // mirrored with probability 1/2

  // Colour jitter: each factor is uniform in 1 +- the strength, hue turns by up to that share of the circle.
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;

  double erase = 0;  // probability that a box of 2 to 33 % of the image is filled
  int cutout = 0;    // side of a square that is filled around a random point
  // What they are filled with, per channel as delivered: the mean, which is 0 once normalized.
  std::vector<uint8_t> fill;

  // On whole batches: parameter of the Beta distribution of the share of the second image; 0: off.
  double mixup = 0, cutmix = 0;

  bool jitters() const { return brightness > 0 || contrast > 0 || saturation > 0 || hue > 0; }
};

// Which draws of an image's stream are for what (RandomStream::skip_to).
enum AugmentDraws : uint64_t {
  kDrawCrop = 0,
  kDrawFlip = 64,
  kDrawJitter = 128,
  kDrawErase = 192,
  kDrawCutout = 256
};

}  // namespace singlepath
