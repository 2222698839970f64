// TorchScript modules: built from a module tree with forward sources, saved, loaded and run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "data/batch.h"
#include "supernet/network.h"

namespace singlepath {

struct ScriptSource {
  std::string path;  // dotted; '' is the root
  std::string source;
};

struct ScriptTensor {
  TensorEntry entry;  // dotted name: module path, then the attribute
  bool trainable = true;
};

// Throws when a source does not compile or the file cannot be written.
void save_script(const std::vector<ScriptSource>& modules, const std::vector<ScriptTensor>& tensors,
                 const std::string& path);

// A loaded module, on the CPU, in evaluation mode.
class Script {
 public:
  explicit Script(const std::string& path);
  ~Script();

  at::Tensor logits(const Batch& batch);
  Validation validate(const std::vector<BatchPtr>& batches, const Cancellation& cancellation);

 private:
  struct Implementation;  // keeps torch/csrc/jit out of this header
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace singlepath
