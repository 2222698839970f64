// Images that could not be read or decoded: what to do, and which there were.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace singlepath {

struct BrokenPolicy {
  bool skip = false;         // leave them out of their batches; else the first one is an error
  double most_share = 0.01;  // of the set's images that may be skipped before it is an error after all
};

class BrokenImages {
 public:
  BrokenImages(BrokenPolicy policy, int64_t images) : policy_(policy), images_(images) {}

  // Notes that an image is broken; `message` names it. Throws INVALID_DATASET where the policy says so.
  void add(int64_t index, const std::string& message);

  // Index and message of every image noted so far.
  std::map<int64_t, std::string> list() const;

 private:
  const BrokenPolicy policy_;
  const int64_t images_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::string> messages_;
};

}  // namespace singlepath
