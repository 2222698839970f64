// Decoded images kept in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "data/image/pixels.h"

namespace singlepath {

// Keeps an image only if a whole set of images of its size would fit into the budget: a part of a large set
// in memory would cost much and save little. Reading takes no lock.
class ImageCache {
 public:
  ImageCache(int64_t budget_bytes, int64_t images);
  ~ImageCache();
  ImageCache(const ImageCache&) = delete;
  ImageCache& operator=(const ImageCache&) = delete;

  // No data where the image is not kept.
  PixelView find(int64_t index) const;

  // Whether images of `bytes` are small enough to be kept.
  bool suits(int64_t bytes) const { return budget_ > 0 && bytes <= budget_ / images_; }

  // Whether there is room, too, so that the image is to be decoded as a whole and given to keep().
  bool wants(int64_t bytes) const {
    return suits(bytes) && used_.load(std::memory_order_relaxed) + bytes <= budget_;
  }

  // Copies the image; nothing happens when another thread was first.
  void keep(int64_t index, const PixelView& image);

  int64_t bytes() const { return used_; }

 private:
  struct Entry;

  const int64_t budget_, images_;
  std::atomic<int64_t> used_{0};
  std::vector<std::atomic<const Entry*>> entries_;
};

}  // namespace singlepath
