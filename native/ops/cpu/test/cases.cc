#include <utility>

#include "chain_case.h"
#include "gate_cases.h"
#include "quantized_cases.h"
#include "units.h"

namespace singlepath::cpu::test {
namespace {

// All chains on channels of a wider tensor once more, as those that keep what they read.
void add_keeping_cases(std::vector<Case>& cases) {
  const std::vector<Case> given = cases;
  for (Case test : given) {
    if (test.step == 1 && test.spare == 0) continue;
    test.name += ", keeping its input";
    test.keeps_input = true;
    cases.push_back(std::move(test));
  }
}

}  // namespace

std::vector<Case> cases() {
  using A = Activation;
  std::vector<Case> all;
  const auto add = [&](Case c) { all.push_back(std::move(c)); };
  add({"pointwise 16-32", {pointwise(16, 32)}, 2, 5, 7});
  add({"pointwise 3-10", {pointwise(3, 10, A::hswish)}, 1, 3, 3});
  add({"pointwise 64-80, several panels", {pointwise(64, 80, A::relu6)}, 3, 12, 12});
  add({"pointwise stride 2", {pointwise(12, 25, A::relu, 2)}, 2, 7, 6});
  add({"pointwise, pointwise stride 2", {pointwise(12, 19), pointwise(19, 6, A::none, 2)}, 2, 5, 5});
  add({"pointwise 640-48", {pointwise(640, 48)}, 2, 3, 3});
  for (int k : {1, 3, 5, 7, 9})
    for (int stride : {1, 2})
      for (int size : {1, 2, 3, 4, 6, 7, 8, 13, 24})
        if (size <= 8 || k > 1)
          add({"depthwise " + std::to_string(k) + " stride " + std::to_string(stride) + " size " +
                   std::to_string(size),
               {depthwise(size > 8 ? 19 : 35, k, stride,
                          k == 3   ? A::relu
                          : k == 5 ? A::hswish
                                   : A::relu6)},
               size == 1  ? 9
               : size > 8 ? 1
                          : 3,
               size,
               size});
  add({"depthwise stride 3", {depthwise(12, 5, 3)}, 2, 10, 8});
  add({"dense 3-16 stride 2",
       {dense(3, 16, 3, 2)},
       2,
       13,
       11,
       0,
       1,
       0,
       Residual::none,
       A::none,
       false,
       false,
       true,
       0,
       false,
       false});
  add({"dense 3-40", {dense(3, 40, 3, 1, A::hswish)}, 2, 12, 15});
  add({"dense 12-25, 5x5", {dense(12, 25, 5, 2)}, 1, 9, 6});
  add({"dense 16-32, batch 1", {dense(16, 32, 3)}, 1, 20, 20});
  add({"dense behind pointwise", {pointwise(10, 6), dense(6, 19, 3, 2, A::none)}, 2, 7, 7, 0, 1, 3});
  // Winograd: maps of more than 64 pixels, odd sizes, tile rows wider than a panel.
  for (const auto& [height, width] : {std::pair{9, 8}, std::pair{13, 11}, std::pair{2, 105}})
    add({"dense 3, winograd " + std::to_string(height) + " x " + std::to_string(width),
         {dense(44, 40, 3)},
         3,
         height,
         width});
  add({"dense 3, winograd twice behind pointwise",
       {pointwise(5, 16), dense(16, 80, 3, 1, A::hswish), dense(80, 19, 3, 1, A::none)},
       2,
       10,
       12});
  add({"resnet basic block, winograd",
       {dense(32, 32, 3), dense(32, 32, 3, 1, A::none)},
       3,
       9,
       10,
       0,
       1,
       0,
       Residual::input,
       A::relu});
  Case slice_of_winograd{
      "dense behind a slice, winograd, accumulating", {dense(16, 33, 3)}, 3, 9, 9, 1, 2, 3};
  slice_of_winograd.accumulate = true;
  slice_of_winograd.weight_slack = 7;
  add(slice_of_winograd);
  // By taps: maps of at most 64 pixels, several panels of several images, odd sizes, parts of blocks.
  for (int stride : {1, 2})
    for (int kernel : {3, 5})
      for (int side : {1, 3, 5, 8})
        add({"dense " + std::to_string(kernel) + " stride " + std::to_string(stride) + ", 48-40, map " +
                 std::to_string(side),
             {dense(kernel == 3 ? 44 : 48, 40, kernel, stride, kernel == 3 ? A::hswish : A::relu)},
             side == 1   ? 200
             : side == 8 ? 4
                         : 23,
             side * stride,
             side * stride - (side > 1 && stride == 1)});
  // Evaluation takes blocks of images: the last one is smaller, but has larger panels.
  add({"dense 3 and a smaller map", {dense(32, 32, 3), depthwise(32, 3, 2)}, 21, 6, 6});
  add({"dense 272-16, two parts of a sum", {dense(272, 16, 3)}, 3, 2, 3});
  add({"dense 3, a block of 4 x 4 in more than one panel",
       {dense(32, 64, 3), dense(64, 80, 3, 2), dense(80, 32, 3, 1, A::none)},
       29,
       7,
       8,
       0,
       1,
       0,
       Residual::none,
       A::none});
  Case slice_of_taps{"dense behind a slice, accumulating", {dense(16, 33, 3)}, 25, 3, 3, 1, 2, 3};
  slice_of_taps.accumulate = true;
  slice_of_taps.weight_slack = 7;
  add(slice_of_taps);
  Case last_of_taps{"dense, pooled", {dense(64, 70, 3)}, 5, 3, 3};
  last_of_taps.pooled = true;
  last_of_taps.affine = false;
  add(last_of_taps);
  add({"resnet basic block, 32 channels",
       {dense(32, 32, 3), dense(32, 32, 3, 1, A::none)},
       7,
       6,
       5,
       0,
       1,
       0,
       Residual::input,
       A::relu});
  add({"resnet basic block",
       {dense(19, 19, 3), dense(19, 19, 3, 1, A::none)},
       2,
       6,
       5,
       0,
       1,
       0,
       Residual::input,
       A::relu});
  add({"resnet, projected shortcut",
       {dense(8, 24, 3, 2), dense(24, 24, 3, 1, A::none)},
       2,
       7,
       7,
       0,
       1,
       0,
       Residual::other,
       A::relu6});
  for (int k : {3, 5, 7}) {
    Case c{"shuffle " + std::to_string(k),
           {pointwise(32, 64), depthwise(64, k), pointwise(64, 32)},
           2,
           6,
           6,
           1,
           2};
    c.pass = true;
    add(c);
    c.name += ", odd channels";
    c.units = {pointwise(19, 25), depthwise(25, k), pointwise(25, 19)};
    c.weight_slack = 5;
    c.affine = k != 5;
    add(c);
    add({"shuffle down " + std::to_string(k),
         {pointwise(16, 51), depthwise(51, k, 2), pointwise(51, 32)},
         2,
         9,
         8,
         0,
         1,
         16});
  }
  Case projection{"projection, accumulating", {depthwise(16, 5, 2), pointwise(16, 16)}, 2, 7, 8, 0, 1, 32};
  projection.accumulate = true;
  add(projection);
  Case xception{"xception",
                {depthwise(25, 3), pointwise(25, 51), depthwise(51, 3), pointwise(51, 51), depthwise(51, 3),
                 pointwise(51, 25)},
                2,
                5,
                5,
                1,
                2};
  xception.pass = true;
  add(xception);
  add({"xception down",
       {depthwise(16, 3, 2), pointwise(16, 32), depthwise(32, 3), pointwise(32, 32), depthwise(32, 3),
        pointwise(32, 48)},
       3,
       8,
       8});
  add({"mbconv",
       {pointwise(12, 72, A::relu6), depthwise(72, 5, 1, A::relu6), pointwise(72, 12, A::none)},
       2,
       7,
       7,
       0,
       1,
       0,
       Residual::input});
#define SINGLEPATH_ROW(name, formula)                                                          \
  add({"mbconv " #name,                                                                        \
       {pointwise(24, 51, A::name), depthwise(51, 3, 2, A::name), pointwise(51, 40, A::none)}, \
       2,                                                                                      \
       7,                                                                                      \
       9});
  SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  add({"slice with step 3", {pointwise(6, 10), depthwise(10, 3)}, 2, 5, 5, 2, 3});
  add({"biased", {biased(pointwise(20, 50, A::hswish))}, 40, 1, 1});
  add({"biased, several panels", {biased(pointwise(64, 80, A::relu6))}, 3, 12, 12, 1, 2, 3});
  add({"biased between others",
       {pointwise(12, 33), biased(pointwise(33, 20, A::silu)), depthwise(20, 3, 2),
        biased(pointwise(20, 9, A::none))},
       3,
       7,
       5});
  Case head{"head", {pointwise(40, 100)}, 5, 3, 3};
  head.pooled = true;
  add(head);
  add_gate_cases(all);
  add_quantized_cases(all);
  add_keeping_cases(all);
  return all;
}

}  // namespace singlepath::cpu::test
