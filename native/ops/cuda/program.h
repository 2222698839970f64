// CUDA sources of this folder, compiled when they are first used by the NVRTC that libtorch's CUDA builds
// bring: for the card at hand, and without a CUDA compiler where singlepath is built.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ops/cuda/layout.h"

namespace singlepath::cuda {

class Program {
 public:
  // `definitions`: of macros, such as WIDTH=8. Nothing is compiled yet.
  Program(std::string name, const char* source, std::vector<std::string> definitions)
      : name_(std::move(name)), source_(source), definitions_(std::move(definitions)) {}

  // Hands one kernel to the current stream of the current card. The arguments must have exactly the types of
  // the kernel's parameters. Throws NATIVE where NVRTC is missing or does not take the source.
  template <typename... Arguments>
  void launch(const char* kernel, const Launch& shape, Arguments... arguments) {
    void* places[] = {&arguments...};
    start(kernel, shape, places);
  }

 private:
  // Of one card.
  struct Loaded {
    void* module = nullptr;
    std::map<std::string, void*> kernels;
  };

  void start(const char* kernel, const Launch& shape, void** arguments);
  void* load(int device) const;

  const std::string name_;
  const char* const source_;
  const std::vector<std::string> definitions_;
  std::mutex mutex_;
  std::map<int, Loaded> loaded_;
};

}  // namespace singlepath::cuda
