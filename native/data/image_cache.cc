#include "data/image_cache.h"

#include <cstring>
#include <memory>

namespace singlepath {

struct ImageCache::Entry {
  int height, width, channels;
  std::unique_ptr<uint8_t[]> pixels;
};

ImageCache::ImageCache(int64_t budget_bytes, int64_t images)
    : budget_(budget_bytes), images_(images), entries_(budget_bytes > 0 ? static_cast<size_t>(images) : 0) {}

ImageCache::~ImageCache() {
  for (auto& entry : entries_) delete entry.load();
}

PixelView ImageCache::find(int64_t index) const {
  if (entries_.empty()) return {};
  const Entry* entry = entries_[static_cast<size_t>(index)].load(std::memory_order_acquire);
  if (entry == nullptr) return {};
  return {entry->pixels.get(), entry->height, entry->width, entry->channels,
          static_cast<ptrdiff_t>(entry->width) * entry->channels};
}

void ImageCache::keep(int64_t index, const PixelView& image) {
  const size_t row = static_cast<size_t>(image.width) * static_cast<size_t>(image.channels);
  const size_t bytes = row * static_cast<size_t>(image.height);
  auto entry = std::make_unique<Entry>();
  *entry = {image.height, image.width, image.channels, std::unique_ptr<uint8_t[]>(new uint8_t[bytes])};
  for (int y = 0; y < image.height; y++)
    std::memcpy(entry->pixels.get() + static_cast<size_t>(y) * row, image.row(y), row);
  const Entry* none = nullptr;
  if (!entries_[static_cast<size_t>(index)].compare_exchange_strong(none, entry.get(),
                                                                    std::memory_order_release))
    return;
  entry.release();
  used_ += static_cast<int64_t>(bytes);
}

}  // namespace singlepath
