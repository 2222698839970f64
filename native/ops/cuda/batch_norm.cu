// BatchNorm and the activation behind it, in training and with given statistics. Tensors are NHWC, taken as
// [rows, channels] with rows = images x pixels. Sums are float32 whatever the values are stored in, and their
// order does not depend on timing: the same bits each time.
//
// Compiled when first used, for the card at hand (program.h), once for each kind of value, width and
// activation:
//   BFLOAT16    1: values are bfloat16; 0: float
//   WIDTH       channels that a thread reads at once: 1, 2, 4 or 8, at most 16 bytes
//   ACTIVATION  that behind the BatchNorm: ACTIVATION_relu, ... (core/activation.h), 0 for none
//
// CMake puts the two files that are included in their places, as what is compiled on a card is one text.
#include "ops/cuda/channels.cuh"
#include "ops/cuda/values.cuh"

// Sums of x - origin and of its square, where `origin` is the channel's first value: so a mean far from zero
// costs no digits, unless this value lies far from the others.
__device__ __forceinline__ Sums moments_of(const Value* x, long rows, int channels, const Place& place) {
  Sums sums;
  if (!place.inside) return sums;
  const Vector origin = load(x + place.channel);
#pragma unroll 4
  for (long row = place.begin(); row < rows; row += place.step()) {
    const Vector values = load(x + row * channels + place.channel);
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) {
      const float moved = widen(values.values[k]) - widen(origin.values[k]);
      sums.first[k] += moved;
      sums.second[k] = fmaf(moved, moved, sums.second[k]);
    }
  }
  return sums;
}

// Sums of dz and of dz * (x - mean), dz being the gradient in front of the activation.
__device__ __forceinline__ Sums gradients_of(const Value* x, const Value* dy, long dy_stride,
                                             const Channels& of_block, long rows, int channels,
                                             const Place& place) {
  Sums sums;
  if (!place.inside) return sums;
  const Normalization own(of_block, place.lane);
#pragma unroll 4
  for (long row = place.begin(); row < rows; row += place.step()) {
    const Vector values = load(x + row * channels + place.channel);
    const Vector gradients = load(dy + row * dy_stride + place.channel);
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) {
      const float value = widen(values.values[k]);
      const float dz = widen(gradients.values[k]) * slope(own.of(value, k));
      sums.first[k] += dz;
      sums.second[k] = fmaf(dz, value - own.mean[k], sums.second[k]);
    }
  }
  return sums;
}

__device__ __forceinline__ void normalize(const Value* x, Value* y, const Channels& of_block, long rows,
                                          int channels, const Place& place) {
  if (!place.inside) return;
  const Normalization own(of_block, place.lane);
#pragma unroll 4
  for (long row = place.begin(); row < rows; row += place.step()) {
    Vector values = load(x + row * channels + place.channel);
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) values.values[k] = narrow(activate(own.of(widen(values.values[k]), k)));
    store(y + row * channels + place.channel, values);
  }
}

// dx = scale * (dz - mean of dz - (x - mean) / variance * mean of dz (x - mean))
__device__ __forceinline__ void differentiate(const Value* x, const Value* dy, long dy_stride, Value* dx,
                                              const Channels& of_block, long rows, int channels,
                                              const Place& place) {
  if (!place.inside) return;
  const Normalization own(of_block, place.lane);
  float first[WIDTH], second[WIDTH];
  of_block.read(Channels::kFirst, place.lane, first);
  of_block.read(Channels::kSecond, place.lane, second);
#pragma unroll 4
  for (long row = place.begin(); row < rows; row += place.step()) {
    Vector values = load(x + row * channels + place.channel);
    const Vector gradients = load(dy + row * dy_stride + place.channel);
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) {
      const float value = widen(values.values[k]);
      const float dz = widen(gradients.values[k]) * slope(own.of(value, k));
      values.values[k] = narrow(own.scale[k] * fmaf(own.mean[k] - value, second[k], dz - first[k]));
    }
    store(dx + row * channels + place.channel, values);
  }
}

struct Moments {
  float mean, variance;  // biased
};

// From the sums of moments_of(). Running averages move by `momentum`, and become those of the batch at 1.
__device__ __forceinline__ Moments finish_moments(double first, double second, float origin, long rows,
                                                  float* running_mean, float* running_var, float momentum) {
  const double moved = first / rows, rest = second - first * moved;
  const double squares = rest < 0 ? 0 : rest;  // NaN stays NaN
  const Moments own{(float)(origin + moved), (float)(squares / rows)};
  const float unbiased = (float)(squares / (rows - 1));
  *running_mean = momentum == 1 ? own.mean : fmaf(momentum, own.mean - *running_mean, *running_mean);
  *running_var = momentum == 1 ? unbiased : fmaf(momentum, unbiased - *running_var, *running_var);
  return own;
}

// Means over the rows, as differentiate() takes them, from the sums of gradients_of(); and the gradients of
// gamma and beta, where there are any.
struct GradientMeans {
  float first, second;
};

__device__ __forceinline__ GradientMeans finish_gradients(float first, float second, float variance,
                                                          float eps, long rows, int channel, float* dgamma,
                                                          float* dbeta) {
  const float inverse = 1 / sqrtf(variance + eps);
  if (dgamma != nullptr) dgamma[channel] = second * inverse;
  if (dbeta != nullptr) dbeta[channel] = first;
  return {first / rows, second * inverse * inverse / rows};
}

extern "C" {

// Few rows: a block has all rows of its channels, which it reads twice. One launch.
__global__ void batch_norm_forward(const Value* x, Value* y, const float* gamma, const float* beta,
                                   float* mean, float* variance, float* running_mean, float* running_var,
                                   long rows, int channels, int lanes, float eps, float momentum) {
  const Place place(channels, lanes);
  const Channels of_block(place.behind_totals(), lanes);
  moments_of(x, rows, channels, place).over_block(place);
  for (int c = threadIdx.x; c < place.width; c += blockDim.x) {
    const int all = place.first + c;
    const Moments own = finish_moments(place.totals()[c], place.totals()[WIDTH * lanes + c], widen(x[all]),
                                       rows, running_mean + all, running_var + all, momentum);
    mean[all] = own.mean;
    variance[all] = own.variance;
    of_block.set(c, all, own.mean, own.variance, gamma, beta, eps);
  }
  __syncthreads();
  normalize(x, y, of_block, rows, channels, place);
}

__global__ void batch_norm_backward(const Value* x, const Value* dy, long dy_stride, Value* dx,
                                    const float* gamma, const float* beta, const float* mean,
                                    const float* variance, float* dgamma, float* dbeta, long rows,
                                    int channels, int lanes, float eps) {
  const Place place(channels, lanes);
  const Channels of_block(place.behind_totals(), lanes);
  of_block.set_all(place, mean, variance, gamma, beta, eps);
  gradients_of(x, dy, dy_stride, of_block, rows, channels, place).over_block(place);
  for (int c = threadIdx.x; c < place.width; c += blockDim.x) {
    const int all = place.first + c;
    const GradientMeans means = finish_gradients(place.totals()[c], place.totals()[WIDTH * lanes + c],
                                                 variance[all], eps, rows, all, dgamma, dbeta);
    of_block.at(Channels::kFirst, c) = means.first;
    of_block.at(Channels::kSecond, c) = means.second;
  }
  __syncthreads();
  differentiate(x, dy, dy_stride, dx, of_block, rows, channels, place);
}

// Many rows: the sums of each piece of them, `partial` [gridDim.y, 2, channels], which batch_norm_finish_*
// adds up; then they are read again.
__device__ __forceinline__ void store_totals(float* partial, int channels, const Place& place) {
  for (int c = threadIdx.x; c < place.width; c += blockDim.x) {
    float* own = partial + (long)blockIdx.y * 2 * channels + place.first + c;
    own[0] = place.totals()[c];
    own[channels] = place.totals()[WIDTH * place.lanes + c];
  }
}

__global__ void batch_norm_moments(const Value* x, float* partial, long rows, int channels, int lanes) {
  const Place place(channels, lanes);
  moments_of(x, rows, channels, place).over_block(place);
  store_totals(partial, channels, place);
}

__global__ void batch_norm_gradients(const Value* x, const Value* dy, long dy_stride, const float* gamma,
                                     const float* beta, const float* mean, const float* variance,
                                     float* partial, long rows, int channels, int lanes, float eps) {
  const Place place(channels, lanes);
  const Channels of_block(place.behind_totals(), lanes);
  of_block.set_all(place, mean, variance, gamma, beta, eps);
  gradients_of(x, dy, dy_stride, of_block, rows, channels, place).over_block(place);
  store_totals(partial, channels, place);
}

// Blocks of 16 channels x 32 shares of the pieces. True, with the sums of a channel, for threadIdx.y == 0.
__device__ __forceinline__ bool add_pieces(const float* partial, int pieces, int channels, int channel,
                                           double* first, double* second) {
  double* sums = reinterpret_cast<double*>(shared) + threadIdx.x * 2;  // [32, 16, 2]
  *first = *second = 0;
  if (channel < channels) {
    for (int piece = threadIdx.y; piece < pieces; piece += 32) {
      *first += partial[(long)piece * 2 * channels + channel];
      *second += partial[((long)piece * 2 + 1) * channels + channel];
    }
  }
  sums[threadIdx.y * 32] = *first;
  sums[threadIdx.y * 32 + 1] = *second;
  __syncthreads();
  if (threadIdx.y != 0 || channel >= channels) return false;
  for (int i = 1; i < 32; ++i) {
    *first += sums[i * 32];
    *second += sums[i * 32 + 1];
  }
  return true;
}

__global__ void batch_norm_finish_moments(const Value* x, const float* partial, int pieces, float* mean,
                                          float* variance, float* running_mean, float* running_var, long rows,
                                          int channels, float momentum) {
  const int channel = blockIdx.x * 16 + threadIdx.x;
  double first, second;
  if (!add_pieces(partial, pieces, channels, channel, &first, &second)) return;
  const Moments own = finish_moments(first, second, widen(x[channel]), rows, running_mean + channel,
                                     running_var + channel, momentum);
  mean[channel] = own.mean;
  variance[channel] = own.variance;
}

// `means` becomes [2, channels]: Channels::kFirst and kSecond.
__global__ void batch_norm_finish_gradients(const float* partial, int pieces, const float* variance,
                                            float* means, float* dgamma, float* dbeta, long rows,
                                            int channels, float eps) {
  const int channel = blockIdx.x * 16 + threadIdx.x;
  double first, second;
  if (!add_pieces(partial, pieces, channels, channel, &first, &second)) return;
  const GradientMeans own =
      finish_gradients((float)first, (float)second, variance[channel], eps, rows, channel, dgamma, dbeta);
  means[channel] = own.first;
  means[channels + channel] = own.second;
}

// With statistics that are there already.
__global__ void batch_norm_apply(const Value* x, Value* y, const float* gamma, const float* beta,
                                 const float* mean, const float* variance, long rows, int channels, int lanes,
                                 float eps) {
  const Place place(channels, lanes);
  const Channels of_block(shared, lanes);
  of_block.set_all(place, mean, variance, gamma, beta, eps);
  normalize(x, y, of_block, rows, channels, place);
}

__global__ void batch_norm_apply_gradients(const Value* x, const Value* dy, long dy_stride, Value* dx,
                                           const float* gamma, const float* beta, const float* mean,
                                           const float* variance, const float* means, long rows, int channels,
                                           int lanes, float eps) {
  const Place place(channels, lanes);
  const Channels of_block(shared, lanes);
  for (int c = threadIdx.x; c < place.width; c += blockDim.x) {
    of_block.at(Channels::kFirst, c) = means[place.first + c];
    of_block.at(Channels::kSecond, c) = means[channels + place.first + c];
  }
  of_block.set_all(place, mean, variance, gamma, beta, eps);
  differentiate(x, dy, dy_stride, dx, of_block, rows, channels, place);
}

}  // extern "C"
