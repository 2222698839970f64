#include "normalize.h"

#include <vector>

#include "kernels.h"

namespace singlepath::cpu {

void normalize(const uint8_t* bytes, long pixels, int channels, const float* mean, const float* deviation,
               Storage storage, void* out, Workspace& workspace) {
  std::vector<float> scale(channels), shift(channels);
  for (int c = 0; c < channels; ++c) {
    scale[c] = static_cast<float>(1.0 / (255.0 * deviation[c]));
    shift[c] = static_cast<float>(-static_cast<double>(mean[c]) / deviation[c]);
  }
  const StorageKernels& run = kernels().of(storage);
  workspace.pool().parallel_for(pixels, 256, [&](long begin, long end, int) {
    run.normalize(bytes + begin * channels, end - begin, channels, scale.data(), shift.data(),
                  static_cast<char*>(out) + begin * channels * storage_bytes(storage));
  });
}

}  // namespace singlepath::cpu
