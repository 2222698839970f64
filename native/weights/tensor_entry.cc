#include "weights/tensor_entry.h"

#include <ATen/ops/empty.h>

#include <cstring>

namespace singlepath {

TensorEntry entry_of(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor host = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const float* data = host.data_ptr<float>();
  return {name, host.sizes().vec(), std::vector<float>(data, data + host.numel())};
}

void copy_into(at::Tensor target, const TensorEntry& entry) {
  at::Tensor host = at::empty(target.sizes(), at::kFloat);
  std::memcpy(host.data_ptr<float>(), entry.data.data(), entry.data.size() * sizeof(float));
  target.copy_(host);
}

}  // namespace singlepath
