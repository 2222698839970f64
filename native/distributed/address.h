// Under which address this machine is reached.
#pragma once

#include <string>

namespace singlepath {

// The own address on the route to `host`, as a number; empty where the host is unknown. No packet is sent.
// What the own name resolves to is not asked: Debian's /etc/hosts says 127.0.1.1, which nobody else can
// reach.
std::string address_towards(const std::string& host);

}  // namespace singlepath
