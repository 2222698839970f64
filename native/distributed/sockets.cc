#include "distributed/sockets.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

namespace singlepath {

std::set<int> open_sockets() {
  std::set<int> sockets;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return sockets;
  while (const dirent* entry = readdir(folder)) {
    const int handle = std::atoi(entry->d_name);
    struct stat status{};
    if (handle > 2 && fstat(handle, &status) == 0 && S_ISSOCK(status.st_mode)) sockets.insert(handle);
  }
  closedir(folder);
  return sockets;
}

std::vector<int> connected_since(const std::set<int>& before) {
  std::vector<int> connected;
  for (const int handle : open_sockets()) {
    if (before.count(handle) > 0) continue;
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    if (getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.ss_family == AF_INET || peer.ss_family == AF_INET6) connected.push_back(handle);
  }
  return connected;
}

void shut_down(const std::vector<int>& sockets) {
  for (const int handle : sockets) ::shutdown(handle, SHUT_RDWR);
}

}  // namespace singlepath
