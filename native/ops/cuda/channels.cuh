// Threads of a block: `lanes` of them lie side by side over the channels, WIDTH channels each, and the rest
// of the index counts rows. blockDim.x is a multiple of lanes; blockIdx.x counts pieces of lanes * WIDTH
// channels.
// What is computed for a channel and not for a value, one thread does for the block, in shared memory.
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
