// What store.cc and group.cc share: c10d's own store, and its errors. Only these two files are compiled with
// c10d's definitions (CMakeLists.txt).
#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "distributed/store.h"

namespace singlepath {

struct Store::Connection {
  c10::intrusive_ptr<c10d::Store> store;
};

// The first line of an error, without C++ frames.
inline std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace singlepath
