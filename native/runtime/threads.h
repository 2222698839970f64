#pragma once

namespace singlepath {

// Physical cores this process may use: affinity mask and cgroup quota respected, hyper-threads counted once.
int usable_cores();

}  // namespace singlepath
