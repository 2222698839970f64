// The sockets that somebody else opened in this process, to close them from outside.
#pragma once

#include <set>
#include <vector>

namespace singlepath {

// Handles of the sockets of this process. Empty where the system has no /proc.
std::set<int> open_sockets();

// Those of them that lead to another socket of the internet, and are not in `before`.
std::vector<int> connected_since(const std::set<int>& before);

// Ends the connections; the handles stay open, so that they are not given to anybody else.
void shut_down(const std::vector<int>& sockets);

}  // namespace singlepath
