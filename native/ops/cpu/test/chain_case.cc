#include "chain_case.h"

#include <algorithm>
#include <cmath>

#include "../kernels.h"
#include "check.h"
#include "random_chain.h"

namespace singlepath::cpu::test {
namespace {

// What untouched memory holds: tensors, and the slack behind rows of weight gradients.
constexpr float kUntouched = 7.f, kGradientSlack = 55.f;

Values values_of(const std::vector<float>& floats) {
  return Values(floats.begin(), floats.end());
}

class ChainTest {
 public:
  ChainTest(const Case& test, Storage storage, int threads)
      : test_(test),
        half_(storage == Storage::bfloat16),
        name_(std::string(isa_name()) + " " + std::to_string(threads) + "t " + (half_ ? "bf16 " : "fp32 ") +
              test.name),
        workspace_(threads),
        made_(random_chain(test, storage)),
        chain_(made_.chain),
        reference_(made_.reference),
        count_(test.units.size()),
        in_channels_(test.units.front().in_channels),
        out_channels_(test.units.back().out_channels),
        pass_channels_(test.pass ? in_channels_ : 0),
        in_width_(test.first + (in_channels_ - 1) * test.step + 1 + test.spare),
        out_width_(pass_channels_ + out_channels_ + test.spare),
        map_pixels_(static_cast<double>(output_height(chain_)) * output_width(chain_)),
        in_pixels_(static_cast<long>(test.batch) * test.height * test.width),
        out_pixels_(test.pooled ? test.batch : static_cast<long>(test.batch * map_pixels_)),
        out_storage_(test.pooled ? Storage::float32 : storage),
        x_(storage, in_pixels_, in_width_),
        other_(storage, out_pixels_, out_channels_),
        out_(out_storage_, out_pixels_, out_width_),
        input_(test.batch, test.height, test.width, in_channels_) {
    fill(x_, in_pixels_ * in_width_);
    fill(other_, out_pixels_ * out_channels_);
    input_.at = x_.slice(test.first, test.step, in_channels_);
    for (std::size_t i = 0; i < count_; ++i) {
      const int c = chain_.units[i].out_channels;
      means_.emplace_back(c), variances_.emplace_back(c), unbiased_.emplace_back(c);
    }
    saved_.resize(saved_bytes(chain_) + 64);
  }

  void forward() {
    std::vector<BatchStatistics> statistics(count_);
    for (std::size_t i = 0; i < count_; ++i)
      statistics[i] = {means_[i].data(), variances_[i].data(), unbiased_[i].data()};
    const Map expected = around(reference_forward(reference_, input_, false), &before_post_);
    cpu::forward(chain_, in_view(), out_view(out_), saved_data(), statistics.data(), workspace_);
    compare(expected.at, out_.slice(pass_channels_, 1, out_channels_), "output");
    check_surroundings(out_, "output");
    for (std::size_t i = 0; i < count_; ++i)
      if (chain_.units[i].normalized) check_statistics(i);
  }

  // The same bits without keeping anything.
  void recalibrate() {
    Tensor again(out_storage_, out_pixels_, out_width_);
    std::vector<float> mean(chain_.units.back().out_channels);
    std::vector<BatchStatistics> last(count_);
    last.back().mean = mean.data();
    cpu::recalibrate(chain_, in_view(), out_view(again), last.data(), workspace_);
    check(again.slice(0, 1, out_width_) == out_.slice(0, 1, out_width_) && mean == means_.back(),
          name_ + " recalibration");
  }

  void backward() {
    Tensor dout(out_storage_, out_pixels_, out_width_);
    fill(dout, out_pixels_ * out_width_);
    const Map gradient = chain_gradient(dout.slice(pass_channels_, 1, out_channels_));
    Map expected = reference_backward(reference_, gradient);
    if (test_.residual == Residual::input)
      for (std::size_t i = 0; i < expected.at.size(); ++i) expected.at[i] += gradient.at[i];

    Tensor dx(chain_.storage, in_pixels_, in_width_), dresidual(chain_.storage, out_pixels_, out_channels_);
    ChainGradients outer;
    outer.output = dout.data(pass_channels_);
    outer.output_stride = out_width_;
    if (test_.input_gradient) {
      outer.input = dx.data(test_.first);
      outer.input_stride = in_width_;
      outer.accumulate = test_.accumulate;
    }
    if (test_.pass) {
      outer.pass = dout.data(0);
      outer.pass_input = dx.data(0);
    }
    outer.own_residual = test_.residual == Residual::input;
    if (test_.residual == Residual::other) {
      outer.residual = dresidual.data();
      outer.residual_stride = out_channels_;
    }
    std::vector<UnitGradients> gradients(count_);
    std::vector<std::vector<float>> dw(count_), dgamma(count_), dbeta(count_);
    std::vector<double> dscale(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      const Unit& u = chain_.units[i];
      dw[i].assign(made_.weights[i].size(), kGradientSlack);
      dgamma[i].resize(u.out_channels), dbeta[i].resize(u.out_channels);
      gradients[i] = {dw[i].data(), u.weight_stride, u.gamma ? dgamma[i].data() : nullptr,
                      test_.affine ? dbeta[i].data() : nullptr, u.quantized ? &dscale[i] : nullptr};
    }
    Input read = in_view();
    if (test_.keeps_input) read.data = nullptr;
    cpu::backward(chain_, read, out_view(out_), saved_data(), outer, gradients.data(), workspace_);

    if (test_.input_gradient) check_input_gradient(expected.at, dx, dout);
    if (test_.residual == Residual::other && test_.post != Activation::none)
      compare(gradient.at, dresidual.slice(0, 1, out_channels_), "residual gradient");
    for (std::size_t i = 0; i < count_; ++i)
      check_parameter_gradients(i, dw[i], dgamma[i], dbeta[i], dscale[i]);
  }

  // With other statistics than the batch's.
  void evaluate() {
    std::vector<RunningStatistics> running(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      if (!chain_.units[i].normalized) continue;
      for (std::size_t c = 0; c < means_[i].size(); ++c) {
        means_[i][c] += static_cast<float>(0.1 * random_value());
        variances_[i][c] *= 1.2f;
        reference_[i].mean[c] = means_[i][c];
        reference_[i].variance[c] = variances_[i][c];
      }
      running[i] = {means_[i].data(), variances_[i].data()};
    }
    const Map expected = around(reference_forward(reference_, input_, true), nullptr);
    Tensor out(out_storage_, out_pixels_, out_width_);
    FoldedChain(chain_, running.data()).run(test_.batch, in_view(), out_view(out), workspace_);
    compare(expected.at, out.slice(pass_channels_, 1, out_channels_), "evaluation");
    check_surroundings(out, "evaluation");
  }

 private:
  static void fill(Tensor& tensor, long count) {
    for (long i = 0; i < count; ++i) tensor.set(i, static_cast<float>(random_value()));
  }

  Input in_view() { return {x_.data(test_.first), in_width_, test_.step}; }

  // Passed channels first, then the chain's, then spare ones.
  Output out_view(Tensor& out) {
    Output view;
    view.data = out.data(pass_channels_);
    view.pixel_stride = out_width_;
    view.pooled = test_.pooled;
    view.post = test_.post;
    if (test_.residual == Residual::input) view.residual = in_view();
    if (test_.residual == Residual::other) view.residual = {other_.data(), out_channels_, 1};
    if (test_.pass) {
      view.pass = {x_.data(0), in_width_, 2};
      view.pass_channels = pass_channels_;
      view.pass_data = out.data(0);
    }
    return view;
  }

  void* saved_data() { return saved_.data() + (64 - reinterpret_cast<uintptr_t>(saved_.data()) % 64) % 64; }

  // What surrounds the chain: residual, the activation behind it, pool.
  Map around(const Map& y, Map* before_post) {
    Map result = y;
    for (std::size_t i = 0; i < result.at.size(); ++i) {
      if (test_.residual == Residual::input)
        result.at[i] += input_(static_cast<long>(i) / out_channels_, static_cast<int>(i % out_channels_));
      if (test_.residual == Residual::other) result.at[i] += other_.get(i);
    }
    if (before_post) *before_post = result;
    for (double& v : result.at) v = activate(test_.post, v);
    if (!test_.pooled) return result;
    Map pooled(test_.batch, 1, 1, out_channels_);
    for (std::size_t i = 0; i < result.at.size(); ++i)
      pooled.at[pooled_index(i)] += result.at[i] / map_pixels_;
    return pooled;
  }

  // Of the pooled value that value i of the map goes into.
  std::size_t pooled_index(std::size_t i) const {
    return static_cast<std::size_t>(i / out_channels_ / map_pixels_) * out_channels_ + i % out_channels_;
  }

  // Gradient of the chain's last activation, from that of the output.
  Map chain_gradient(const Values& dout) {
    Map gradient(test_.batch, output_height(chain_), output_width(chain_), out_channels_);
    for (std::size_t i = 0; i < gradient.at.size(); ++i)
      gradient.at[i] = test_.pooled ? dout[pooled_index(i)] / map_pixels_
                                    : dout[i] * activate_slope(test_.post, before_post_.at[i]);
    return gradient;
  }

  // bf16 rounding moves values across the kinks of relu: few outputs change much, but their whole gradient
  // does. So does a value that moves to another level.
  void compare(const Values& expected, const Values& actual, const std::string& what, double scale = 0) {
    const bool gradient = what.find("gradient") != std::string::npos;
    const double loose = (gradient ? 0.15 : 0) + (test_.quantized() ? 0.3 : 0) + 0.02 * count_;
    if (half_)
      check_near(expected, actual, loose, name_ + " " + what, scale);
    else
      check_close(expected, actual, 2e-5, name_ + " " + what, scale);
  }

  // Bounds, passed channels, and channels that are not ours.
  void check_surroundings(Tensor& out, const std::string& what) {
    check(out.guards_intact(), name_ + " bounds of " + what);
    if (test_.pass)
      check(out.slice(0, 1, pass_channels_) == x_.slice(0, 2, pass_channels_), name_ + " passed to " + what);
    const Values spare = out.slice(pass_channels_ + out_channels_, 1, test_.spare);
    check(std::all_of(spare.begin(), spare.end(), [](double v) { return v == kUntouched; }),
          name_ + " channels beside " + what);
  }

  void check_statistics(std::size_t i) {
    const std::string of_unit = " of unit " + std::to_string(i);
    const ReferenceUnit& expected = reference_[i];
    const double n = static_cast<double>(expected.raw.pixels());
    double spread = 0;
    for (double v : expected.variance) spread = std::max(spread, std::sqrt(v));
    compare(expected.mean, values_of(means_[i]), "mean" + of_unit, spread);
    compare(expected.variance, values_of(variances_[i]), "variance" + of_unit);
    Values wide = expected.variance;
    for (double& v : wide) v *= n > 1 ? n / (n - 1) : 1;
    compare(wide, values_of(unbiased_[i]), "unbiased variance" + of_unit);
  }

  void check_input_gradient(const Values& expected, Tensor& dx, Tensor& dout) {
    Values actual = dx.slice(test_.first, test_.step, in_channels_);
    double scale = 0;
    if (test_.accumulate) {
      for (double& v : actual) v -= kUntouched;
      scale = half_ ? kUntouched * std::sqrt(actual.size()) : kUntouched;
    }
    compare(expected, actual, "input gradient", scale);
    check(dx.guards_intact(), name_ + " input gradient bounds");
    if (test_.pass)
      check(dx.slice(0, 2, pass_channels_) == dout.slice(0, 1, pass_channels_), name_ + " passed gradient");
  }

  void check_parameter_gradients(std::size_t i, const std::vector<float>& dw,
                                 const std::vector<float>& dgamma, const std::vector<float>& dbeta,
                                 double dscale) {
    const std::string which = " gradient of unit " + std::to_string(i);
    const Unit& u = chain_.units[i];
    const ReferenceUnit& expected = reference_[i];
    const int row = weight_row(u);
    Values flat;
    bool intact = true;
    for (int o = 0; o < u.out_channels; ++o)
      for (long c = 0; c < u.weight_stride; ++c) {
        const float v = dw[o * u.weight_stride + c];
        if (c < row)
          flat.push_back(v);
        else
          intact = intact && v == kGradientSlack;
      }
    // A single weight a channel scales what BatchNorm rescales: its exact gradient is almost zero.
    compare(expected.weight_gradient, flat, "weight" + which, (row == 1 ? 1 : 1e-2) * expected.gradient_size);
    check(intact, name_ + " weight rows" + which);
    if (u.quantized) compare({expected.scale_gradient}, {dscale}, "quantizer" + which, expected.scale_size);
    if (!test_.affine) return;
    const double scale = (half_ ? 0.3 : 0.1) * expected.gradient_size;
    if (u.gamma) compare(expected.gamma_gradient, values_of(dgamma), "gamma" + which, scale);
    compare(expected.beta_gradient, values_of(dbeta), "beta" + which, scale);
  }

  const Case& test_;
  const bool half_;
  const std::string name_;
  Workspace workspace_;
  RandomChain made_;
  const Chain& chain_;
  std::vector<ReferenceUnit>& reference_;
  const std::size_t count_;
  const int in_channels_, out_channels_, pass_channels_;
  const int in_width_, out_width_;  // channels of the tensors
  const double map_pixels_;         // of one image of the chain's output
  const long in_pixels_, out_pixels_;
  const Storage out_storage_;
  Tensor x_, other_, out_;
  Map input_, before_post_;
  std::vector<std::vector<float>> means_, variances_, unbiased_;
  std::vector<char> saved_;
};

}  // namespace

void run_case(const Case& test, Storage storage, int threads) {
  reseed();
  ChainTest chain(test, storage, threads);
  chain.forward();
  chain.recalibrate();
  chain.backward();
  chain.evaluate();
}

}  // namespace singlepath::cpu::test
