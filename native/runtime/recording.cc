#include "runtime/recording.h"

#ifdef SINGLEPATH_CUDA_HEADERS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#endif

#include "runtime/device.h"

namespace singlepath {
namespace {

// For a CPU that is taken for a card.
class Rerun : public Recording {
 public:
  explicit Rerun(std::function<void()> work) : work_(std::move(work)) {}
  void replay() override { work_(); }

 private:
  std::function<void()> work_;
};

#ifdef SINGLEPATH_CUDA_HEADERS

class CudaRecording : public Recording, private at::cuda::CUDAGraph {
 public:
  // On the current device, on which it is replayed too.
  CudaRecording(const RecordingPool& pool, const std::function<void()>& work) {
    // Relaxed: other threads may take memory meanwhile, as those that load images do.
    capture_begin(pool, cudaStreamCaptureModeRelaxed);
    try {
      work();
      capture_end();
    } catch (...) {
      abandon();
      throw;
    }
  }

  // Not CUDAGraph::replay(): that sets the state of random numbers each time, with launches of its own, and
  // nothing random is recorded here.
  void replay() override {
    const c10::cuda::CUDAGuard guard(capture_dev_);
    C10_CUDA_CHECK(cudaGraphLaunch(graph_exec_, at::cuda::getCurrentCUDAStream()));
  }

 private:
  // The stream must not go on recording, nor the allocator on asking this object whose memory is whose.
  void abandon() noexcept {
    try {
      capture_end();
    } catch (...) {
    }
    try {
      c10::cuda::CUDACachingAllocator::endAllocateToPool(capture_dev_, mempool_id_);
    } catch (...) {  // had ended
    }
  }
};

#endif

}  // namespace

bool can_record(c10::Device device) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (device.is_cuda()) return true;
#endif
  return device.is_cpu() && computes_aside(device);
}

RecordingPool new_recording_pool(c10::Device device) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (device.is_cuda()) return at::cuda::graph_pool_handle();
#endif
  static_cast<void>(device);
  return {};
}

std::unique_ptr<Recording> record(c10::Device device, const RecordingPool& pool, std::function<void()> work) {
#ifdef SINGLEPATH_CUDA_HEADERS
  if (device.is_cuda()) {
    const c10::cuda::CUDAGuard guard(device);
    return std::make_unique<CudaRecording>(pool, work);
  }
#endif
  static_cast<void>(device);
  static_cast<void>(pool);
  return std::make_unique<Rerun>(std::move(work));
}

}  // namespace singlepath
