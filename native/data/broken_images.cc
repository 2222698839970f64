#include "data/broken_images.h"

#include <cstdio>

#include "core/error.h"

namespace singlepath {

void BrokenImages::add(int64_t index, const std::string& message) {
  std::lock_guard lock(mutex_);
  messages_.emplace(index, message);
  if (!policy_.skip) {
    throw Error("INVALID_DATASET", message,
                "repair or remove the image, or leave broken images out with data.broken: skip");
  }
  const auto count = static_cast<int64_t>(messages_.size());
  if (static_cast<double>(count) > policy_.most_share * static_cast<double>(images_) && count > 1) {
    char share[32];
    std::snprintf(share, sizeof share, "%g", policy_.most_share * 100);
    throw Error("INVALID_DATASET",
                std::string("Expected at most ") + share + " % broken images but found " +
                    std::to_string(count) + " of " + std::to_string(images_) + "; the last one: " + message,
                "look at the images with `singlepath data verify`; data.brokenShare sets the limit");
  }
}

std::map<int64_t, std::string> BrokenImages::list() const {
  std::lock_guard lock(mutex_);
  return messages_;
}

}  // namespace singlepath
