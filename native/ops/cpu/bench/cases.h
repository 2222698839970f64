// Chains with memory of their own, for measuring.
#pragma once

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "../chain.h"
#include "../sgd.h"
#include "../test/units.h"

namespace singlepath::cpu {

// Memory as a tensor has it: 64-byte aligned, filled with something harmless.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : data_(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) {
    std::memset(data_, 0, bytes);
  }
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_;
};

void randomise(void* data, long n, Storage storage, float scale = 1);

struct Layer {
  Chain chain;
  Input input;
  Output output;
  ChainGradients gradients;
  std::vector<UnitGradients> unit_gradients;
  Buffer saved{64};

  // Where the chain reads and writes, each with its gradient, which lies like it.
  void read(Input from, void* gradient) {
    input = from;
    gradients.input = gradient;
    gradients.input_stride = from.pixel_stride;
  }
  void write(void* to, long pixel_stride, void* gradient) {
    output.data = to;
    output.pixel_stride = gradients.output_stride = pixel_stride;
    gradients.output = gradient;
  }
};

struct Network {
  Storage storage;
  int batch;
  std::vector<Buffer> memory = {};
  std::vector<Layer> layers = {};
  std::vector<SgdSpan> spans = {};

  void* tensor(long elements, bool random = false) {
    memory.emplace_back(static_cast<std::size_t>(elements) * storage_bytes(storage));
    if (random) randomise(memory.back().as<void>(), elements, storage);
    return memory.back().as<void>();
  }
  float* floats(long n, float scale = 0) {
    memory.emplace_back(static_cast<std::size_t>(n) * 4);
    if (scale > 0) randomise(memory.back().as<void>(), n, Storage::float32, scale);
    return memory.back().as<float>();
  }
  char* at(void* data, long element) { return static_cast<char*>(data) + element * storage_bytes(storage); }

  // Weights and their gradients are made here; the caller says where input and output are.
  Layer& add(int height, int width, std::vector<Unit> units, bool keeps_input = false);
};

// One path of the supernet: stem, 20 blocks, head with pool; choices 0-2 are kernels 3, 5, 7, choice 3 is
// Xception.
Network path(Storage storage, int batch, int size, int stem_stride, const std::vector<int>& choices);

double multiply_adds(const Chain& chain);

}  // namespace singlepath::cpu
