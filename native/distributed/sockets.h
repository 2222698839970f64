// The connections that somebody else (Gloo) holds in this process, to watch and to close them from outside.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

namespace singlepath {

// Handles of the sockets of this process. Empty where the system has no /proc.
std::set<int> open_sockets();

// Handles of its own on connections: their owner may close its own, which the system then gives to others.
class Connections {
 public:
  Connections() = default;
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  // Takes those to other sockets of the internet that are not in `before`.
  void take(const std::set<int>& before);
  size_t size() const { return handles_.size(); }

  // Whether one of them has ended, on this side or the other.
  bool ended() const;

  // Ends them all, for their owner and for the other side.
  void shut_down() const;

 private:
  std::vector<int> handles_;
};

}  // namespace singlepath
