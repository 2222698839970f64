#include "random_chain.h"

#include <cmath>

#include "check.h"

namespace singlepath::cpu::test {

int weight_row(const Unit& u) {
  return u.kernel * u.kernel * (u.convolution == Convolution::depthwise ? 1 : u.in_channels);
}

// Weights are slices of longer rows.
RandomChain random_chain(const Case& test, Storage storage) {
  constexpr float kSlack = 99.f;  // behind the rows
  const std::size_t count = test.units.size();
  RandomChain made;
  made.chain = {storage, test.batch, test.height, test.width, test.units, test.keeps_input};
  made.reference.resize(count);
  made.weights.resize(count), made.gammas.resize(count), made.betas.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    Unit& u = made.chain.units[i];
    ReferenceUnit& reference = made.reference[i];
    const int row = weight_row(u);
    u.weight_stride = row + test.weight_slack;
    made.weights[i].assign(u.out_channels * u.weight_stride, kSlack);
    reference.shape = u;
    for (int o = 0; o < u.out_channels; ++o)
      for (int c = 0; c < row; ++c) {
        const double value = random_value();
        const float w = static_cast<float>(u.weight_step > 0 ? std::nearbyint(3 * value) * u.weight_step
                                                             : value / std::sqrt(row));
        made.weights[i][o * u.weight_stride + c] = w;
        reference.weight.push_back(w);
      }
    u.weight = made.weights[i].data();
    reference.gamma.assign(u.out_channels, 1.0);
    reference.beta.assign(u.out_channels, 0.0);
    if (!test.affine) continue;
    for (int o = 0; o < u.out_channels; ++o) {
      made.gammas[i].push_back(static_cast<float>(1.5 + 0.5 * random_value()));
      made.betas[i].push_back(static_cast<float>(random_value()));
      reference.gamma[o] = made.gammas[i][o];
      reference.beta[o] = made.betas[i][o];
    }
    if (u.normalized) u.gamma = made.gammas[i].data();
    u.beta = made.betas[i].data();
  }
  return made;
}

}  // namespace singlepath::cpu::test
