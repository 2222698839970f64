// Every kind of chain, on every instruction set this CPU has and 1, 2 and 3 threads, against the naive
// reference; the optimizer's step, normalizing, quantizers, threads and errors. test/native/programs.test.ts
// builds and runs it.
#include "../kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include "../chain.h"
#include "../normalize.h"
#include "../sgd.h"
#include "../tap_kernels.h"
#include "chain_case.h"
#include "check.h"
#include "levels_test.h"
#include "quantize_test.h"
#include "repeat_test.h"
#include "units.h"

using namespace singlepath;
using namespace singlepath::cpu;
using namespace singlepath::cpu::test;

namespace {

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

// Evaluation reserves memory for its blocks of images; the last block may be smaller, and its panels larger.
void test_tap_memory() {
  bool enough = true;
  for (int side = 1; side <= 8; ++side)
    for (int batch = 1; batch <= 200; ++batch) {
      TapForward task{};
      task.input.channels = 32;
      task.outputs = 32;
      task.geometry = {{batch, side, side, side, side, 3, 1}};
      const long reserved = task.scratch_floats();
      for (task.geometry.batch = 1; task.geometry.batch <= batch; ++task.geometry.batch) {
        const TapGeometry& g = task.geometry;
        const long used = (g.in_rows() + 1L) * task.channels() + (g.rows() + kPanelStep) * (32L + kTapBlock) +
                          static_cast<long>(g.rows()) * task.outputs + 2L * task.outputs;
        enough = enough && used <= reserved;
      }
    }
  check(enough, "memory of taps for every batch up to the one it was reserved for");
}

// Strides beyond the map make no more columns than the map has: memory behind that asked for stays as it is.
void test_depthwise_memory() {
  constexpr int kSide = 4, kKernel = 3;
  constexpr float kGuard = 7.f;
  constexpr std::size_t kBehind = 1 << 16;
  const std::vector<float> zeros(kGroup), values(kSide * kSide * kGroup, 1.f);
  std::vector<float> filters(kKernel * kKernel * kGroup, 1.f), gradient(filters.size()), dx(values.size());
  for (int stride : {3, 50, 500}) {
    const int out = (kSide - 1) / stride + 1;
    DepthwiseBackward task{};
    task.geometry = {1, kSide, kSide, out, out, kKernel, stride};
    task.channels = kGroup;
    task.input = {values.data(), kGroup, 1, kGroup, nullptr, nullptr, Activation::none};
    task.output = {values.data(), kGroup,        kGroup,       Activation::none, nullptr,
                   nullptr,       values.data(), zeros.data(), zeros.data(),     zeros.data()};
    task.weights = filters.data();
    task.weight_gradient = gradient.data();
    task.sink.external = true;
    task.sink.data = dx.data();
    task.sink.pixel_stride = task.sink.channels = kGroup;
    task.sink.channel_step = 1;
    const auto reserved = static_cast<std::size_t>(task.scratch_floats());
    std::vector<float> scratch(reserved + kBehind, kGuard);
    std::vector<double> sums(2 * kGroup);
    kernels().float32.depthwise_backward(task, 0, task.items(), scratch.data(), sums.data());
    check(
        std::all_of(scratch.begin() + static_cast<long>(reserved), scratch.end(),
                    [](float value) { return value == kGuard; }),
        std::string(isa_name()) + " memory of a depthwise convolution with stride " + std::to_string(stride));
  }
}

// Variances of large maps far from 0, where floats added up for long lose what makes the variance.
void test_far_from_zero() {
  constexpr int kSide = 96, kChannels = 16, kBatch = 2;
  constexpr long kPixels = static_cast<long>(kBatch) * kSide * kSide;
  constexpr double kFar = 100;
  const std::vector<float> ones(kChannels, 1.f);
  Unit unit = depthwise(kChannels, 1);
  unit.weight = ones.data();
  unit.weight_stride = 1;
  Tensor x(Storage::float32, kPixels, kChannels), out(Storage::float32, kPixels, kChannels);
  for (long i = 0; i < kPixels * kChannels; ++i) x.set(i, static_cast<float>(kFar + random_value()));
  Values mean(kChannels), expected(kChannels);
  for (long i = 0; i < kPixels * kChannels; ++i) mean[i % kChannels] += x.get(i) / kPixels;
  for (long i = 0; i < kPixels * kChannels; ++i)
    expected[i % kChannels] += std::pow(x.get(i) - mean[i % kChannels], 2) / kPixels;
  std::vector<float> variance(kChannels);
  BatchStatistics statistics{nullptr, variance.data(), nullptr};
  Output output;
  output.data = out.data();
  output.pixel_stride = kChannels;
  Workspace workspace(2);
  recalibrate({Storage::float32, kBatch, kSide, kSide, {unit}}, {x.data(), kChannels, 1}, output, &statistics,
              workspace);
  check_close(expected, Values(variance.begin(), variance.end()), 3e-3,
              std::string(isa_name()) + " variance of a large map far from 0");
}

void test_normalize() {
  Workspace workspace(2);
  for (int channels : {1, 3, 5})
    for (Storage storage : {Storage::float32, Storage::bfloat16}) {
      const long pixels = 1037;
      std::vector<uint8_t> bytes(pixels * channels);
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(37 * i);
      const float mean[] = {0.485f, 0.456f, 0.406f, 0.1f, 0.f},
                  deviation[] = {0.229f, 0.224f, 0.225f, 0.5f, 1.f};
      Tensor out(storage, pixels, channels);
      normalize(bytes.data(), pixels, channels, mean, deviation, storage, out.data(), workspace);
      Values expected;
      for (long i = 0; i < pixels * channels; ++i)
        expected.push_back((bytes[i] / 255.0 - mean[i % channels]) / deviation[i % channels]);
      check_close(expected, out.slice(0, 1, channels), storage == Storage::float32 ? 1e-6 : 4e-3,
                  std::string(isa_name()) + " normalize " + std::to_string(channels));
      check(out.guards_intact(), std::string(isa_name()) + " normalize bounds");
    }
}

void test_errors() {
  Chain chain;
  chain.batch = chain.height = chain.width = 2;
  float w[64] = {};
  Unit fits;
  fits.in_channels = fits.out_channels = 4;
  Unit odd = fits;
  odd.in_channels = 5;
  chain.units = {fits, odd};
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
  test_errors();
  for (const char* const* isa = available_isas(); *isa; ++isa) {
    select_kernels(*isa);
    const int before = tally().failed;
    test_sgd();
    test_tap_memory();
    test_depthwise_memory();
    test_far_from_zero();
    test_normalize();
    test_quantize();
    test_levels();
    test_repeat();
    for (const Case& test : cases()) {
      if (test.name.find(filter) == std::string::npos) continue;
      for (int threads : {1, 2, 3})
        for (Storage storage : {Storage::float32, Storage::bfloat16}) run_case(test, storage, threads);
    }
    std::printf("%s: %s\n", *isa, tally().failed == before ? "ok" : "failures");
  }
  std::printf("%d passed, %d failed\n", tally().passed, tally().failed);
  return tally().failed ? 1 : 0;
}
