// Labels that come from a program instead of a file.
#pragma once

#include <cstdint>
#include <vector>

namespace singlepath {

// Throws INVALID_DATASET unless there is one for each of `images`, and none is negative.
void check_labels(const std::vector<int32_t>& labels, int64_t images);

}  // namespace singlepath
