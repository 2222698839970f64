#include "data/image/patch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace singlepath {
namespace {

void copy_mirrored(const uint8_t* from, int pixels, int channels, uint8_t* to) {
  if (channels == 1) {
    std::reverse_copy(from, from + pixels, to);
    return;
  }
  to += static_cast<ptrdiff_t>(channels) * (pixels - 1);
  if (channels == 3) {  // a constant size is a load and a store
    for (int x = 0; x < pixels; x++, from += 3, to -= 3) std::memcpy(to, from, 3);
    return;
  }
  for (int x = 0; x < pixels; x++, from += channels, to -= channels) std::copy(from, from + channels, to);
}

}  // namespace

void write_crop(const PixelView& image, int top, int left, bool flip, uint8_t* out) {
  const int width = image.width;
  const size_t pixel = static_cast<size_t>(image.channels), row_bytes = pixel * static_cast<size_t>(width);
  // Output columns [begin, end) show the image, before mirroring.
  const int begin = std::clamp(-left, 0, width), end = std::clamp(width - left, begin, width);
  const size_t before = pixel * static_cast<size_t>(flip ? width - end : begin);
  const size_t inside = pixel * static_cast<size_t>(end - begin);
  for (int y = 0; y < image.height; y++, out += row_bytes) {
    const int from = y + top;
    if (from < 0 || from >= image.height) {
      std::memset(out, 0, row_bytes);
      continue;
    }
    const uint8_t* source = image.row(from) + (begin + left) * image.channels;
    std::memset(out, 0, before);
    if (flip) {
      copy_mirrored(source, end - begin, image.channels, out + before);
    } else {
      std::memcpy(out + before, source, inside);
    }
    std::memset(out + before + inside, 0, row_bytes - before - inside);
  }
}

void swap_red_and_blue(const Slot& image) {
  uint8_t* end = image.data + static_cast<ptrdiff_t>(image.height) * image.width * 3;
  for (uint8_t* pixel = image.data; pixel < end; pixel += 3) std::swap(pixel[0], pixel[2]);
}

void fill_box(const Slot& image, const Window& box, const std::vector<uint8_t>& fill) {
  const ptrdiff_t pixel = image.channels;
  for (int y = box.top; y < box.top + box.height; y++) {
    uint8_t* to = image.data + (static_cast<ptrdiff_t>(y) * image.width + box.left) * pixel;
    for (int x = 0; x < box.width; x++, to += pixel) std::copy(fill.begin(), fill.end(), to);
  }
}

void erase_randomly(const Slot& image, double probability, const std::vector<uint8_t>& fill,
                    RandomStream& random) {
  if (random.uniform() >= probability) return;
  const double area = static_cast<double>(image.height) * image.width;
  const double low = std::log(0.3), high = std::log(3.3);
  for (int attempt = 0; attempt < 10; attempt++) {
    const double target = area * (0.02 + 0.31 * random.uniform());
    const double ratio = std::exp(low + (high - low) * random.uniform());
    const auto height = static_cast<int>(std::nearbyint(std::sqrt(target * ratio)));
    const auto width = static_cast<int>(std::nearbyint(std::sqrt(target / ratio)));
    if (height < 1 || width < 1 || height >= image.height || width >= image.width) continue;
    const auto top = static_cast<int>(random.integer(static_cast<uint64_t>(image.height - height + 1)));
    const auto left = static_cast<int>(random.integer(static_cast<uint64_t>(image.width - width + 1)));
    return fill_box(image, {top, left, height, width}, fill);
  }
}

void cut_out(const Slot& image, int side, const std::vector<uint8_t>& fill, RandomStream& random) {
  const auto y = static_cast<int>(random.integer(static_cast<uint64_t>(image.height)));
  const auto x = static_cast<int>(random.integer(static_cast<uint64_t>(image.width)));
  const int top = std::max(0, y - side / 2), bottom = std::min(image.height, y - side / 2 + side);
  const int left = std::max(0, x - side / 2), right = std::min(image.width, x - side / 2 + side);
  fill_box(image, {top, left, bottom - top, right - left}, fill);
}

}  // namespace singlepath
