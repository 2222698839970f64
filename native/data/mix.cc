#include "data/mix.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/rng.h"

namespace singlepath {
namespace {

double normal(RandomStream& random) {  // Box and Muller
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * 3.14159265358979323846 * random.uniform());
}

// Marsaglia and Tsang (2000).
double gamma(double shape, RandomStream& random) {
  if (shape < 1) {
    const double boost = std::pow(1 - random.uniform(), 1 / shape);
    return gamma(shape + 1, random) * boost;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(random), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double symmetric_beta(double shape, RandomStream& random) {
  const double a = gamma(shape, random), b = gamma(shape, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

void mix_pair(uint8_t* a, uint8_t* b, size_t bytes, int share) {
  for (size_t i = 0; i < bytes; i++) {
    const int x = a[i], y = b[i];
    a[i] = static_cast<uint8_t>((x * share + y * (256 - share) + 128) >> 8);
    b[i] = static_cast<uint8_t>((y * share + x * (256 - share) + 128) >> 8);
  }
}

struct Box {
  int64_t top, left, height, width;
};

// A box of 1 - share of the image around a random point, cut off at the border.
Box cutmix_box(const Batch& batch, double share, RandomStream& random) {
  const double cut = std::sqrt(1 - share);
  const auto side = [&](int64_t length, int64_t* begin) {
    const auto half = static_cast<int64_t>(static_cast<double>(length) * cut) / 2;
    const auto centre = static_cast<int64_t>(random.integer(static_cast<uint64_t>(length)));
    *begin = std::max<int64_t>(0, centre - half);
    return std::min(length, centre + half) - *begin;
  };
  Box box{};
  box.height = side(batch.height, &box.top);
  box.width = side(batch.width, &box.left);
  return box;
}

}  // namespace

void mix_images(const Augment& augment, uint64_t seed, uint64_t epoch, int64_t number, Batch& batch) {
  if (augment.mixup <= 0 && augment.cutmix <= 0) return;
  RandomStream random(seed, Purpose::mixing, (epoch << 32) + static_cast<uint64_t>(number));
  const bool cut = augment.mixup <= 0 || (augment.cutmix > 0 && random.integer(2) == 1);
  double share = symmetric_beta(cut ? augment.cutmix : augment.mixup, random);
  const auto image = static_cast<size_t>(batch.channels * batch.height * batch.width);
  const auto at = [&](int64_t i) { return batch.pixels.data() + static_cast<size_t>(i) * image; };
  const int64_t last = batch.count - 1;
  if (cut) {
    const Box box = cutmix_box(batch, share, random);
    share = 1 - static_cast<double>(box.height * box.width) / static_cast<double>(batch.height * batch.width);
    for (int64_t i = 0; i < last - i; i++) {
      for (int64_t y = box.top; y < box.top + box.height; y++) {
        const auto from = static_cast<size_t>((y * batch.width + box.left) * batch.channels);
        std::swap_ranges(at(i) + from, at(i) + from + box.width * batch.channels, at(last - i) + from);
      }
    }
  } else {
    const auto fixed = static_cast<int>(std::lround(share * 256));
    share = fixed / 256.0;
    for (int64_t i = 0; i < last - i; i++) mix_pair(at(i), at(last - i), image, fixed);
  }
  batch.share = share;
  batch.second_labels.assign(batch.labels.rbegin(), batch.labels.rend());
}

}  // namespace singlepath
