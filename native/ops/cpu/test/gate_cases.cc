// Chains with gates.
#include "gate_cases.h"

#include <utility>

#include "units.h"

namespace singlepath::cpu::test {
namespace {

using A = Activation;

// An inverted residual with squeeze-and-excite behind its depthwise convolution.
std::vector<Unit> gated_block(int in, int hidden, int squeeze, int out, int stride = 1,
                              A activation = A::hswish, A inside = A::relu, A factors = A::hsigmoid) {
  return {pointwise(in, hidden, activation), depthwise(hidden, 3, stride, activation),
          gate(hidden, squeeze, inside), gate(squeeze, hidden, factors), pointwise(hidden, out, A::none)};
}

}  // namespace

void add_gate_cases(std::vector<Case>& all) {
  const auto add = [&](Case c) { all.push_back(std::move(c)); };
  add({"gate", gated_block(16, 48, 16, 24), 3, 6, 6});
  add({"gate, ragged channels", gated_block(12, 51, 7, 19, 2), 5, 7, 9});
  add({"gate, one pixel an image", gated_block(8, 33, 9, 20), 9, 1, 1});
  add({"gate, one image", gated_block(8, 40, 8, 16), 1, 5, 5});
  add({"gate, many images in a panel", gated_block(16, 64, 16, 16), 40, 3, 2});
  add({"gate, many panels an image", gated_block(5, 130, 30, 40), 2, 13, 12});
  add({"gate, residual", gated_block(12, 72, 24, 12), 2, 7, 7, 0, 1, 0, Residual::input});
  add({"gate, other residual and relu", gated_block(12, 40, 8, 20), 2, 5, 4, 0, 1, 0, Residual::other,
       A::relu});
  add({"gate behind a slice", gated_block(10, 24, 8, 16), 2, 5, 5, 1, 2, 3});
#define SINGLEPATH_ROW(name, formula) \
  add({"gate of " #name, gated_block(8, 24, 10, 12, 1, A::name, A::name, A::name), 4, 4, 5});
  SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  Case plain{"gate without parameters", gated_block(12, 40, 8, 20), 3, 6, 5};
  plain.affine = false;
  plain.weight_slack = 5;
  add(plain);
  Case pooled{"gate, pooled", gated_block(12, 40, 8, 20), 3, 4, 4};
  pooled.pooled = true;
  add(pooled);
  Case first{"gate, no gradient of the input", gated_block(3, 20, 8, 9), 2, 6, 6};
  first.input_gradient = false;
  add(first);
  Case single{"gate of one convolution",
              {depthwise(24, 5, 1, A::relu), gate(24, 24, A::sigmoid), pointwise(24, 10)},
              3,
              5,
              5};
  add(single);
  Case twice{"two gates", gated_block(8, 40, 8, 24), 2, 6, 6};
  for (Unit unit : {depthwise(24, 5, 2, A::silu), gate(24, 12, A::silu), gate(12, 20, A::silu),
                    gate(20, 24, A::sigmoid), pointwise(24, 30)})
    twice.units.push_back(unit);
  add(twice);
}

}  // namespace singlepath::cpu::test
