// The kernels of batch_norm.cu on the CPU, laid out as on a card, against sums in double precision. Compiled
// once for each BFLOAT16, WIDTH and ACTIVATION by test/native/programs.test.ts.
#include <cstdio>
#include <random>
#include <string>
#include <type_traits>

#include "core/activation.h"
#include "core/test/check.h"
#include "ops/cuda/launches.h"
#include "ops/cuda/test/emulated_card.h"

enum {
#define SINGLEPATH_ROW(name, formula) ACTIVATION_##name = static_cast<int>(singlepath::Activation::name),
  SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
};

#include "ops/cuda/batch_norm.cu"

using singlepath::check;
using namespace singlepath::cuda;

namespace {

// A launch runs here. Its arguments must have the types of the kernel's parameters, as on a card, where
// nothing converts them.
struct OnCpu {
  template <typename... Arguments>
  void operator()(const std::string& name, const Launch& shape, Arguments... arguments) const {
    bool found = false;
#define SINGLEPATH_KERNEL(kernel)                                                           \
  if constexpr (std::is_same_v<decltype(&kernel), void (*)(Arguments...)>) {                \
    if (name == #kernel) emulated::run(shape, [&] { kernel(arguments...); }), found = true; \
  }
    SINGLEPATH_KERNEL(batch_norm_forward)
    SINGLEPATH_KERNEL(batch_norm_backward)
    SINGLEPATH_KERNEL(batch_norm_moments)
    SINGLEPATH_KERNEL(batch_norm_gradients)
    SINGLEPATH_KERNEL(batch_norm_finish_moments)
    SINGLEPATH_KERNEL(batch_norm_finish_gradients)
    SINGLEPATH_KERNEL(batch_norm_apply)
    SINGLEPATH_KERNEL(batch_norm_apply_gradients)
#undef SINGLEPATH_KERNEL
    check(found, ("no kernel " + name + " takes these arguments").c_str());
  }
};

constexpr float kEps = 1e-3f, kMomentum = 0.3f;
constexpr double kExact = 2e-5, kRounded = BFLOAT16 ? 6e-3 : kExact;
constexpr float kUnwritten = 77;

double value_at(double z) {
  switch (ACTIVATION) {
#define SINGLEPATH_ROW(name, formula) \
  case ACTIVATION_##name:             \
    return formula;
    SINGLEPATH_ACTIVATIONS(SINGLEPATH_ROW)
#undef SINGLEPATH_ROW
  }
  return z;
}

double slope_at(double z) {
  constexpr double kStep = 1e-6;
  return (value_at(z + kStep) - value_at(z - kStep)) / (2 * kStep);
}

// Of one network: rows x channels, the gradient `dy_stride` values from row to row.
struct Case {
  long rows;
  int channels;
  bool once, affine;
  float mean, momentum;
};

struct Test {
  explicit Test(const Case& own)
      : own(own),
        dy_stride(own.channels + 3 * WIDTH),
        layout(own.rows, own.channels, WIDTH, sizeof(Value), own.once, /*processors=*/3),
        random(7) {
    const size_t count = own.rows * own.channels;
    x.resize(count);
    dy.assign(own.rows * dy_stride, narrow(kUnwritten));
    y = dx = std::vector<Value>(count, narrow(kUnwritten));
    std::normal_distribution<float> normal;
    for (int c = 0; c < own.channels; ++c) {
      gamma.push_back(own.affine ? 1.5f + normal(random) / 4 : 1);
      beta.push_back(own.affine ? normal(random) : 0);
    }
    for (long r = 0; r < own.rows; ++r) {
      for (int c = 0; c < own.channels; ++c) {
        x[r * own.channels + c] = narrow(own.mean + (1 + c % 3) * normal(random));
        dy[r * dy_stride + c] = narrow(normal(random) + 0.2f);
      }
    }
    for (auto* floats : {&mean, &variance, &dgamma, &dbeta}) floats->assign(own.channels, kUnwritten);
    running_mean.assign(own.channels, own.momentum == 1 ? NAN : 0.5f);
    running_var.assign(own.channels, own.momentum == 1 ? NAN : 2.0f);
  }

  void forward() {
    std::vector<float> partial(moment_pieces(layout) * 2 * own.channels, NAN);
    launch_train(OnCpu(), layout, normed(), y.data(), mean.data(), variance.data(),
                 {running_mean.data(), running_var.data(), own.momentum}, partial.data());
  }
  void evaluate() { launch_evaluate(OnCpu(), layout, normed(), y.data()); }
  void backward() {
    std::vector<float> partial(gradient_pieces(layout) * 2 * own.channels, NAN), means(2 * own.channels, NAN);
    const NormGradients<Value> out{dy.data(), dy_stride, dx.data(), dgamma.data(), dbeta.data()};
    launch_backward(OnCpu(), layout, normed(), out, partial.data(), means.data());
  }

  void run() {
    forward();
    clear_kinks();
    backward();
    Errors y_error, dx_error, statistics, running, parameters;
    for (int c = 0; c < own.channels; ++c) {
      double sum = 0, squares = 0, first = 0, second = 0;
      for (long r = 0; r < own.rows; ++r) sum += widen(x[r * own.channels + c]);
      const double center = sum / own.rows;
      for (long r = 0; r < own.rows; ++r) squares += std::pow(widen(x[r * own.channels + c]) - center, 2);
      const double var = squares / own.rows, deviation = std::sqrt(var + kEps);
      statistics.add((mean[c] - center) / deviation, 1);
      statistics.add(variance[c] - var, var);
      const double move = own.momentum, unbiased = squares / (own.rows - 1);
      running.add((running_mean[c] - (move == 1 ? center : 0.5 + move * (center - 0.5))) / deviation, 1);
      running.add(running_var[c] - (move == 1 ? unbiased : 2 + move * (unbiased - 2)), unbiased);
      const auto dz = [&](long r, double normal) {
        return widen(dy[r * dy_stride + c]) * slope_at(normal * gamma[c] + beta[c]);
      };
      const auto normal = [&](long r) { return (widen(x[r * own.channels + c]) - center) / deviation; };
      for (long r = 0; r < own.rows; ++r) {
        first += dz(r, normal(r));
        second += dz(r, normal(r)) * normal(r);
      }
      parameters.add(dgamma[c] - second, std::sqrt(own.rows));
      parameters.add(dbeta[c] - first, std::sqrt(own.rows));
      for (long r = 0; r < own.rows; ++r) {
        const double expected_y = value_at(normal(r) * gamma[c] + beta[c]);
        const double expected_dx =
            gamma[c] / deviation * (dz(r, normal(r)) - first / own.rows - normal(r) * second / own.rows);
        y_error.add(widen(y[r * own.channels + c]) - expected_y, expected_y);
        // Beside what it is the rest of: of few rows it is next to nothing.
        dx_error.add(widen(dx[r * own.channels + c]) - expected_dx, gamma[c] / deviation * dz(r, normal(r)));
      }
    }
    expect(statistics, 1e-4, "mean and variance");
    expect(running, 1e-4, "running averages");
    expect(parameters, 1e-4, "gradients of gamma and beta");
    expect(y_error, kRounded, "output");
    expect(dx_error, kRounded, "gradient of the input");

    const std::vector<Value> trained = y;
    evaluate();
    check(std::memcmp(trained.data(), y.data(), y.size() * sizeof(Value)) == 0,
          "given statistics of the batch itself, the output has the same bits");
  }

 private:
  struct Errors {
    double squares = 0, norm = 0;
    void add(double error, double size) {
      squares += error * error;
      norm += size * size;
    }
  };

  // No gradient where rounding decides on which side of a kink a value lies.
  void clear_kinks() {
    for (long r = 0; r < own.rows; ++r) {
      for (int c = 0; c < own.channels; ++c) {
        const float deviation = std::sqrt(variance[c] + kEps);
        const float z = (widen(x[r * own.channels + c]) - mean[c]) / deviation * gamma[c] + beta[c];
        for (const float kink : {-3.0f, 0.0f, 3.0f, 6.0f}) {
          if (std::abs(z - kink) < 1e-3f) dy[r * dy_stride + c] = narrow(0);
        }
      }
    }
  }

  Normed<Value> normed() const {
    return {x.data(),
            own.affine ? gamma.data() : nullptr,
            own.affine ? beta.data() : nullptr,
            mean.data(),
            variance.data(),
            kEps};
  }

  void expect(const Errors& errors, double limit, const char* what) const {
    const double relative = std::sqrt(errors.squares / errors.norm);
    const std::string text = std::string(what) + ", " + std::to_string(own.rows) + " rows x " +
                             std::to_string(own.channels) + (own.once ? ", once" : "") + ": " +
                             std::to_string(relative);
    check(relative <= limit, text.c_str());  // not where it is NaN
  }

  const Case own;
  const long dy_stride;
  const Layout layout;
  std::mt19937 random;
  std::vector<Value> x, y, dy, dx;
  std::vector<float> gamma, beta, mean, variance, running_mean, running_var, dgamma, dbeta;
};

}  // namespace

int main() {
  for (const bool once : {true, false}) {
    for (const auto& [rows, vectors] :
         {std::pair{2L, 1}, {7L, 3}, {130L, 20}, {600L, 9}, {40L, 300}, {3000L, 2}}) {
      Test({rows, vectors * WIDTH, once, rows % 2 == 0, 0, kMomentum}).run();
      Test({rows, vectors * WIDTH, once, rows % 2 == 1, 0.5f, 1}).run();
    }
    if (!BFLOAT16) Test({900, 4 * WIDTH, once, true, 1000, kMomentum}).run();
  }
}
