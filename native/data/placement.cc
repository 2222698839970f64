#include "data/placement.h"

#include <algorithm>
#include <cmath>

namespace singlepath {
namespace {

// Python's rounding: halves to the even number.
int64_t rounded(double value) {
  return static_cast<int64_t>(std::nearbyint(value));
}

Placement box(int top, int left, int height, int width, int out_height, int out_width) {
  return {{top, height, out_height, 0}, {left, width, out_width, 0}};
}

}  // namespace

Placement random_resized_crop(const Augment& augment, int height, int width, int out_height, int out_width,
                              RandomStream& random) {
  const double area = static_cast<double>(height) * width;
  const double low = std::log(augment.ratio_low), high = std::log(augment.ratio_high);
  for (int attempt = 0; attempt < 10; attempt++) {
    const double target =
        area * (augment.scale_low + (augment.scale_high - augment.scale_low) * random.uniform());
    const double ratio = std::exp(low + (high - low) * random.uniform());
    const int64_t wide = rounded(std::sqrt(target * ratio)), tall = rounded(std::sqrt(target / ratio));
    if (wide < 1 || wide > width || tall < 1 || tall > height) continue;
    const auto box_width = static_cast<int>(wide), box_height = static_cast<int>(tall);
    const auto top = static_cast<int>(random.integer(static_cast<uint64_t>(height - box_height + 1)));
    const auto left = static_cast<int>(random.integer(static_cast<uint64_t>(width - box_width + 1)));
    return box(top, left, box_height, box_width, out_height, out_width);
  }
  int box_height = height, box_width = width;  // the middle, of an allowed aspect ratio
  const double ratio = static_cast<double>(width) / height;
  const auto within = [](double side, int most) {
    return static_cast<int>(std::clamp<int64_t>(rounded(side), 1, most));
  };
  if (ratio < augment.ratio_low) box_height = within(width / augment.ratio_low, height);
  if (ratio > augment.ratio_high) box_width = within(height * augment.ratio_high, width);
  return box((height - box_height) / 2, (width - box_width) / 2, box_height, box_width, out_height,
             out_width);
}

Placement centre_crop(int resize, int height, int width, int out_height, int out_width) {
  if (resize == 0 && height == out_height && width == out_width) {
    return box(0, 0, height, width, out_height, out_width);
  }
  int64_t short_side = resize > 0 ? resize : rounded(std::min(out_height, out_width) * 8.0 / 7.0);
  const int picture = std::min(height, width);
  // The long side's pixels are rounded down, as torchvision does; both sides must hold the centre.
  const auto scaled = [&](int side) { return short_side * side / picture; };
  while (scaled(height) < out_height || scaled(width) < out_width) short_side++;
  const auto extent = [&](int side, int out) {
    const int64_t full = scaled(side);
    return Extent{0, side, full, rounded(static_cast<double>(full - out) / 2)};
  };
  return {extent(height, out_height), extent(width, out_width)};
}

}  // namespace singlepath
