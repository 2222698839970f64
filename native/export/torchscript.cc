#include "export/torchscript.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <sstream>

#include "core/error.h"
#include "execute/images.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

// Modules by dotted path. A child is registered in its parent before either is compiled, so that `forward` of
// the parent can name it; sources are compiled children first.
class ModuleTree {
 public:
  explicit ModuleTree(const std::vector<ScriptSource>& sources) {
    for (const ScriptSource& source : sources) types_.emplace(source.path, source.type);
    modules_.emplace("", make(""));
  }

  torch::jit::Module& at(const std::string& path) {
    const auto found = modules_.find(path);
    if (found != modules_.end()) return found->second;
    const size_t dot = path.rfind('.');
    torch::jit::Module& parent = at(dot == std::string::npos ? "" : path.substr(0, dot));
    const std::string name = dot == std::string::npos ? path : path.substr(dot + 1);
    torch::jit::Module child = make(path);
    parent.register_module(name, child);
    return modules_.emplace(path, child).first->second;
  }

 private:
  // Every module is a type of its own, as methods belong to types. Like PyTorch's own, those of one name are
  // kept apart by a mangled prefix: the compiler hashes types by name, and thirty equal ones fill memory
  // (1.13).
  torch::jit::Module make(const std::string& path) {
    const auto found = types_.find(path);
    const std::string type = found == types_.end() ? "Container" : found->second;
    const std::string mangled = "___torch_mangle_" + std::to_string(modules_.size()) + ".";
    torch::jit::Module module("__torch__." + (path.empty() ? "" : mangled) + type);
    // What Python's eval() and torch.jit.freeze look for.
    module.register_attribute("training", c10::BoolType::get(), false);
    return module;
  }

  std::map<std::string, std::string> types_;
  std::map<std::string, torch::jit::Module> modules_;
};

void register_tensor(ModuleTree& tree, const ScriptTensor& tensor) {
  const std::string& full = tensor.entry.name;
  const size_t dot = full.rfind('.');
  torch::jit::Module& module = tree.at(dot == std::string::npos ? "" : full.substr(0, dot));
  const std::string name = dot == std::string::npos ? full : full.substr(dot + 1);
  const auto data = const_cast<float*>(tensor.entry.data.data());  // copied by clone
  const at::Tensor value = at::from_blob(data, tensor.entry.shape, at::kFloat).clone();
  if (tensor.trainable) {
    module.register_parameter(name, value.set_requires_grad(true), /*is_buffer=*/false);
  } else {
    module.register_buffer(name, value);
  }
}

// libtorch's compiler recurses into what it compiles, down to the end of the stack. Nothing we write comes
// near these limits.
constexpr int kMostNesting = 100;
constexpr size_t kLongestStatement = 4000;

void check_source(const ScriptSource& module) {
  int depth = 0, indentation = 0;
  size_t statement = 0;
  bool line_start = true;
  for (const char c : module.source) {
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (line_start && (c == ' ' || c == '\t'))
      ++indentation;
    else
      line_start = false;
    if (c == '\n' && depth <= 0) {
      statement = 0;
      indentation = 0;
      line_start = true;
    }
    if (depth <= kMostNesting && indentation <= 2 * kMostNesting && ++statement <= kLongestStatement)
      continue;
    throw Error("INVALID_ARGUMENT", "Expected statements of at most " + std::to_string(kLongestStatement) +
                                        " characters, nested at most " + std::to_string(kMostNesting) +
                                        " deep, in the source of module '" + module.path.substr(0, 100) +
                                        "'");
  }
}

void check_path(const std::string& path) {
  if (std::count(path.begin(), path.end(), '.') <= kMostNesting) return;
  throw Error("INVALID_ARGUMENT", "Expected at most " + std::to_string(kMostNesting) +
                                      " levels in the name '" + path.substr(0, 100) + "...'");
}

}  // namespace

std::string serialize_script(const std::vector<ScriptSource>& modules,
                             const std::vector<ScriptTensor>& tensors) {
  for (const ScriptSource& module : modules) {
    check_source(module);
    check_path(module.path);
  }
  for (const ScriptTensor& tensor : tensors) check_path(tensor.entry.name);
  ModuleTree tree(modules);
  for (const ScriptTensor& tensor : tensors) register_tensor(tree, tensor);
  for (const ScriptSource& module : modules) tree.at(module.path);
  std::vector<const ScriptSource*> deepest_first;
  for (const ScriptSource& module : modules) deepest_first.push_back(&module);
  const auto depth = [](const ScriptSource* module) {
    return module->path.empty() ? -1 : std::count(module->path.begin(), module->path.end(), '.');
  };
  std::stable_sort(deepest_first.begin(), deepest_first.end(),
                   [&](const ScriptSource* a, const ScriptSource* b) { return depth(a) > depth(b); });
  for (const ScriptSource* module : deepest_first) tree.at(module->path).define(module->source);
  tree.at("").eval();
  std::ostringstream bytes;
  tree.at("").save(bytes);
  return std::move(bytes).str();
}

struct Script::Implementation {
  at::Device device;
  torch::jit::Module module;
};

Script::Script(const std::string& path, at::Device device) {
  use_own_stream(device);
  implementation_.reset(new Implementation{device, torch::jit::load(path, device)});
  // stdout is for results. What the file prints goes where everything goes that people read.
  torch::jit::setPrintHandler([](const std::string& text) { std::fputs(text.c_str(), stderr); });
  implementation_->module.eval();
}

Script::~Script() = default;

at::Tensor Script::logits(const Batch& batch) {
  at::NoGradGuard no_grad;
  const at::Tensor images = images_of(batch, implementation_->device, at::kFloat);
  return implementation_->module.forward({images}).toTensor();
}

Validation Script::validate(const std::vector<BatchPtr>& batches, const Cancellation& cancellation) {
  return validate_batches(batches, implementation_->device, {}, cancellation,
                          [&](const Batch& batch) { return logits(batch); });
}

}  // namespace singlepath
