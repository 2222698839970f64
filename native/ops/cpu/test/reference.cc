#include "reference.h"

#include <algorithm>
#include <cmath>

namespace singlepath::cpu::test {
namespace {

// Calls visit(output pixel, output channel, input pixel, input channel, weight index) for every multiply-add.
template <class Visit>
void each_product(const Unit& u, const Map& in, const Map& out, const Visit& visit) {
  const bool depthwise = u.convolution == Convolution::depthwise;
  const int k = u.kernel, pad = k / 2;
  for (int n = 0; n < out.batch; ++n)
    for (int y = 0; y < out.height; ++y)
      for (int x = 0; x < out.width; ++x)
        for (int ky = 0; ky < k; ++ky)
          for (int kx = 0; kx < k; ++kx) {
            const int iy = y * u.stride - pad + ky, ix = x * u.stride - pad + kx;
            if (iy < 0 || iy >= in.height || ix < 0 || ix >= in.width) continue;
            const long from = (static_cast<long>(n) * in.height + iy) * in.width + ix;
            const long to = (static_cast<long>(n) * out.height + y) * out.width + x;
            for (int o = 0; o < u.out_channels; ++o) {
              if (depthwise)
                visit(to, o, from, o, (static_cast<long>(o) * k + ky) * k + kx);
              else
                for (int c = 0; c < u.in_channels; ++c)
                  visit(to, o, from, c, ((static_cast<long>(o) * u.in_channels + c) * k + ky) * k + kx);
            }
          }
}

}  // namespace

double activate(Activation activation, double z) {
  switch (activation) {
    case Activation::none:
      return z;
#define SINGLEPATH_ROW(name, formula) \
  case Activation::name:              \
    return formula;
      SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  }
  return z;
}

// From the values on both sides: nothing of the kernels' formulas is used.
double activate_slope(Activation activation, double z) {
  constexpr double kStep = 1e-7;
  return (activate(activation, z + kStep) - activate(activation, z - kStep)) / (2 * kStep);
}

namespace {

// Images are the pixels of a gate's factors.
long image_of(const Map& map, long pixel) {
  return pixel / (static_cast<long>(map.height) * map.width);
}

Map means_of(const Map& map) {
  Map means(map.batch, 1, 1, map.channels);
  const double count = static_cast<double>(map.height) * map.width;
  for (long p = 0; p < map.pixels(); ++p)
    for (int c = 0; c < map.channels; ++c) means(image_of(map, p), c) += map(p, c) / count;
  return means;
}

// Every value times that of its image.
Map gated(Map map, const Map& factors) {
  for (long p = 0; p < map.pixels(); ++p)
    for (int c = 0; c < map.channels; ++c) map(p, c) *= factors(image_of(map, p), c);
  return map;
}

void batch_statistics(ReferenceUnit& unit) {
  const double count = static_cast<double>(unit.raw.pixels());
  unit.mean.assign(unit.shape.out_channels, 0);
  unit.variance.assign(unit.shape.out_channels, 0);
  for (int c = 0; c < unit.shape.out_channels; ++c) {
    for (long p = 0; p < unit.raw.pixels(); ++p) unit.mean[c] += unit.raw(p, c) / count;
    for (long p = 0; p < unit.raw.pixels(); ++p) {
      const double d = unit.raw(p, c) - unit.mean[c];
      unit.variance[c] += d * d / count;
    }
  }
}

// What a unit's activation is given for a raw value: BatchNorm's, or with the bias.
double before_activation(const ReferenceUnit& unit, double raw, int c) {
  if (!unit.shape.normalized) return raw + unit.beta[c];
  return (raw - unit.mean[c]) / std::sqrt(unit.variance[c] + unit.shape.epsilon) * unit.gamma[c] +
         unit.beta[c];
}

// What a feature quantizer makes of a value, and its slopes: of the value, and of the scale.
struct Quantized {
  double value, slope, scale_slope;
};
Quantized quantize(const Quantizer& q, double x) {
  const bool inside = x > 0 && x < (q.rounding == Rounding::lsq ? q.scale * q.high : q.scale);
  const double slope = inside ? 1 : 0;
  if (q.rounding == Rounding::lsq) {
    const double ratio = std::min(std::max(x / q.scale, 0.0), static_cast<double>(q.high));
    const double level = std::nearbyint(ratio);
    return {level * q.scale, slope, inside ? level - ratio : level};
  }
  const double cut = std::min(std::max(x, 0.0), static_cast<double>(q.scale)), unit = q.scale / q.high;
  return {q.rounding == Rounding::bound ? cut : std::nearbyint(cut / unit) * unit, slope,
          x >= q.scale ? 1.0 : 0.0};
}

// From the gradient behind the activation of a unit to that of its raw output.
void norm_backward(ReferenceUnit& unit, Map& g) {
  const Unit& u = unit.shape;
  const double count = static_cast<double>(unit.raw.pixels());
  unit.gamma_gradient.assign(u.out_channels, 0);
  unit.beta_gradient.assign(u.out_channels, 0);
  unit.gradient_size = 0;
  for (int c = 0; c < u.out_channels; ++c) {
    const double inverse = !u.normalized ? 0 : 1 / std::sqrt(unit.variance[c] + u.epsilon);
    const double mean = !u.normalized ? 0 : unit.mean[c];
    double size = 0;
    for (long p = 0; p < unit.raw.pixels(); ++p) {
      g(p, c) *= activate_slope(u.activation, before_activation(unit, unit.raw(p, c), c));
      unit.beta_gradient[c] += g(p, c);
      unit.gamma_gradient[c] += g(p, c) * (unit.raw(p, c) - mean) * inverse;
      size += std::fabs(g(p, c));
    }
    unit.gradient_size = std::max(unit.gradient_size, size);
    if (!u.normalized) continue;
    for (long p = 0; p < unit.raw.pixels(); ++p) {
      const double normal = (unit.raw(p, c) - mean) * inverse;
      g(p, c) = unit.gamma[c] * inverse *
                (g(p, c) - unit.beta_gradient[c] / count - normal * unit.gamma_gradient[c] / count);
    }
  }
}

}  // namespace

Map reference_forward(std::vector<ReferenceUnit>& units, const Map& input, bool running) {
  Map in = input, ungated;
  for (ReferenceUnit& unit : units) {
    const Unit& u = unit.shape;
    const bool in_gate = &unit != &units[0] && (&unit)[-1].shape.gate;
    if (u.gate && !in_gate) {
      ungated = in;
      in = means_of(in);
    }
    if (in_gate && !u.gate) in = gated(ungated, in);
    unit.read = unit.in = in;
    if (u.quantized)
      for (double& v : unit.in.at) v = quantize(u.quantizer, v).value;
    unit.raw = Map(in.batch, (in.height - 1) / u.stride + 1, (in.width - 1) / u.stride + 1, u.out_channels);
    each_product(u, in, unit.raw, [&](long to, int o, long from, int c, long w) {
      unit.raw(to, o) += unit.in(from, c) * unit.weight[w];
    });
    if (!running && u.normalized) batch_statistics(unit);
    unit.out = unit.raw;
    for (long p = 0; p < unit.raw.pixels(); ++p)
      for (int c = 0; c < u.out_channels; ++c)
        unit.out(p, c) = activate(u.activation, before_activation(unit, unit.raw(p, c), c));
    in = unit.out;
  }
  return in;
}

Map reference_backward(std::vector<ReferenceUnit>& units, const Map& gradient) {
  Map g = gradient, through;  // a gate: the gradient that reaches its input beside it
  for (std::size_t i = units.size(); i-- > 0;) {
    ReferenceUnit& unit = units[i];
    norm_backward(unit, g);
    unit.weight_gradient.assign(unit.weight.size(), 0);
    Map before(unit.in.batch, unit.in.height, unit.in.width, unit.in.channels);
    each_product(unit.shape, unit.in, unit.raw, [&](long to, int o, long from, int c, long w) {
      unit.weight_gradient[w] += g(to, o) * unit.in(from, c);
      before(from, c) += g(to, o) * unit.weight[w];
    });
    unit.scale_gradient = unit.scale_size = 0;
    for (std::size_t v = 0; unit.shape.quantized && v < before.at.size(); ++v) {
      const Quantized of = quantize(unit.shape.quantizer, unit.read.at[v]);
      unit.scale_gradient += before.at[v] * of.scale_slope;
      unit.scale_size += std::fabs(before.at[v] * of.scale_slope);
      before.at[v] *= of.slope;
    }
    g = before;
    if (i > 0 && units[i - 1].shape.gate && !unit.shape.gate) {
      std::size_t first = i - 1;
      while (units[first].shape.gate) --first;
      const Map& x = units[first].out;
      through = gated(g, units[i - 1].out);
      g = Map(x.batch, 1, 1, x.channels);
      for (long p = 0; p < x.pixels(); ++p)
        for (int c = 0; c < x.channels; ++c) g(image_of(x, p), c) += before(p, c) * x(p, c);
    }
    if (unit.shape.gate && !units[i - 1].shape.gate) {
      const double count = static_cast<double>(through.height) * through.width;
      for (long p = 0; p < through.pixels(); ++p)
        for (int c = 0; c < through.channels; ++c) through(p, c) += g(image_of(through, p), c) / count;
      g = through;
    }
  }
  return g;
}

}  // namespace singlepath::cpu::test
