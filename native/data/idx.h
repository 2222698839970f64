// IDX, the format of MNIST and Fashion-MNIST: big-endian header, then bytes
// (Y. LeCun, "The MNIST database", section "The IDX file format").
#pragma once

#include <string>

#include "data/pixel_array.h"

namespace singlepath {

// Grey images (magic 0x00000803: count, rows, columns) and their labels (0x00000801: count); gzip or plain.
// Throws INVALID_DATASET naming the file for an empty, truncated, foreign or mismatched one.
PixelArray read_idx(const std::string& images_path, const std::string& labels_path);

}  // namespace singlepath
