// What JavaScript says about a network and its steps, as plain structs.
#pragma once

#include <memory>
#include <optional>

#include "binding/group_handle.h"
#include "binding/napi_setup.h"
#include "supernet/network.h"
#include "train/data_parallel.h"

namespace singlepath {

// How a step is shared with other processes.
struct ParallelOptions {
  std::shared_ptr<GroupSlot> group;
  DataParallel parallel;

  DataParallel connected() const {
    DataParallel ready = parallel;
    if (group) ready.group = group->get();
    return ready;
  }
};

NetworkOptions to_network_options(const Napi::Object& object);
StepOptions to_step_options(const Napi::Object& object);
std::optional<ParallelOptions> to_parallel(const Napi::Value& value);  // undefined: this process alone

}  // namespace singlepath
