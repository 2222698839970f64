// Every kind of chain, on every instruction set this CPU has and 1 and 2 threads, against the naive
// reference: outputs, statistics, all gradients, evaluation.

#include "../kernels.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>

#include "../chain.h"
#include "../normalise.h"
#include "../sgd.h"
#include "reference.h"

using namespace singlepath;
using namespace singlepath::cpu;
using namespace singlepath::cpu::test;

namespace {

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
  if (ok)
    ++passed;
  else {
    ++failed;
    std::printf("FAILED %s\n", what.c_str());
  }
}

// Error relative to the largest expected value, or to `scale` where that is larger.
void check_close(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                 double scale = 0) {
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::fabs(expected[i] - actual[i]) <= worst)) worst = std::fabs(expected[i] - actual[i]);
    size = std::max(size, std::fabs(expected[i]));
  }
  const double error = worst / std::max({size, scale, 1e-12});
  char number[64];
  std::snprintf(number, sizeof number, ": error %.3g > %.3g", error, tolerance);
  check(expected.size() == actual.size() && error <= tolerance, what + number);
}

// Root mean square error, for bf16: single values may sit on the other side of a relu.
void check_near(const Values& expected, const Values& actual, double tolerance, const std::string& what,
                double scale = 0) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
    size += expected[i] * expected[i];
  }
  error = std::sqrt(error) / std::max({std::sqrt(size), scale, 1e-12});
  char number[64];
  std::snprintf(number, sizeof number, ": error %.3g > %.3g", error, tolerance);
  check(expected.size() == actual.size() && error <= tolerance, what + number);
}

std::mt19937 generator(1);
double random_value() {
  return std::normal_distribution<double>()(generator);
}

float round_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}

// A tensor of the tested storage, [pixel][channels], surrounded by guard values that nobody may touch.
class Tensor {
 public:
  static constexpr int kGuard = 64;
  Tensor(Storage storage, long pixels, int channels, float fill = 7.f)
      : storage_(storage),
        pixels_(pixels),
        channels_(channels),
        memory_((pixels * channels + 2 * kGuard) * storage_bytes(storage)) {
    for (long i = -kGuard; i < pixels * channels + kGuard; ++i) set(i, fill);
  }
  char* data(long element = 0) { return memory_.data() + (kGuard + element) * storage_bytes(storage_); }
  float get(long i) {
    if (storage_ == Storage::float32) {
      float x;
      std::memcpy(&x, data(i), 4);
      return x;
    }
    uint16_t half;
    std::memcpy(&half, data(i), 2);
    const uint32_t bits = static_cast<uint32_t>(half) << 16;
    float x;
    std::memcpy(&x, &bits, 4);
    return x;
  }
  void set(long i, float x) {
    if (storage_ == Storage::float32) {
      std::memcpy(data(i), &x, 4);
      return;
    }
    x = round_bf16(x);
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    const uint16_t half = static_cast<uint16_t>(bits >> 16);
    std::memcpy(data(i), &half, 2);
  }
  // Channels first, first + step, … of all pixels.
  Values slice(int first, int step, int count) {
    Values values;
    for (long p = 0; p < pixels_; ++p)
      for (int c = 0; c < count; ++c) values.push_back(get(p * channels_ + first + c * step));
    return values;
  }
  bool guards_intact(float fill = 7.f) {
    for (long i = 0; i < kGuard; ++i)
      if (get(-1 - i) != fill || get(pixels_ * channels_ + i) != fill) return false;
    return true;
  }

 private:
  Storage storage_;
  long pixels_;
  int channels_;
  std::vector<char> memory_;
};

enum class Residual { none, input, other };

struct Case {
  std::string name;
  std::vector<Unit> units;
  int batch, height, width;
  int first = 0, step = 1;  // slice of the input tensor
  int spare = 0;            // further channels of the input and output tensors
  Residual residual = Residual::none;
  Activation post = Activation::none;
  bool pass = false;  // even channels beside the odd ones
  bool pooled = false;
  bool affine = true;
  int weight_slack = 0;  // weights are a slice of rows this much longer
  bool accumulate = false;
  bool input_gradient = true;
};

Unit unit(Convolution convolution, int in, int out, int kernel, int stride, Activation activation) {
  Unit u;
  u.convolution = convolution;
  u.in_channels = in;
  u.out_channels = out;
  u.kernel = kernel;
  u.stride = stride;
  u.activation = activation;
  return u;
}
Unit pointwise(int in, int out, Activation a = Activation::relu, int stride = 1) {
  return unit(Convolution::pointwise, in, out, 1, stride, a);
}
Unit depthwise(int channels, int kernel, int stride = 1, Activation a = Activation::none) {
  return unit(Convolution::depthwise, channels, channels, kernel, stride, a);
}
Unit dense(int in, int out, int kernel, int stride = 1, Activation a = Activation::relu) {
  return unit(Convolution::dense, in, out, kernel, stride, a);
}

void run_case(const Case& test, Storage storage, int threads) {
  const bool half = storage == Storage::bfloat16;
  const std::string name =
      std::string(isa_name()) + " " + std::to_string(threads) + "t " + (half ? "bf16 " : "fp32 ") + test.name;
  generator.seed(42);
  Workspace workspace(threads);

  Chain chain;
  chain.storage = storage;
  chain.batch = test.batch;
  chain.height = test.height;
  chain.width = test.width;
  chain.units = test.units;
  const int in_channels = test.units.front().in_channels, out_channels = test.units.back().out_channels;
  const std::size_t count = test.units.size();

  // Parameters, as slices of longer rows.
  std::vector<ReferenceUnit> reference(count);
  std::vector<std::vector<float>> weights(count), gammas(count), betas(count);
  for (std::size_t i = 0; i < count; ++i) {
    Unit& u = chain.units[i];
    const int row = u.kernel * u.kernel * (u.convolution == Convolution::depthwise ? 1 : u.in_channels);
    u.weight_stride = row + test.weight_slack;
    weights[i].assign(u.out_channels * u.weight_stride, 99.f);
    reference[i].shape = u;
    for (int o = 0; o < u.out_channels; ++o)
      for (int c = 0; c < row; ++c) {
        const float w = static_cast<float>(random_value() / std::sqrt(row));
        weights[i][o * u.weight_stride + c] = w;
        reference[i].weight.push_back(w);
      }
    u.weight = weights[i].data();
    reference[i].gamma.assign(u.out_channels, 1.0);
    reference[i].beta.assign(u.out_channels, 0.0);
    if (test.affine) {
      for (int o = 0; o < u.out_channels; ++o) {
        gammas[i].push_back(static_cast<float>(1.5 + 0.5 * random_value()));
        betas[i].push_back(static_cast<float>(random_value()));
        reference[i].gamma[o] = gammas[i][o];
        reference[i].beta[o] = betas[i][o];
      }
      u.gamma = gammas[i].data();
      u.beta = betas[i].data();
    }
  }
  const int out_height = output_height(chain), out_width = output_width(chain);
  const long in_pixels = static_cast<long>(test.batch) * test.height * test.width;
  const long out_pixels = test.pooled ? test.batch : static_cast<long>(test.batch) * out_height * out_width;

  // Input tensor and its slice.
  const int pass_channels = test.pass ? in_channels : 0;
  const int in_width = test.first + (in_channels - 1) * test.step + 1 + test.spare;
  Tensor x(storage, in_pixels, in_width);
  Map input(test.batch, test.height, test.width, in_channels);
  for (long i = 0; i < in_pixels * in_width; ++i) x.set(i, static_cast<float>(random_value()));
  input.at = x.slice(test.first, test.step, in_channels);

  // Output tensor: passed channels first, then ours.
  const Storage out_storage = test.pooled ? Storage::float32 : storage;
  const int out_tensor_width = pass_channels + out_channels + test.spare;
  Tensor out(out_storage, out_pixels, out_tensor_width);
  Tensor other(storage, out_pixels, out_channels);
  for (long i = 0; i < out_pixels * out_channels; ++i) other.set(i, static_cast<float>(random_value()));
  const Input in_view{x.data(test.first), in_width, test.step};
  Output out_view;
  out_view.data = out.data(pass_channels);
  out_view.pixel_stride = out_tensor_width;
  out_view.pooled = test.pooled;
  out_view.post = test.post;
  if (test.residual == Residual::input) out_view.residual = in_view;
  if (test.residual == Residual::other) out_view.residual = {other.data(), out_channels, 1};
  if (test.pass) {
    out_view.pass = {x.data(0), in_width, 2};
    out_view.pass_channels = pass_channels;
    out_view.pass_data = out.data(0);
  }

  // Reference of what surrounds the chain.
  const auto around = [&](const Map& y, Map* before_post) {
    Map result = y;
    for (std::size_t i = 0; i < result.at.size(); ++i) {
      const long p = static_cast<long>(i) / out_channels;
      const int c = static_cast<int>(i % out_channels);
      if (test.residual == Residual::input) result.at[i] += input(p, c);
      if (test.residual == Residual::other) result.at[i] += other.get(i);
    }
    if (before_post) *before_post = result;
    for (double& v : result.at) v = activate(test.post, v);
    if (!test.pooled) return result;
    Map pooled(test.batch, 1, 1, out_channels);
    const double pixels = static_cast<double>(out_height) * out_width;
    for (std::size_t i = 0; i < result.at.size(); ++i)
      pooled(static_cast<long>(i / out_channels / pixels), static_cast<int>(i % out_channels)) +=
          result.at[i] / pixels;
    return pooled;
  };

  // bf16 rounding moves values across the kinks of relu: few outputs change much, but their whole gradient
  // does.
  const double tolerance = 2e-5;
  const auto compare = [&](const Values& expected, const Values& actual, const std::string& what,
                           double scale = 0) {
    const double loose = what.find("gradient") == std::string::npos ? 0.02 * count : 0.15 + 0.02 * count;
    if (half)
      check_near(expected, actual, loose, name + " " + what, scale);
    else
      check_close(expected, actual, tolerance, name + " " + what, scale);
  };

  // Forward.
  std::vector<std::vector<float>> means(count), variances(count), unbiased(count);
  std::vector<BatchStatistics> statistics(count);
  for (std::size_t i = 0; i < count; ++i) {
    const int c = chain.units[i].out_channels;
    means[i].resize(c), variances[i].resize(c), unbiased[i].resize(c);
    statistics[i] = {means[i].data(), variances[i].data(), unbiased[i].data()};
  }
  std::vector<char> saved(saved_bytes(chain) + 64);
  char* saved_data = saved.data() + (64 - reinterpret_cast<uintptr_t>(saved.data()) % 64) % 64;
  Map before_post;
  const Map expected = around(reference_forward(reference, input, false), &before_post);
  forward(chain, in_view, out_view, saved_data, statistics.data(), workspace);
  compare(expected.at, out.slice(pass_channels, 1, out_channels), "output");
  check(out.guards_intact(), name + " output bounds");
  for (std::size_t i = 0; i < count; ++i) {
    const double n = static_cast<double>(reference[i].raw.pixels());
    double spread = 0;
    for (double v : reference[i].variance) spread = std::max(spread, std::sqrt(v));
    compare(reference[i].mean, Values(means[i].begin(), means[i].end()), "mean of unit " + std::to_string(i),
            spread);
    compare(reference[i].variance, Values(variances[i].begin(), variances[i].end()),
            "variance of unit " + std::to_string(i));
    Values wide = reference[i].variance;
    for (double& v : wide) v *= n > 1 ? n / (n - 1) : 1;
    compare(wide, Values(unbiased[i].begin(), unbiased[i].end()),
            "unbiased variance of unit " + std::to_string(i));
  }
  if (test.pass)
    check(out.slice(0, 1, pass_channels) == x.slice(0, 2, pass_channels), name + " passed channels");
  if (test.spare) {
    bool intact = true;
    for (double v : out.slice(pass_channels + out_channels, 1, test.spare)) intact = intact && v == 7.0;
    check(intact, name + " neighbouring channels");
  }

  // Recalibration: the same bits without keeping anything.
  {
    Tensor again(out_storage, out_pixels, out_tensor_width);
    Output view = out_view;
    view.data = again.data(pass_channels);
    if (test.pass) view.pass_data = again.data(0);
    std::vector<float> mean(chain.units.back().out_channels);
    std::vector<BatchStatistics> last(count);
    last.back().mean = mean.data();
    recalibrate(chain, in_view, view, last.data(), workspace);
    check(again.slice(0, 1, out_tensor_width) == out.slice(0, 1, out_tensor_width) && mean == means.back(),
          name + " recalibration");
  }

  // Backward.
  Tensor dout(out_storage, out_pixels, out_tensor_width);
  for (long i = 0; i < out_pixels * out_tensor_width; ++i) dout.set(i, static_cast<float>(random_value()));
  Map gradient(test.batch, out_height, out_width, out_channels);
  const Values dslice = dout.slice(pass_channels, 1, out_channels);
  for (std::size_t i = 0; i < gradient.at.size(); ++i) {
    const double pixels = static_cast<double>(out_height) * out_width;
    if (test.pooled)
      gradient.at[i] =
          dslice[static_cast<long>(i / out_channels / pixels) * out_channels + i % out_channels] / pixels;
    else
      gradient.at[i] = dslice[i] * activate_slope(test.post, before_post.at[i]);
  }
  Map expected_dx = reference_backward(reference, input, gradient);
  if (test.residual == Residual::input)
    for (std::size_t i = 0; i < expected_dx.at.size(); ++i) expected_dx.at[i] += gradient.at[i];

  Tensor dx(storage, in_pixels, in_width);
  Tensor dresidual(storage, out_pixels, out_channels);
  ChainGradients outer;
  outer.output = dout.data(pass_channels);
  outer.output_stride = out_tensor_width;
  if (test.input_gradient) {
    outer.input = dx.data(test.first);
    outer.input_stride = in_width;
    outer.accumulate = test.accumulate;
  }
  if (test.pass) {
    outer.pass = dout.data(0);
    outer.pass_input = dx.data(0);
  }
  if (test.residual == Residual::other) {
    outer.residual = dresidual.data();
    outer.residual_stride = out_channels;
  }
  std::vector<UnitGradients> unit_gradients(count);
  std::vector<std::vector<float>> dw(count), dgamma(count), dbeta(count);
  for (std::size_t i = 0; i < count; ++i) {
    dw[i].assign(weights[i].size(), 55.f);
    dgamma[i].resize(chain.units[i].out_channels);
    dbeta[i].resize(chain.units[i].out_channels);
    unit_gradients[i] = {dw[i].data(), chain.units[i].weight_stride, test.affine ? dgamma[i].data() : nullptr,
                         test.affine ? dbeta[i].data() : nullptr};
  }
  backward(chain, in_view, out_view, saved_data, outer, unit_gradients.data(), workspace);
  if (test.input_gradient) {
    Values actual = dx.slice(test.first, test.step, in_channels);
    if (test.accumulate)
      for (double& v : actual) v -= 7.0;
    compare(expected_dx.at, actual, "input gradient",
            test.accumulate ? (half ? 7.0 * std::sqrt(actual.size()) : 7.0) : 0);
    check(dx.guards_intact(), name + " input gradient bounds");
    if (test.pass)
      check(dx.slice(0, 2, pass_channels) == dout.slice(0, 1, pass_channels), name + " passed gradient");
  }
  if (test.residual == Residual::other && test.post != Activation::none)
    compare(gradient.at, dresidual.slice(0, 1, out_channels), "residual gradient");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string which = " gradient of unit " + std::to_string(i);
    Values flat;
    bool intact = true;
    const Unit& u = chain.units[i];
    for (int o = 0; o < u.out_channels; ++o)
      for (long c = 0; c < u.weight_stride; ++c) {
        const float v = dw[i][o * u.weight_stride + c];
        if (c < u.weight_stride - test.weight_slack)
          flat.push_back(v);
        else
          intact = intact && v == 55.f;
      }
    // A single weight a channel scales what BatchNorm rescales: its exact gradient is almost zero.
    const bool single = u.weight_stride - test.weight_slack == 1;
    compare(reference[i].weight_gradient, flat, "weight" + which,
            (single ? 1 : 1e-2) * reference[i].gradient_size);
    check(intact, name + " weight rows" + which);
    if (!test.affine) continue;
    const double scale = (half ? 0.3 : 0.1) * reference[i].gradient_size;
    compare(reference[i].gamma_gradient, Values(dgamma[i].begin(), dgamma[i].end()), "gamma" + which, scale);
    compare(reference[i].beta_gradient, Values(dbeta[i].begin(), dbeta[i].end()), "beta" + which, scale);
  }

  // Evaluation with other statistics.
  std::vector<RunningStatistics> running(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t c = 0; c < means[i].size(); ++c) {
      means[i][c] += static_cast<float>(0.1 * random_value());
      variances[i][c] *= 1.2f;
      reference[i].mean[c] = means[i][c];
      reference[i].variance[c] = variances[i][c];
    }
    running[i] = {means[i].data(), variances[i].data()};
  }
  const Map evaluated = around(reference_forward(reference, input, true), nullptr);
  Tensor eval_out(out_storage, out_pixels, out_tensor_width);
  Output view = out_view;
  view.data = eval_out.data(pass_channels);
  if (test.pass) view.pass_data = eval_out.data(0);
  FoldedChain(chain, running.data()).run(test.batch, in_view, view, workspace);
  compare(evaluated.at, eval_out.slice(pass_channels, 1, out_channels), "evaluation");
  if (test.pass)
    check(eval_out.slice(0, 1, pass_channels) == x.slice(0, 2, pass_channels), name + " evaluation, passed");
  check(eval_out.guards_intact(), name + " evaluation bounds");
}

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
  add({"mbconv hswish",
       {pointwise(24, 51, A::hswish), depthwise(51, 3, 2, A::hswish), pointwise(51, 40, A::none)},
       2,
       7,
       9});
  add({"slice with step 3", {pointwise(6, 10), depthwise(10, 3)}, 2, 5, 5, 2, 3});
  Case head{"head", {pointwise(40, 100)}, 5, 3, 3};
  head.pooled = true;
  add(head);
  return all;
}

void test_sgd() {
  Workspace workspace(2);
  for (bool nesterov : {false, true}) {
    const long rows = 37, columns = 23, stride = 30;
    std::vector<float> p(rows * stride), g(rows * columns), m(rows * stride);
    for (float& v : p) v = static_cast<float>(random_value());
    for (float& v : g) v = static_cast<float>(random_value());
    for (float& v : m) v = static_cast<float>(random_value());
    Values ep(p.begin(), p.end()), em(m.begin(), m.end());
    for (long r = 0; r < rows; ++r)
      for (long c = 0; c < columns; ++c) {
        const long i = r * stride + c;
        const double grad = g[r * columns + c] + 0.01 * ep[i];
        em[i] = 0.9 * em[i] + grad;
        ep[i] -= 0.1 * (nesterov ? grad + 0.9 * em[i] : em[i]);
      }
    std::vector<float> p2(100, 1.f), g2(100, 2.f), m2(100, 0.f);
    SgdSpan sliced{p.data(), g.data(), m.data(), rows, columns, stride, columns, 0.01f};
    SgdSpan plain{p2.data(), g2.data(), m2.data(), 1, 100, 100, 100, 0.f};
    sgd_step({sliced, plain}, {0.1f, 0.9f, nesterov}, workspace);
    const std::string name = std::string(isa_name()) + " sgd" + (nesterov ? " nesterov" : "");
    check_close(ep, Values(p.begin(), p.end()), 1e-6, name + " parameters");
    check_close(em, Values(m.begin(), m.end()), 1e-6, name + " momentum");
    check(std::fabs(p2[99] - (1 - 0.1 * 2 * (nesterov ? 1.9 : 1))) < 1e-6, name + " second span");
  }
}

void test_normalise() {
  Workspace workspace(2);
  for (int channels : {1, 3, 5})
    for (Storage storage : {Storage::float32, Storage::bfloat16}) {
      const long pixels = 1037;
      std::vector<uint8_t> bytes(pixels * channels);
      for (uint8_t& b : bytes) b = static_cast<uint8_t>(generator());
      const float mean[] = {0.485f, 0.456f, 0.406f, 0.1f, 0.f},
                  deviation[] = {0.229f, 0.224f, 0.225f, 0.5f, 1.f};
      Tensor out(storage, pixels, channels);
      normalise(bytes.data(), pixels, channels, mean, deviation, storage, out.data(), workspace);
      Values expected;
      for (long i = 0; i < pixels * channels; ++i)
        expected.push_back((bytes[i] / 255.0 - mean[i % channels]) / deviation[i % channels]);
      check_close(expected, out.slice(0, 1, channels), storage == Storage::float32 ? 1e-6 : 4e-3,
                  std::string(isa_name()) + " normalise " + std::to_string(channels));
      check(out.guards_intact(), std::string(isa_name()) + " normalise bounds");
    }
}

void test_threads() {
  for (int threads : {1, 2, 3, 7})
    for (long count : {0L, 1L, 5L, 64L, 1000L}) {
      long next = 0;
      bool ordered = true;
      for (int t = 0; t < threads; ++t) {
        const WorkRange r = partition(count, 3, t, threads);
        ordered = ordered && r.begin == next && r.end >= r.begin;
        next = r.end;
      }
      check(ordered && next == count, "partition covers everything once");
    }
  ThreadPool pool(4);
  long sum = 0;
  std::vector<long> parts(4);
  for (int round = 0; round < 1000; ++round) {
    pool.parallel_for(100, 1, [&](long begin, long end, int thread) { parts[thread] += end - begin; });
    if (round == 500) pool.set_threads(3);
  }
  for (long p : parts) sum += p;
  check(sum == 100000, "thread pool runs every item");
}

void test_errors() {
  Chain chain;
  chain.batch = chain.height = chain.width = 2;
  float w[64] = {};
  chain.units = {pointwise(4, 4), pointwise(5, 4)};
  for (Unit& u : chain.units) u.weight = w, u.weight_stride = u.in_channels;
  std::string message;
  try {
    saved_bytes(chain);
  } catch (const std::invalid_argument& e) {
    message = e.what();
  }
  check(message == "unit 1 of the chain: expected 4 input channels but received 5",
        "error for a chain that does not fit: " + message);
  message.clear();
  try {
    select_kernels("avx1024");
  } catch (const std::runtime_error& e) {
    message = e.what();
  }
  check(message.find("avx1024") != std::string::npos, "error for an unknown instruction set");
}

}  // namespace

// Arguments: a part of the names of the cases to run (all without).
int main(int argc, char** argv) {
  const std::string filter = argc > 1 ? argv[1] : "";
  test_threads();
  test_errors();
  for (const char* const* isa = available_isas(); *isa; ++isa) {
    select_kernels(*isa);
    const int before = failed;
    test_sgd();
    test_normalise();
    for (const Case& test : cases()) {
      if (test.name.find(filter) == std::string::npos) continue;
      for (int threads : {1, 2})
        for (Storage storage : {Storage::float32, Storage::bfloat16}) run_case(test, storage, threads);
    }
    std::printf("%s: %s\n", *isa, failed == before ? "ok" : "failures");
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
