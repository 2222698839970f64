#include "ops/engine_workspace.h"

#include <ATen/Parallel.h>

namespace singlepath {

cpu::Workspace& engine_workspace() {
  thread_local cpu::Workspace own;
  own.pool().set_threads(at::get_num_threads());
  return own;
}

}  // namespace singlepath
