#pragma once

// The chain of ../chain.h written down naively, in double, on plain [pixel][channel] arrays: what the kernels
// are tested against.

#include <vector>

#include "../chain.h"

namespace singlepath::cpu::test {

using Values = std::vector<double>;

struct Map {  // [batch][height][width][channels]
  int batch = 0, height = 0, width = 0, channels = 0;
  Values at;
  Map() = default;
  Map(int n, int h, int w, int c)
      : batch(n), height(h), width(w), channels(c), at(static_cast<size_t>(n) * h * w * c) {}
  long pixels() const { return static_cast<long>(batch) * height * width; }
  double& operator()(long pixel, int c) { return at[pixel * channels + c]; }
  double operator()(long pixel, int c) const { return at[pixel * channels + c]; }
};

struct ReferenceUnit {
  Unit shape;             // kinds and sizes; pointers unused
  Values weight;          // [out][in or 1][k][k]
  Values gamma, beta;     // always full length
  Map read;               // forward: what the unit, or its quantizer, reads
  Map in, raw, out;       // what the convolution reads, its result, and behind the activation
  Values mean, variance;  // of the batch
  Values weight_gradient, gamma_gradient, beta_gradient;
  double scale_gradient = 0;  // of the quantizer's scale
  double scale_size = 0;      // sum of |its parts|
  double gradient_size =
      0;  // sum of |gradient| of the busiest channel: the scale of rounding errors in sums over it
};

double activate(Activation activation, double z);
double activate_slope(Activation activation, double z);

// Fills the units' forward members and returns the last output. With `running` the given mean and variance
// are used instead of the batch's.
Map reference_forward(std::vector<ReferenceUnit>& units, const Map& input, bool running);

// Gradients from that of the last output; returns the input's.
Map reference_backward(std::vector<ReferenceUnit>& units, const Map& gradient);

}  // namespace singlepath::cpu::test
