// Opens a split of images on disk, whatever way they are laid out.
#pragma once

#include <string>
#include <vector>

#include "data/sources/arrange.h"
#include "data/sources/image_set.h"

namespace singlepath {

enum class SourceKind { image_folder, tiny_imagenet, tar, webdataset, csv, packed };

struct SourceSpec {
  SourceKind kind = SourceKind::image_folder;
  std::vector<std::string> paths;  // one; any number of shards
  std::vector<std::string>
      test_paths;  // where the test images are when they are not with the others; may be empty
  Split split = Split::train;
  // Where there are no test images, deliver all images for the test split, too: the caller divides them.
  bool whole_without_test = false;
};

// Throws INVALID_DATASET naming what is missing or wrong and where, IO.
ImageSet open_images(const SourceSpec& spec);

}  // namespace singlepath
