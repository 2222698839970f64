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
  if (!dataset_->cache().wants(whole_bytes())) return;
  keep_whole(index);
  open(index);
}

// Decodes all of the image and puts it, upright, into the cache.
void ImageWorker::keep_whole(int64_t index) {
  const Stopwatch watch(times_.decode);
  dataset_->cache().keep(index, upright({0, 0, upright_height(), upright_width()}, 1));
}

int64_t ImageWorker::whole_bytes() const {
  return static_cast<int64_t>(header_.height) * header_.width * dataset_->shape().channels;
}

int ImageWorker::upright_height() const {
  return header_.orientation >= 5 ? header_.width : header_.height;
}

int ImageWorker::upright_width() const {
  return header_.orientation >= 5 ? header_.height : header_.width;
}

// A window of the upright picture scaled down by `denominator`.
PixelView ImageWorker::upright(const Window& window, int denominator) {
  const int channels = dataset_->shape().channels, orientation = header_.orientation;
  if (orientation == 1) return decoder_.decode(window, channels, denominator);
  const auto scaled = [&](int side) { return (side + denominator - 1) / denominator; };
  const Window stored = stored_window(window, orientation, scaled(upright_height()), scaled(upright_width()));
  const PixelView view = decoder_.decode(stored, channels, denominator);
  const size_t bytes = static_cast<size_t>(window.height) * static_cast<size_t>(window.width * channels);
  uint8_t* to = ensure(turned_, bytes);
  write_upright(view, orientation, to);
  return {to, window.height, window.width, channels, static_cast<ptrdiff_t>(window.width) * channels};
}

// The part of the opened image that `placement` names, at its size. `flipped` tells whether it is mirrored
// already; the pixels may lie in `out`.
PixelView ImageWorker::sized(const Placement& placement, bool exact, bool flip, bool* flipped, uint8_t* out) {
  const ImageShape& shape = dataset_->shape();
  const Extent &rows = placement.rows, &columns = placement.columns;
  *flipped = false;
  if (rows.full == rows.length && columns.full == columns.length) {
    const Stopwatch watch(times_.decode);
    const int top = static_cast<int>(rows.begin + rows.first);
    const int left = static_cast<int>(columns.begin + columns.first);
    return upright({top, left, shape.height, shape.width}, 1);
  }
  const bool scalable = !exact && header_.format == ImageHeader::Format::jpeg;
  const int denominator = scalable ? denominator_for(placement) : 1;
  plan(rows, upright_height(), denominator, shape.height, &rows_);
  plan(columns, upright_width(), denominator, shape.width, &columns_);
  PixelView source;
  {
    const Stopwatch watch(times_.decode);
    source =
        upright({rows_.source_begin(), columns_.source_begin(), rows_.source_end() - rows_.source_begin(),
                 columns_.source_end() - columns_.source_begin()},
                denominator);
  }
  resizer_.resize(source, rows_, columns_, flip, out);
  *flipped = flip;
  return {out, shape.height, shape.width, shape.channels,
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
    const int height = upright_height(), width = upright_width();
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
    // What may be kept in memory is the same whether it is or not.
    const bool exact =
        options.exact || !augment.random_resized_crop || dataset_->cache().suits(whole_bytes());
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
