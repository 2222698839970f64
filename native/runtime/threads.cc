#include "runtime/threads.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>

#ifdef __linux__
#include <sched.h>
#endif

namespace singlepath {
namespace {

#ifdef __linux__
std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// CPUs of the affinity mask, with siblings of one core counted once.
int cores_in_mask() {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof(mask), &mask) != 0) return 0;
  std::set<std::pair<std::string, std::string>> cores;
  int cpus = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &mask)) continue;
    ++cpus;
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const std::string core = read_line(topology + "core_id");
    // Without topology (some containers) every CPU counts.
    cores.emplace(read_line(topology + "physical_package_id"),
                  core.empty() ? "cpu" + std::to_string(cpu) : core);
  }
  return std::min<int>(cpus, cores.size());
}

// CPUs allowed by the cgroup v2 quota ("max 100000" or "150000 100000"); 0 where there is none.
double cgroup_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::stod(quota) / period;
}
#endif

}  // namespace

int usable_cores() {
  int cores = static_cast<int>(std::thread::hardware_concurrency());
#ifdef __linux__
  if (const int masked = cores_in_mask(); masked > 0) cores = masked;
  if (const double quota = cgroup_quota(); quota > 0) cores = std::min<int>(cores, std::ceil(quota));
#endif
  return std::max(1, cores);
}

}  // namespace singlepath
