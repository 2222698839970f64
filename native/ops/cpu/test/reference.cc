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

Map reference_forward(std::vector<ReferenceUnit>& units, const Map& input, bool running) {
  const Map* in = &input;
  for (ReferenceUnit& unit : units) {
    const Unit& u = unit.shape;
    unit.raw =
        Map(in->batch, (in->height - 1) / u.stride + 1, (in->width - 1) / u.stride + 1, u.out_channels);
    each_product(u, *in, unit.raw, [&](long to, int o, long from, int c, long w) {
      unit.raw(to, o) += (*in)(from, c) * unit.weight[w];
    });
    const double count = static_cast<double>(unit.raw.pixels());
    if (!running) {
      unit.mean.assign(u.out_channels, 0);
      unit.variance.assign(u.out_channels, 0);
      for (int c = 0; c < u.out_channels; ++c) {
        for (long p = 0; p < unit.raw.pixels(); ++p) unit.mean[c] += unit.raw(p, c) / count;
        for (long p = 0; p < unit.raw.pixels(); ++p) {
          const double d = unit.raw(p, c) - unit.mean[c];
          unit.variance[c] += d * d / count;
        }
      }
    }
    unit.out = unit.raw;
    for (long p = 0; p < unit.raw.pixels(); ++p)
      for (int c = 0; c < u.out_channels; ++c) {
        const double normal = (unit.raw(p, c) - unit.mean[c]) / std::sqrt(unit.variance[c] + u.epsilon);
        unit.out(p, c) = activate(u.activation, normal * unit.gamma[c] + unit.beta[c]);
      }
    in = &unit.out;
  }
  return *in;
}

Map reference_backward(std::vector<ReferenceUnit>& units, const Map& input, const Map& gradient) {
  Map g = gradient;
  for (std::size_t i = units.size(); i-- > 0;) {
    ReferenceUnit& unit = units[i];
    const Unit& u = unit.shape;
    const Map& in = i ? units[i - 1].out : input;
    const double count = static_cast<double>(unit.raw.pixels());
    unit.gamma_gradient.assign(u.out_channels, 0);
    unit.beta_gradient.assign(u.out_channels, 0);
    unit.gradient_size = 0;
    for (int c = 0; c < u.out_channels; ++c) {
      const double inverse = 1 / std::sqrt(unit.variance[c] + u.epsilon);
      double size = 0;
      for (long p = 0; p < unit.raw.pixels(); ++p) {
        const double normal = (unit.raw(p, c) - unit.mean[c]) * inverse;
        g(p, c) *= activate_slope(u.activation, normal * unit.gamma[c] + unit.beta[c]);
        unit.beta_gradient[c] += g(p, c);
        unit.gamma_gradient[c] += g(p, c) * normal;
        size += std::fabs(g(p, c));
      }
      unit.gradient_size = std::max(unit.gradient_size, size);
      for (long p = 0; p < unit.raw.pixels(); ++p) {
        const double normal = (unit.raw(p, c) - unit.mean[c]) * inverse;
        g(p, c) = unit.gamma[c] * inverse *
                  (g(p, c) - unit.beta_gradient[c] / count - normal * unit.gamma_gradient[c] / count);
      }
    }
    unit.weight_gradient.assign(unit.weight.size(), 0);
    Map before(in.batch, in.height, in.width, in.channels);
    each_product(u, in, unit.raw, [&](long to, int o, long from, int c, long w) {
      unit.weight_gradient[w] += g(to, o) * in(from, c);
      before(from, c) += g(to, o) * unit.weight[w];
    });
    g = before;
  }
  return g;
}

}  // namespace singlepath::cpu::test
