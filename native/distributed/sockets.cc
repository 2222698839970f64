#include "distributed/sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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

Connections::~Connections() {
  for (const int handle : handles_) close(handle);
}

void Connections::take(const std::set<int>& before) {
  for (const int handle : open_sockets()) {
    if (before.count(handle) > 0) continue;
    sockaddr_storage peer{};
    socklen_t length = sizeof(peer);
    if (getpeername(handle, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) continue;
    const int own = fcntl(handle, F_DUPFD_CLOEXEC, 3);
    if (own >= 0) handles_.push_back(own);
  }
}

bool Connections::ended() const {
#ifdef POLLRDHUP
  constexpr short kEnd = POLLRDHUP;
#else
  constexpr short kEnd = 0;  // POLLHUP and POLLERR are always told
#endif
  std::vector<pollfd> looked;
  for (const int handle : handles_) looked.push_back({handle, kEnd, 0});
  return poll(looked.data(), looked.size(), 0) > 0;
}

void Connections::shut_down() const {
  for (const int handle : handles_) ::shutdown(handle, SHUT_RDWR);
}

}  // namespace singlepath
