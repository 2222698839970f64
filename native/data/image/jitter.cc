#include "data/image/jitter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace singlepath {
namespace {

constexpr double kLuma[3] = {0.2989, 0.587, 0.114};  // torchvision's
constexpr double kPi = 3.14159265358979323846;
constexpr int kAffineBits = 12;

// x -> matrix x + shift.
struct Affine {
  std::array<std::array<double, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  std::array<double, 3> shift{};

  void then(const std::array<std::array<double, 3>, 3>& next, double add) {
    Affine result;
    for (size_t i = 0; i < 3; i++) {
      result.shift[i] = add;
      for (size_t k = 0; k < 3; k++) result.shift[i] += next[i][k] * shift[k];
      for (size_t j = 0; j < 3; j++) {
        result.matrix[i][j] = 0;
        for (size_t k = 0; k < 3; k++) result.matrix[i][j] += next[i][k] * matrix[k][j];
      }
    }
    *this = result;
  }
};

std::array<std::array<double, 3>, 3> diagonal(double value) {
  return {{{value, 0, 0}, {0, value, 0}, {0, 0, value}}};
}

std::array<std::array<double, 3>, 3> saturate(double factor) {
  auto matrix = diagonal(factor);
  for (auto& row : matrix) {
    for (size_t j = 0; j < 3; j++) row[j] += (1 - factor) * kLuma[j];
  }
  return matrix;
}

// A turn of the I-Q plane of NTSC's YIQ.
std::array<std::array<double, 3>, 3> turn_hue(double share) {
  const double c = std::cos(2 * kPi * share), s = std::sin(2 * kPi * share);
  return {{{0.299 + 0.701 * c + 0.168 * s, 0.587 - 0.587 * c + 0.330 * s, 0.114 - 0.114 * c - 0.497 * s},
           {0.299 - 0.299 * c - 0.328 * s, 0.587 + 0.413 * c + 0.035 * s, 0.114 - 0.114 * c + 0.292 * s},
           {0.299 - 0.300 * c + 1.250 * s, 0.587 - 0.588 * c - 1.050 * s, 0.114 + 0.886 * c - 0.203 * s}}};
}

std::array<double, 3> channel_means(const uint8_t* data, int channels, size_t pixels) {
  // Sums of a block's positions, so that the loop is one vector addition.
  constexpr size_t kBlock = 48;
  std::array<uint32_t, kBlock> sums{};
  const size_t bytes = pixels * static_cast<size_t>(channels);
  size_t at = 0;
  for (; at + kBlock <= bytes; at += kBlock) {
    for (size_t i = 0; i < kBlock; i++) sums[i] += data[at + i];
  }
  for (size_t i = 0; at + i < bytes; i++) sums[i] += data[at + i];
  std::array<double, 3> means{};
  for (size_t i = 0; i < kBlock; i++) means[i % static_cast<size_t>(channels)] += sums[i];
  for (auto& mean : means) mean /= static_cast<double>(pixels);
  return channels == 1 ? std::array<double, 3>{means[0], means[0], means[0]} : means;
}

Affine draw(const JitterStrength& strength, RandomStream& random, const std::array<double, 3>& means) {
  const auto factor = [&](double width) {
    const double low = std::max(0.0, 1 - width);
    return low + (1 + width - low) * random.uniform();
  };
  const double brightness = factor(strength.brightness), contrast = factor(strength.contrast),
               saturation = factor(strength.saturation), hue = strength.hue * (2 * random.uniform() - 1);
  int order[4] = {0, 1, 2, 3};
  for (uint64_t left = 4; left > 1; left--) std::swap(order[left - 1], order[random.integer(left)]);
  Affine affine;
  for (const int step : order) {
    if (step == 0 && strength.brightness > 0) affine.then(diagonal(brightness), 0);
    if (step == 1 && strength.contrast > 0) {
      double grey = 0;  // of the picture as it is by now
      for (size_t i = 0; i < 3; i++) {
        double mean = affine.shift[i];
        for (size_t j = 0; j < 3; j++) mean += affine.matrix[i][j] * means[j];
        grey += kLuma[i] * mean;
      }
      affine.then(diagonal(contrast), (1 - contrast) * grey);
    }
    if (step == 2 && strength.saturation > 0) affine.then(saturate(saturation), 0);
    if (step == 3 && strength.hue > 0) affine.then(turn_hue(hue), 0);
  }
  return affine;
}

int fixed(double value, double limit) {
  return static_cast<int>(std::lround(std::clamp(value, -limit, limit) * (1 << kAffineBits)));
}

uint8_t byte(int sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kAffineBits, 0, 255));
}

void apply(const Affine& affine, int channels, size_t pixels, uint8_t* data) {
  int a[3][3], shift[3];
  for (size_t i = 0; i < 3; i++) {
    // Rounded half up; strengths of at most 1 give at most 2 * 2 * 3.
    shift[i] = fixed(affine.shift[i], 4096) + (1 << (kAffineBits - 1));
    for (size_t j = 0; j < 3; j++) a[i][j] = fixed(affine.matrix[i][j], 64);
  }
  if (channels == 1) {
    const int scale = a[0][0] + a[0][1] + a[0][2];
    for (size_t i = 0; i < pixels; i++) data[i] = byte(data[i] * scale + shift[0]);
    return;
  }
  for (size_t i = 0; i < pixels; i++, data += 3) {
    const int r = data[0], g = data[1], b = data[2];
    for (int c = 0; c < 3; c++) data[c] = byte(a[c][0] * r + a[c][1] * g + a[c][2] * b + shift[c]);
  }
}

}  // namespace

void jitter_colours(const JitterStrength& strength, RandomStream& random, int channels, size_t pixels,
                    uint8_t* data) {
  apply(draw(strength, random, channel_means(data, channels, pixels)), channels, pixels, data);
}

}  // namespace singlepath
