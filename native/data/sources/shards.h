// WebDataset: tar archives of samples `<key>.jpg` with `<key>.cls` or `<key>.json` beside it
// (https://github.com/webdataset/webdataset, "The WebDataset Format").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sources/image_set.h"

namespace singlepath {

struct ShardPaths {
  std::vector<std::string> images;       // the shards of the split
  std::vector<std::string> training;     // those that decide the classes: the same, or of the other split
  std::vector<std::string> class_names;  // what classes.txt says; may be empty
};

// The images in the order of the shards and of their members. Classes are those of `class_names`; else the
// numbers in .cls files, under the names a .json gives them; else names in natural order.
ImageSet open_shards(const ShardPaths& paths);

}  // namespace singlepath
