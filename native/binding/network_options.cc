#include "binding/network_options.h"

#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/options.h"
#include "core/error.h"
#include "runtime/device.h"

namespace singlepath {
namespace {

// Which of two words the property is.
bool is_first(const Napi::Object& object, const char* name, const std::string& first,
              const std::string& second) {
  const std::string value = get_string(object, name);
  if (value != first && value != second) expected(first + " or " + second, name, get(object, name));
  return value == first;
}

}  // namespace

NetworkOptions to_network_options(const Napi::Object& object) {
  NetworkOptions options;
  options.device = device_of(get_string(object, "device"));
  options.fused = is_first(object, "kernels", "fused", "aten");
#ifndef SINGLEPATH_CUDA_HEADERS
  if (options.fused && options.device.is_cuda()) {
    throw Error(
        "INVALID_ARGUMENT",
        "Expected kernels aten on a card, as the addon was built without the headers of the CUDA runtime",
        "use --kernels aten (runtime.kernels), or install the headers and run `npx singlepath build`");
  }
#endif
  const std::string precision = get_string(object, "precision");
  if (precision != "fp32" && precision != "bf16" && precision != "tf32")
    expected("fp32, bf16 or tf32", "precision", get(object, "precision"));
  options.storage = precision == "bf16" ? at::kBFloat16 : at::kFloat;
  options.tf32 = precision == "tf32";
  if (options.tf32 && options.device.is_cpu())
    throw Error("INVALID_ARGUMENT", "Expected a CUDA device for precision tf32 but received cpu", "use fp32");
  options.graphs = get_boolean(object, "graphs");
  options.folded = get_boolean(object, "folded");
  options.seed = static_cast<uint64_t>(get_integer(object, "seed"));
  return options;
}

StepOptions to_step_options(const Napi::Object& object) {
  StepOptions options;
  // clang-format off
  const OptionTable table = {
      {"learningRate", &options.sgd.learning_rate},
      {"momentum", &options.sgd.momentum},
      {"nesterov", &options.sgd.nesterov},
      {"weightDecay", &options.sgd.weight_decay},
      {"labelSmoothing", &options.label_smoothing},
      {"clipGradientNorm", &options.clip_gradient_norm},
  };
  // clang-format on
  read_options(object, table);
  const std::vector<int64_t> key = get_integers(object, "randomKey");
  if (key.size() != 2) expected("two 32-bit numbers", "randomKey", get(object, "randomKey"));
  for (const int64_t half : key) {
    if (half < 0 || half > UINT32_MAX) expected("two 32-bit numbers", "randomKey", get(object, "randomKey"));
  }
  options.random_key = static_cast<uint64_t>(key[0]) << 32 | static_cast<uint64_t>(key[1]);
  return options;
}

std::optional<ParallelOptions> to_parallel(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  const Napi::Object object = to_object(value, "parallel");
  ParallelOptions options;
  const Napi::Value group = get(object, "group");
  if (!group.IsNull()) options.group = GroupHandle::from(group);
  const int64_t world = options.group ? options.group->options.world_size : 1;
  options.parallel.shards = get_integer(object, "shards", world, 1 << 20);
  if (options.parallel.shards % world != 0)
    expected("a multiple of the number of ranks", "shards", get(object, "shards"));
  options.parallel.tree = get_boolean(object, "tree");
  options.parallel.step = static_cast<uint32_t>(get_integer(object, "step", 0, UINT32_MAX));
  options.parallel.stop = get_boolean(object, "stop");
  return options;
}

}  // namespace singlepath
