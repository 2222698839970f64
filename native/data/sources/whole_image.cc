#include "data/sources/whole_image.h"

#include <algorithm>
#include <cstring>

namespace singlepath {

void WholeImage::open(const SampleSource& source, int64_t index) {
  encoded_ = source.read(index, bytes_);
  header_ = decoder_.open(encoded_);
}

PixelView WholeImage::decode() {
  const PixelView stored = decoder_.decode({0, 0, header_.height, header_.width}, 3);
  PixelView view{nullptr, height(), width(), 3, ptrdiff_t{width()} * 3};
  uint8_t* out = ensure(upright_, static_cast<size_t>(view.height) * static_cast<size_t>(view.stride));
  write_upright(stored, header_.orientation, out);
  view.data = out;
  return view;
}

PixelView WholeImage::decode_resized(int short_side) {
  const PixelView whole = decode();
  const int shorter = std::min(whole.height, whole.width);
  if (shorter <= short_side) return whole;
  const auto scaled = [&](int side) {
    return std::max(1, static_cast<int>((int64_t{side} * short_side + shorter / 2) / shorter));
  };
  PixelView view{nullptr, scaled(whole.height), scaled(whole.width), 3, 0};
  view.stride = ptrdiff_t{view.width} * 3;
  rows_.plan(0, whole.height, 0, whole.height, view.height, 0, view.height);
  columns_.plan(0, whole.width, 0, whole.width, view.width, 0, view.width);
  uint8_t* out = ensure(resized_, static_cast<size_t>(view.height) * static_cast<size_t>(view.stride));
  resizer_.resize(whole, rows_, columns_, false, out);
  view.data = out;
  return view;
}

}  // namespace singlepath
