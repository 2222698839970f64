#include "ops/cuda/program.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace singlepath::cuda {
namespace {

// NVRTC's own header is a package that wheels do not need; these are all that is used of it.
using NvrtcProgram = void*;
enum NvrtcResult : int { kNvrtcSuccess = 0 };

// libtorch keeps a small library that is linked to NVRTC and to the driver, wherever these are.
struct Libraries {
  NvrtcResult (*create)(NvrtcProgram*, const char*, const char*, int, const char* const*, const char* const*);
  NvrtcResult (*compile)(NvrtcProgram, int, const char* const*);
  NvrtcResult (*destroy)(NvrtcProgram*);
  NvrtcResult (*log_size)(NvrtcProgram, size_t*);
  NvrtcResult (*log)(NvrtcProgram, char*);
  NvrtcResult (*ptx_size)(NvrtcProgram, size_t*);
  NvrtcResult (*ptx)(NvrtcProgram, char*);
  NvrtcResult (*cubin_size)(NvrtcProgram, size_t*);
  NvrtcResult (*cubin)(NvrtcProgram, char*);
  NvrtcResult (*architecture_count)(int*);
  NvrtcResult (*architectures)(int*);
  decltype(&cuModuleLoadData) load;
  decltype(&cuModuleGetFunction) function;
  decltype(&cuLaunchKernel) launch;
  decltype(&cuGetErrorString) describe;
  decltype(&cuCtxGetCurrent) context;
};

constexpr const char* kWithout = "set runtime.kernels to aten (--kernels aten)";

const Libraries& libraries() {
  static const Libraries found = [] {
    void* library = dlopen("libcaffe2_nvrtc.so", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      throw Error("NATIVE", std::string("Expected NVRTC for kernels fused on a card: ") + dlerror(),
                  std::string(kWithout) + ", or use a libtorch that brings libcaffe2_nvrtc.so");
    }
    Libraries own{};
    const auto find = [library](auto& function, const char* name) {
      function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library, name));
      if (function == nullptr)
        throw Error("NATIVE", std::string("Expected ") + name + " in NVRTC or the driver", kWithout);
    };
    find(own.create, "nvrtcCreateProgram");
    find(own.compile, "nvrtcCompileProgram");
    find(own.destroy, "nvrtcDestroyProgram");
    find(own.log_size, "nvrtcGetProgramLogSize");
    find(own.log, "nvrtcGetProgramLog");
    find(own.ptx_size, "nvrtcGetPTXSize");
    find(own.ptx, "nvrtcGetPTX");
    find(own.cubin_size, "nvrtcGetCUBINSize");
    find(own.cubin, "nvrtcGetCUBIN");
    find(own.architecture_count, "nvrtcGetNumSupportedArchs");
    find(own.architectures, "nvrtcGetSupportedArchs");
    find(own.load, "cuModuleLoadData");
    find(own.function, "cuModuleGetFunction");
    find(own.launch, "cuLaunchKernel");
    find(own.describe, "cuGetErrorString");
    find(own.context, "cuCtxGetCurrent");
    return own;
  }();
  return found;
}

// Errors as those of libtorch's own launches: binding/errors.cc knows them.
void check(CUresult result, const std::string& what) {
  if (result == CUDA_SUCCESS) return;
  const char* text = nullptr;
  libraries().describe(result, &text);
  const std::string message = what + ": " + (text != nullptr ? text : "unknown error");
  TORCH_CHECK_WITH(OutOfMemoryError, result != CUDA_ERROR_OUT_OF_MEMORY, message);
  throw Error("DEVICE_FAILED", "CUDA refused " + message,
              "start the process again; where it comes again, " + std::string(kWithout));
}

// A thread that has only been told which card is current may not have its context yet: the runtime makes it
// with its first call.
void make_context_current() {
  CUcontext context = nullptr;
  libraries().context(&context);
  if (context == nullptr) C10_CUDA_CHECK(cudaFree(nullptr));
}

// The newest architecture that both the card and NVRTC know; whether it is the card's own.
std::pair<int, bool> architecture_for(int device) {
  const auto& card = *at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device));
  const int own = 10 * card.major + card.minor;
  int count = 0;
  libraries().architecture_count(&count);
  std::vector<int> known(std::max(count, 1), own);
  if (count > 0) libraries().architectures(known.data());
  int best = 0;
  for (const int one : known) {
    if (one <= own) best = std::max(best, one);
  }
  if (best == 0) best = own;
  return {best, best == own};
}

// Machine code of the source; the text that NVRTC compiles to is kept where its version of it is older than
// the card, whose driver then translates.
std::string compile(const std::string& name, const char* source, const std::vector<std::string>& definitions,
                    int device) {
  const Libraries& nvrtc = libraries();
  const auto [architecture, exact] = architecture_for(device);
  std::vector<std::string> options{
      "--std=c++17",
      std::string("--gpu-architecture=") + (exact ? "sm_" : "compute_") + std::to_string(architecture)};
  for (const std::string& definition : definitions) options.push_back("-D" + definition);
  std::vector<const char*> texts;
  for (const std::string& option : options) texts.push_back(option.c_str());

  NvrtcProgram program = nullptr;
  nvrtc.create(&program, source, name.c_str(), 0, nullptr, nullptr);
  const NvrtcResult result = nvrtc.compile(program, static_cast<int>(texts.size()), texts.data());
  const auto read = [program](auto size_of, auto get) {
    size_t size = 0;
    size_of(program, &size);
    std::string text(size, '\0');
    if (size > 0) get(program, text.data());
    return text;
  };
  const std::string code = result != kNvrtcSuccess ? read(nvrtc.log_size, nvrtc.log)
                           : exact                 ? read(nvrtc.cubin_size, nvrtc.cubin)
                                                   : read(nvrtc.ptx_size, nvrtc.ptx);
  nvrtc.destroy(&program);
  if (result != kNvrtcSuccess) {
    throw Error("NATIVE",
                "NVRTC did not compile " + name + " for compute capability " + std::to_string(architecture) +
                    ": " + code.c_str(),
                kWithout);
  }
  return code;
}

}  // namespace

void* Program::load(int device) const {
  C10_CUDA_CHECK(cudaFree(nullptr));  // the card's context, where a current one is another's
  const std::string code = compile(name_, source_, definitions_, device);
  CUmodule module = nullptr;
  check(libraries().load(&module, code.data()), "the code of " + name_);
  return module;
}

void Program::start(const char* kernel, const Launch& shape, void** arguments) {
  const int device = c10::cuda::current_device();
  make_context_current();
  CUfunction function = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Loaded& own = loaded_[device];
    if (own.module == nullptr) own.module = load(device);
    void*& found = own.kernels[kernel];
    if (found == nullptr) {
      CUfunction fresh = nullptr;
      check(libraries().function(&fresh, static_cast<CUmodule>(own.module), kernel), kernel);
      found = fresh;
    }
    function = static_cast<CUfunction>(found);
  }
  check(
      libraries().launch(function, shape.blocks_x, shape.blocks_y, 1, shape.threads_x, shape.threads_y, 1,
                         shape.shared_bytes, c10::cuda::getCurrentCUDAStream().stream(), arguments, nullptr),
      kernel);
}

}  // namespace singlepath::cuda
