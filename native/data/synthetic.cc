#include "data/synthetic.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "core/sizes.h"

namespace singlepath {
namespace {

constexpr double kTwoPi = 6.283185307179586;
constexpr int kWaves = 2;

struct Wave {
  double along_x, along_y;  // periods across the image
  double phase;
};

// Counters of the random streams: images take the low ones of their split, classes the ones above all splits.
uint64_t image_counter(uint64_t split, int64_t image) {
  return (split << 32) + static_cast<uint64_t>(image);
}
uint64_t class_counter(int64_t label) {
  return (uint64_t{1} << 48) + static_cast<uint64_t>(label);
}

std::vector<Wave> class_pattern(const SyntheticSpec& spec, int64_t label) {
  RandomStream random(spec.seed, Purpose::test, class_counter(label));
  std::vector<Wave> waves;
  for (int64_t i = 0; i < spec.channels * kWaves; i++) {
    const double direction = random.uniform() * kTwoPi / 2;
    const double periods = 1 + 2.5 * random.uniform();
    waves.push_back({periods * std::cos(direction), periods * std::sin(direction), random.uniform()});
  }
  return waves;
}

// Sine and cosine of an angle that grows evenly along one side of the image.
struct Ramp {
  std::vector<double> sine, cosine;

  Ramp(double begin, double periods, int64_t side) {
    for (int64_t i = 0; i < side; i++) {
      const double angle = kTwoPi * (begin + periods * static_cast<double>(i) / static_cast<double>(side));
      sine.push_back(std::sin(angle));
      cosine.push_back(std::cos(angle));
    }
  }
};

void draw(const SyntheticSpec& spec, const std::vector<Wave>& pattern, int64_t index, uint8_t* out) {
  RandomStream random(spec.seed, Purpose::test, image_counter(spec.split, index));
  const double shift_x = 0.2 * random.uniform(), shift_y = 0.2 * random.uniform();
  const double contrast = 25 + 20 * random.uniform();
  // sin(x + y) from the sines and cosines of x and y: a sine per row and column instead of one per pixel.
  std::vector<Ramp> along_x, along_y;
  for (const Wave& wave : pattern) {
    along_x.emplace_back(wave.along_x * shift_x + wave.phase, wave.along_x, spec.width);
    along_y.emplace_back(wave.along_y * shift_y, wave.along_y, spec.height);
  }
  uint64_t noise = 0;
  int noise_bytes = 0;
  for (int64_t y = 0; y < spec.height; y++) {
    for (int64_t x = 0; x < spec.width; x++) {
      for (int64_t c = 0; c < spec.channels; c++) {
        if (noise_bytes == 0) {
          noise = random.bits();
          noise_bytes = 8;
        }
        double value = 127.5 + 60 * (static_cast<double>(noise & 255) / 255 - 0.5);
        noise >>= 8;
        noise_bytes--;
        for (auto w = static_cast<size_t>(c * kWaves); w < static_cast<size_t>((c + 1) * kWaves); w++) {
          value += contrast *
                   (along_x[w].sine[x] * along_y[w].cosine[y] + along_x[w].cosine[x] * along_y[w].sine[y]);
        }
        *out++ = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
  }
}

}  // namespace

PixelArray make_synthetic(const SyntheticSpec& spec) {
  if (spec.count <= 0 || spec.channels <= 0 || spec.height <= 0 || spec.width <= 0 || spec.classes <= 0) {
    throw Error("INVALID_DATASET",
                "Expected a positive number of images, classes and pixels for synthetic images");
  }
  PixelArray dataset;
  dataset.count = spec.count;
  dataset.channels = spec.channels;
  dataset.height = spec.height;
  dataset.width = spec.width;
  const int64_t bytes =
      checked_product({spec.count, spec.channels, spec.height, spec.width}, "synthetic images");
  dataset.pixels.resize(static_cast<size_t>(bytes));
  std::vector<std::vector<Wave>> patterns;
  for (int64_t label = 0; label < spec.classes; label++) patterns.push_back(class_pattern(spec, label));
  for (int64_t i = 0; i < spec.count; i++) {
    const int64_t label = i % spec.classes;
    dataset.labels.push_back(static_cast<int32_t>(label));
    draw(spec, patterns[static_cast<size_t>(label)], i, dataset.pixels.data() + i * dataset.image_bytes());
  }
  return dataset;
}

}  // namespace singlepath
