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
// Threads of a block: `lanes` of them lie side by side over the channels, WIDTH channels each, and the rest
// of the index counts rows. blockDim.x is a multiple of lanes; blockIdx.x counts pieces of lanes * WIDTH
// channels.
#if BFLOAT16
typedef unsigned short Value;
__device__ __forceinline__ float widen(Value value) {
  return __uint_as_float((unsigned)value << 16);
}
__device__ __forceinline__ Value narrow(float value) {
#if __CUDA_ARCH__ >= 800
  unsigned short rounded;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded) : "f"(value));
  return rounded;
#else
  const unsigned bits = __float_as_uint(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // NaN
  return (Value)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
#endif
}
#else
typedef float Value;
__device__ __forceinline__ float widen(Value value) {
  return value;
}
__device__ __forceinline__ Value narrow(float value) {
  return value;
}
#endif

struct alignas(sizeof(Value) * WIDTH) Vector {
  Value values[WIDTH];
};

__device__ __forceinline__ Vector load(const Value* from) {
  return *reinterpret_cast<const Vector*>(from);
}
__device__ __forceinline__ void store(Value* to, const Vector& vector) {
  *reinterpret_cast<Vector*>(to) = vector;
}

// Written so that NaN stays NaN.
__device__ __forceinline__ float activate(float z) {
  switch (ACTIVATION) {
    case ACTIVATION_relu:
      return z < 0 ? 0 : z;
    case ACTIVATION_relu6:
      return z < 0 ? 0 : z > 6 ? 6 : z;
    case ACTIVATION_hswish:
      return z < -3 ? 0 : z > 3 ? z : z * (z + 3) / 6;
    case ACTIVATION_silu:
      return z / (1 + expf(-z));
    case ACTIVATION_sigmoid:
      return 1 / (1 + expf(-z));
    case ACTIVATION_hsigmoid:
      return z < -3 ? 0 : z > 3 ? 1 : (z + 3) / 6;
    default:
      return z;
  }
}

// The slope at z; at a kink that of one of its sides.
__device__ __forceinline__ float slope(float z) {
  switch (ACTIVATION) {
    case ACTIVATION_relu:
      return z <= 0 ? 0 : 1;
    case ACTIVATION_relu6:
      return z <= 0 || z >= 6 ? 0 : 1;
    case ACTIVATION_hswish:
      return z < -3 ? 0 : z > 3 ? 1 : (2 * z + 3) / 6;
    case ACTIVATION_silu: {
      const float s = 1 / (1 + expf(-z));
      return s * (1 + z * (1 - s));
    }
    case ACTIVATION_sigmoid: {
      const float s = 1 / (1 + expf(-z));
      return s * (1 - s);
    }
    case ACTIVATION_hsigmoid:
      return z <= -3 || z >= 3 ? 0 : 1.f / 6;
    default:
      return 1;
  }
}

extern __shared__ __align__(16) float shared[];

// Where a thread is.
struct Place {
  int lanes, lane, row, rows;  // rows: that the block reads at once
  int first, width;            // the channels of the block
  int channel;                 // the first of the thread's
  bool inside;

  __device__ Place(int channels, int lanes_of_block)
      : lanes(lanes_of_block),
        lane(threadIdx.x % lanes_of_block),
        row(threadIdx.x / lanes_of_block),
        rows(blockDim.x / lanes_of_block),
        first(blockIdx.x * lanes_of_block * WIDTH),
        width(min(lanes_of_block * WIDTH, channels - first)),
        channel(first + lane * WIDTH),
        inside(lane * WIDTH < width) {}
  // The rows of the thread.
  __device__ long begin() const { return (long)blockIdx.y * rows + row; }
  __device__ long step() const { return (long)gridDim.y * rows; }
  // In `shared`, one row of floats for each kind of number: those of a thread's sums, two sums a channel, and
  // what Channels has. Kernels that add nothing up have only the latter, in front.
  __device__ float* totals() const { return shared + 2 * WIDTH * (blockDim.x + 1) + blockDim.x; }
  __device__ float* behind_totals() const { return totals() + 2 * WIDTH * lanes; }
};

// Numbers for each channel of the block.
struct Channels {
  enum Kind { kMean, kScale, kShift, kFirst, kSecond };  // the last two: means of the gradients' sums

  float* const values;
  const int stride;

  __device__ Channels(float* place, int lanes) : values(place), stride(lanes * WIDTH) {}
  __device__ float& at(Kind kind, int channel) const { return values[kind * stride + channel]; }
  __device__ void read(Kind kind, int lane, float* own) const {
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) own[k] = values[kind * stride + lane * WIDTH + k];
  }

  __device__ void set(int channel, int all, float mean, float variance, const float* gamma, const float* beta,
                      float eps) const {
    at(kMean, channel) = mean;
    at(kScale, channel) = (gamma != nullptr ? gamma[all] : 1) / sqrtf(variance + eps);
    at(kShift, channel) = beta != nullptr ? beta[all] : 0;
  }
  // From statistics in memory.
  __device__ void set_all(const Place& place, const float* mean, const float* variance, const float* gamma,
                          const float* beta, float eps) const {
    for (int c = threadIdx.x; c < place.width; c += blockDim.x) {
      const int all = place.first + c;
      set(c, all, mean[all], variance[all], gamma, beta, eps);
    }
    __syncthreads();
  }
};

// What the values of a thread's channels go through: activate((x - mean) * scale + shift).
struct Normalization {
  float mean[WIDTH], scale[WIDTH], shift[WIDTH];

  __device__ Normalization(const Channels& channels, int lane) {
    channels.read(Channels::kMean, lane, mean);
    channels.read(Channels::kScale, lane, scale);
    channels.read(Channels::kShift, lane, shift);
  }
  __device__ float of(float x, int k) const { return fmaf(x - mean[k], scale[k], shift[k]); }
};

// Two sums for each channel of a thread.
struct Sums {
  float first[WIDTH], second[WIDTH];

  __device__ Sums() {
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) first[k] = second[k] = 0;
  }

  // Over the rows of the block, called by all its threads: place.totals() becomes [2, lanes * WIDTH].
  __device__ void over_block(const Place& place) const {
    const int threads = blockDim.x, stride = threads + 1;  // the one keeps columns in different banks
#pragma unroll
    for (int k = 0; k < WIDTH; ++k) {
      shared[k * stride + threadIdx.x] = first[k];
      shared[(WIDTH + k) * stride + threadIdx.x] = second[k];
    }
    __syncthreads();
    const int channels = WIDTH * place.lanes, sums = 2 * channels;
    const int shares = max(1, threads / sums);  // threads that a sum's rows are shared among
    float* parts = shares > 1 ? shared + 2 * WIDTH * stride : place.totals();
    for (int i = threadIdx.x; i < sums * shares; i += threads) {
      const int sum = i % sums, channel = sum % channels;
      const float* column = shared + (sum / channels * WIDTH + channel % WIDTH) * stride + channel / WIDTH;
      float total = 0;
      for (int row = i / sums; row < place.rows; row += shares) total += column[row * place.lanes];
      parts[i] = total;
    }
    __syncthreads();
    if (shares == 1) return;
    for (int sum = threadIdx.x; sum < sums; sum += threads) {
      float total = 0;
      for (int share = 0; share < shares; ++share) total += parts[share * sums + sum];
      place.totals()[sum] = total;
    }
    __syncthreads();
  }
};

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
    const float first = place.totals()[c], second = place.totals()[WIDTH * lanes + c];
    const float inverse = 1 / sqrtf(variance[all] + eps);
    if (dgamma != nullptr) dgamma[all] = second * inverse;
    if (dbeta != nullptr) dbeta[all] = first;
    of_block.at(Channels::kFirst, c) = first / rows;
    of_block.at(Channels::kSecond, c) = second * inverse * inverse / rows;
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
  const float inverse = 1 / sqrtf(variance[channel] + eps);
  if (dgamma != nullptr) dgamma[channel] = (float)second * inverse;
  if (dbeta != nullptr) dbeta[channel] = (float)first;
  means[channel] = (float)first / rows;
  means[channels + channel] = (float)second * inverse * inverse / rows;
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
