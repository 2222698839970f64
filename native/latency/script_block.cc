#include <torch/script.h>

#include <sstream>

#include "core/error.h"
#include "latency/timed_block.h"

namespace singlepath {
namespace {

class ScriptBlock : public TimedBlock {
 public:
  explicit ScriptBlock(torch::jit::Module module) : module_(std::move(module)) {}

  at::Tensor run(const at::Tensor& x) const override { return module_.forward({x}).toTensor(); }

 private:
  mutable torch::jit::Module module_;
};

}  // namespace

std::unique_ptr<TimedBlock> script_block(const std::string& bytes, const BlockShape& shape,
                                         const DeploymentOptions& options) {
  std::istringstream stream(bytes);
  torch::jit::Module module = torch::jit::load(stream, options.device);
  module.eval();
  if (options.storage != at::kFloat) module.to(options.storage);
  auto block = std::make_unique<ScriptBlock>(torch::jit::freeze(module));
  at::NoGradGuard no_grad;
  block->run(random_input(shape, options));
  return block;
}

}  // namespace singlepath
