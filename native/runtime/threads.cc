#include "runtime/threads.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
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

// CPUs this control group alone may use, by the files of either version; 0: no limit or no such group.
double quota_of(const std::string& group) {
  std::string quota = "max";
  double period = 0;
  if (std::ifstream both(group + "/cpu.max"); both) {  // "max 100000" or "150000 100000"
    both >> quota >> period;
  } else {
    std::ifstream(group + "/cpu.cfs_quota_us") >> quota;  // -1: none
    std::ifstream(group + "/cpu.cfs_period_us") >> period;
  }
  const double microseconds = quota == "max" ? 0 : std::strtod(quota.c_str(), nullptr);
  return microseconds > 0 && period > 0 ? microseconds / period : 0;
}

bool lists_cpu(const std::string& controllers) {
  std::istringstream names(controllers);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

// The least quota of the process's control group and of those around it; 0 where there is none.
double cgroup_quota() {
  double least = 0;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/a/b" (version 2) or "4:cpu,cpuacct:/a/b"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !lists_cpu(controllers)) continue;
    const std::string root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    // In a container the group's own folder may be the root of what is mounted: missing ones are passed over.
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      if (path == "/") path.clear();
      const double quota = quota_of(root + path);
      if (quota > 0 && (least == 0 || quota < least)) least = quota;
      if (path.empty()) break;
    }
  }
  return least;
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
