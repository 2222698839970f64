#include "data/image_worker.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"
#include "data/image/jitter.h"
#include "data/image/patch.h"

namespace singlepath {
namespace {

// Adds the time it lives to a sum.
class Stopwatch {
 public:
  explicit Stopwatch(int64_t& sum) : sum_(sum) {}
  ~Stopwatch() {
    sum_ += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin_)
                .count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  int64_t& sum_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Whether the stored picture's rows and columns run against those of the upright one (before sides are
// swapped).
bool rows_reversed(int orientation) {
  return orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
}
bool columns_reversed(int orientation) {
  return orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
}

Extent reversed(const Extent& extent, int side, int count) {
  return {side - extent.begin - extent.length, extent.length, extent.full,
          extent.full - extent.first - count};
}

// The largest scale JPEG decodes at that leaves at least the pixels asked for.
int denominator_for(const Placement& placement) {
  for (const int denominator : {8, 4, 2}) {
    if (placement.rows.length >= denominator * placement.rows.full &&
        placement.columns.length >= denominator * placement.columns.full) {
      return denominator;
    }
  }
  return 1;
}

// Of a box nothing outside is looked at, as if it had been cut out before.
void plan(const Extent& extent, int side, int denominator, int count, ResizeAxis* axis) {
  const double scale = denominator;
  const int low = extent.begin / denominator;
  const int high = std::min((extent.begin + extent.length + denominator - 1) / denominator,
                            (side + denominator - 1) / denominator);
  axis->plan(extent.begin / scale, extent.length / scale, low, high, extent.full, extent.first, count);
}

}  // namespace

bool ImageWorker::prepare(int64_t index, const Augment& augment, uint64_t seed, uint64_t epoch,
                          uint8_t* out) {
  std::string message;
  try {
    write(index, augment, seed, epoch, out);
    return true;
  } catch (const DecodeError& error) {
    message = "Cannot decode '" + dataset_->source().name(index) + "': " + error.what();
  } catch (const Error& error) {
    message = error.what();
  }
  dataset_->broken().add(index, message);
  return false;
}

void ImageWorker::open(int64_t index) {
  const PixelView kept = dataset_->cache().find(index);
  if (kept.data != nullptr) {
    header_ = decoder_.open({kept.data, static_cast<size_t>(kept.stride) * static_cast<size_t>(kept.height),
                             Encoding::raw, kept.height, kept.width, kept.channels});
    return;
  }
  EncodedImage image;
  {
    const Stopwatch watch(times_.read);
    image = dataset_->source().read(index, bytes_);
  }
  header_ = decoder_.open(image);
  if (!dataset_->options().upright) header_.orientation = 1;
  if (image.kind == Encoding::raw) return;
  const int64_t whole = static_cast<int64_t>(header_.height) * header_.width * dataset_->shape().channels;
  if (!dataset_->cache().wants(whole)) return;
  keep_whole(index);
  open(index);
}

// Decodes all of the image, turns it upright and puts it into the cache.
void ImageWorker::keep_whole(int64_t index) {
  const Stopwatch watch(times_.decode);
  PixelView image = decoder_.decode({0, 0, header_.height, header_.width}, dataset_->shape().channels);
  if (header_.orientation != 1) {
    const bool swap = header_.orientation >= 5;
    const PixelView turned{nullptr, swap ? image.width : image.height, swap ? image.height : image.width,
                           image.channels,
                           static_cast<ptrdiff_t>(image.channels) * (swap ? image.height : image.width)};
    uint8_t* to = ensure(turned_, static_cast<size_t>(turned.stride) * static_cast<size_t>(turned.height));
    write_upright(image, header_.orientation, to);
    image = turned;
    image.data = to;
  }
  dataset_->cache().keep(index, image);
}

// The part of the opened image that `placement` names, upright and at its size. `flipped` tells whether it is
// mirrored already; the pixels may lie in `out`.
PixelView ImageWorker::sized(const Placement& placement, bool exact, bool flip, bool* flipped, uint8_t* out) {
  const ImageShape& shape = dataset_->shape();
  const int orientation = header_.orientation;
  const bool swap = orientation >= 5;
  const int upright_height = swap ? header_.width : header_.height,
            upright_width = swap ? header_.height : header_.width;
  // Extents of the upright picture, then of the stored one.
  Extent rows = placement.rows, columns = placement.columns;
  int row_count = shape.height, column_count = shape.width;
  if (rows_reversed(orientation)) rows = reversed(rows, upright_height, row_count);
  if (columns_reversed(orientation)) columns = reversed(columns, upright_width, column_count);
  if (swap) {
    std::swap(rows, columns);
    std::swap(row_count, column_count);
  }
  *flipped = false;
  PixelView view;
  if (rows.full == rows.length && columns.full == columns.length) {
    const Stopwatch watch(times_.decode);
    view = decoder_.decode({rows.begin + rows.first, columns.begin + columns.first, row_count, column_count},
                           shape.channels);
    if (orientation == 1) return view;
  } else {
    const int denominator =
        exact || header_.format != ImageHeader::Format::jpeg ? 1 : denominator_for(placement);
    plan(rows, header_.height, denominator, row_count, &rows_);
    plan(columns, header_.width, denominator, column_count, &columns_);
    PixelView source;
    {
      const Stopwatch watch(times_.decode);
      source = decoder_.decode(
          {rows_.source_begin(), columns_.source_begin(), rows_.source_end() - rows_.source_begin(),
           columns_.source_end() - columns_.source_begin()},
          shape.channels, denominator);
    }
    uint8_t* to = orientation == 1 ? out : ensure(resized_, shape.bytes());
    *flipped = flip && orientation == 1;
    resizer_.resize(source, rows_, columns_, *flipped, to);
    view = {to, row_count, column_count, shape.channels,
            static_cast<ptrdiff_t>(column_count) * shape.channels};
    if (orientation == 1) return view;
  }
  uint8_t* to = ensure(turned_, shape.bytes());
  write_upright(view, orientation, to);
  return {to, shape.height, shape.width, shape.channels,
          static_cast<ptrdiff_t>(shape.width) * shape.channels};
}

void ImageWorker::write(int64_t index, const Augment& augment, uint64_t seed, uint64_t epoch, uint8_t* out) {
  const ImageTimes before = times_;
  int64_t all = 0;
  {
    const Stopwatch watch(all);
    open(index);
    const DatasetOptions& options = dataset_->options();
    const ImageShape& shape = options.shape;
    const bool swap = header_.orientation >= 5;
    const int height = swap ? header_.width : header_.height, width = swap ? header_.height : header_.width;
    RandomStream random(seed, Purpose::augmentation, (epoch << 32) + static_cast<uint64_t>(index));

    const Placement placement =
        augment.random_resized_crop
            ? random_resized_crop(augment, height, width, shape.height, shape.width, random)
            : centre_crop(options.resize, height, width, shape.height, shape.width);
    int top = 0, left = 0;
    if (augment.padding > 0) {
      const auto places = static_cast<uint64_t>(2 * augment.padding + 1);
      top = static_cast<int>(random.integer(places)) - augment.padding;
      left = static_cast<int>(random.integer(places)) - augment.padding;
    }
    random.skip_to(kDrawFlip);
    const bool flip = augment.flip && random.integer(2) == 1;
    const bool moves = top != 0 || left != 0;

    // A padded crop cannot be made in place.
    bool flipped = false;
    uint8_t* to = moves ? ensure(moved_, shape.bytes()) : out;
    const bool exact = options.exact || !augment.random_resized_crop;
    const PixelView image = sized(placement, exact, flip && !moves, &flipped, to);
    if (image.data != out) write_crop(image, top, left, flip && !flipped, out);

    const Slot slot{out, shape.height, shape.width, shape.channels};
    if (augment.jitters()) {
      random.skip_to(kDrawJitter);
      jitter_colours({augment.brightness, augment.contrast, augment.saturation, augment.hue}, random,
                     shape.channels, static_cast<size_t>(shape.height) * static_cast<size_t>(shape.width),
                     out);
    }
    if (options.bgr) swap_red_and_blue(slot);
    if (augment.erase > 0) {
      random.skip_to(kDrawErase);
      erase_randomly(slot, augment.erase, augment.fill, random);
    }
    if (augment.cutout > 0) {
      random.skip_to(kDrawCutout);
      cut_out(slot, augment.cutout, augment.fill, random);
    }
  }
  times_.transform += all - (times_.read - before.read) - (times_.decode - before.decode);
}

}  // namespace singlepath
