// TorchScript modules: built from a module tree with forward sources, saved, loaded and run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "data/batch.h"
#include "evaluate/score.h"
#include "weights/tensor_entry.h"

namespace singlepath {

struct ScriptSource {
  std::string path;  // dotted; '' is the root
  std::string type;  // class name, for people
  std::string source;
};

struct ScriptTensor {
  TensorEntry entry;  // dotted name: module path, then the attribute
  bool trainable = true;
};

// The bytes of a TorchScript file. Throws when a source does not compile. Not written here: libtorch's writer
// ends the process on a full disk, by throwing from a destructor.
std::string serialize_script(const std::vector<ScriptSource>& modules,
                             const std::vector<ScriptTensor>& tensors);

// A loaded module in evaluation mode.
class Script {
 public:
  Script(const std::string& path, at::Device device);
  ~Script();

  at::Tensor logits(const Batch& batch);
  Validation validate(const std::vector<BatchPtr>& batches, const Cancellation& cancellation);

 private:
  struct Implementation;  // keeps torch/csrc/jit out of this header
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace singlepath
