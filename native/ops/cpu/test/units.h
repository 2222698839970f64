// Units in few words, for the test and the benchmark.
#pragma once

#include "../chain.h"

namespace singlepath::cpu {

inline Unit unit(Convolution convolution, int in, int out, int kernel, int stride, Activation activation) {
  Unit u;
  u.convolution = convolution;
  u.in_channels = in;
  u.out_channels = out;
  u.kernel = kernel;
  u.stride = stride;
  u.activation = activation;
  return u;
}
inline Unit pointwise(int in, int out, Activation a = Activation::relu, int stride = 1) {
  return unit(Convolution::pointwise, in, out, 1, stride, a);
}
inline Unit depthwise(int channels, int kernel, int stride = 1, Activation a = Activation::none) {
  return unit(Convolution::depthwise, channels, channels, kernel, stride, a);
}
inline Unit biased(Unit u) {
  u.normalized = false;
  return u;
}
inline Unit gate(int in, int out, Activation a) {
  Unit u = biased(pointwise(in, out, a));
  u.gate = true;
  return u;
}
// Behind a quantizer; with a step the weights are levels too.
inline Unit quantized(Unit u, Rounding rounding, float scale, int high, float weight_step) {
  u.quantized = true;
  u.quantizer = {rounding, scale, 0, static_cast<float>(high), false};
  u.weight_step = weight_step;
  return u;
}
inline Unit dense(int in, int out, int kernel, int stride = 1, Activation a = Activation::relu) {
  return unit(Convolution::dense, in, out, kernel, stride, a);
}

}  // namespace singlepath::cpu
