// A loop over images on several threads that can be stopped.
#pragma once

#include <cstdint>
#include <functional>

#include "core/cancel.h"

namespace singlepath {

// Calls `work(index, thread)` for every index in [begin, end), in any order; returns when all are done. What
// it throws is thrown here, and so is ABORTED once `cancel` is raised. `done` is told after each index, on
// any thread; it may be absent.
void for_each_index(int64_t begin, int64_t end, int threads, const Cancellation& cancel,
                    const std::function<void(int64_t index, int thread)>& work,
                    const std::function<void()>& done = {});

}  // namespace singlepath
