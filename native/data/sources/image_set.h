// One split of a data set, opened: what every kind of source ends in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/sample_source.h"
#include "data/sources/listing.h"

namespace singlepath {

struct ImageSet {
  ImageSet() = default;
  // Of a source that knows no more than its images.
  ImageSet(std::shared_ptr<const SampleSource> images) : source(std::move(images)) {}  // NOLINT: a conversion

  std::shared_ptr<const SampleSource> source;
  std::vector<std::string> classes;  // names, by index; empty where they are not known
  bool has_test = true;              // false: the source is one set, without test images
  ListingNotes notes;
};

}  // namespace singlepath
