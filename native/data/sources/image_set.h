// One split of images on disk, opened: what every kind of source ends in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sample_source.h"
#include "data/sources/listing.h"

namespace singlepath {

struct ImageSet {
  std::shared_ptr<const SampleSource> source;
  std::vector<std::string> classes;  // names, by index
  ListingNotes notes;
};

}  // namespace singlepath
