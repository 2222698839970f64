// What each rank tells all others before they exchange anything of variable size.
#pragma once

#include <cstdint>
#include <string>

namespace singlepath {

enum ReportFlag : uint32_t {
  kStopRequested = 1,  // by a signal: all ranks stop after this step
  kNonFinite = 2,      // the loss of this rank is not finite
  kFailed = 4,         // this rank cannot go on; its reason is in the store
};

// 32 bytes, always: c10d ends a process (std::terminate) when ranks disagree about the size of a message, so
// what they are about to send is compared first.
struct Report {
  uint32_t step = 0, flags = 0;
  uint64_t key = 0;  // a hash of what follows: path and size of the bucket, or the name of another exchange
  uint32_t images = 0, correct = 0;
  double loss = 0;  // summed over the images
};
static_assert(sizeof(Report) == 32, "the one message whose size may never differ");

}  // namespace singlepath
