// Properties of decoding and resizing that hold bit for bit; test/native/programs.test.ts builds and runs it.
// Pixels are compared with Pillow's and torchvision's from TypeScript (test/data/images.test.ts).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/rng.h"
#include "core/test/check.h"
#include "data/image/avx2.h"
#include "data/image/decoder.h"
#include "data/image/resize.h"
#include "data/placement.h"
#include "data/test/fuzz/images_to_read.h"

using namespace singlepath;

namespace {

int below(RandomStream& random, int limit) {
  return static_cast<int>(random.integer(static_cast<uint64_t>(limit)));
}

// A window is that part of the whole picture, whatever is skipped before, beside and behind it.
void windows_are_parts(const Bytes& file, RandomStream& random) {
  ImageDecoder whole_decoder, decoder;
  const EncodedImage image{file.data(), file.size()};
  for (const int denominator : {1, 2, 4, 8}) {
    const ImageHeader header = whole_decoder.open(image);
    if (denominator > 1 && header.format != ImageHeader::Format::jpeg) return;
    const int height = (header.height + denominator - 1) / denominator;
    const int width = (header.width + denominator - 1) / denominator;
    for (const int channels : {1, 3}) {
      whole_decoder.open(image);
      const PixelView whole = whole_decoder.decode({0, 0, height, width}, channels, denominator);
      for (int round = 0; round < 40; round++) {
        const int top = below(random, height), left = below(random, width);
        const Window window{top, left, 1 + below(random, height - top), 1 + below(random, width - left)};
        decoder.open(image);
        const PixelView part = decoder.decode(window, channels, denominator);
        for (int y = 0; y < window.height; y++) {
          const size_t bytes = static_cast<size_t>(window.width * channels);
          check(std::memcmp(part.row(y), whole.row(top + y) + left * channels, bytes) == 0,
                "a decoded window is that part of the whole picture");
        }
      }
    }
  }
}

// Our own decoder gives libjpeg's pixels, for baseline files of all sizes, samplings, qualities and codes.
void own_decoder_is_libjpeg(RandomStream& random) {
  int own = 0;
  constexpr int kRounds = 1500;
  for (int round = 0; round < kRounds; round++) {
    JpegKind kind;
    kind.colours = below(random, 5) == 0 ? 1 : 3;
    kind.wide = 1 + below(random, 2);
    kind.high = 1 + below(random, 2);
    kind.own_codes = below(random, 2) == 0;
    kind.quality = round % 10 == 0 ? 100 : 1 + below(random, 100);
    kind.restart = below(random, 3) == 0 ? 1 + below(random, 20) : 0;
    kind.height = 1 + below(random, round % 4 == 0 ? 100 : 40);
    kind.width = 1 + below(random, round % 4 == 1 ? 150 : 40);
    kind.noise = below(random, 3) == 0 ? 0 : 1 + below(random, 255);
    own += decodes_like_libjpeg(make_jpeg(kind), 6, random);
  }
  check(!use_avx2() || own > kRounds * 3 / 4, "our own decoder takes them");
  JpegKind progressive;
  progressive.progressive = true;
  check(!decodes_like_libjpeg(make_jpeg(progressive), 2, random), "progressive files are libjpeg's");
}

Bytes without_segments(const Bytes& file, uint8_t marker) {
  Bytes rest(file.begin(), file.begin() + 2);
  size_t at = 2;
  while (file[at + 1] != 0xda) {  // the scan
    const size_t next = at + 2 + static_cast<size_t>(file[at + 2] << 8 | file[at + 3]);
    if (file[at + 1] != marker) rest.insert(rest.end(), file.data() + at, file.data() + next);
    at = next;
  }
  rest.insert(rest.end(), file.data() + at, file.data() + file.size());
  return rest;
}

Bytes whole_picture(ImageDecoder& decoder, const Bytes& file) {
  const ImageHeader header = decoder.open({file.data(), file.size()});
  const PixelView view = decoder.decode({0, 0, header.height, header.width}, 3, 1);
  Bytes pixels;
  for (int y = 0; y < view.height; y++) {
    pixels.insert(pixels.end(), view.row(y), view.row(y) + view.width * 3);
  }
  return pixels;
}

// A file without codes of its own (a frame of MJPEG) has the standard ones, one without quantizers is broken,
// whatever picture came before.
void tables_are_of_the_file() {
  constexpr uint8_t kCodes = 0xc4, kQuantizers = 0xdb;
  JpegKind kind, other;
  kind.quality = 90;
  other.quality = 40;
  other.own_codes = true;
  for (const int side : {7, 64}) {  // decoded by libjpeg, and by our own decoder
    kind.height = kind.width = other.height = other.width = side;
    const Bytes file = make_jpeg(kind), before = make_jpeg(other);
    ImageDecoder decoder;
    const Bytes pixels = whole_picture(decoder, file);
    whole_picture(decoder, before);
    check(whole_picture(decoder, without_segments(file, kCodes)) == pixels, "the standard codes");
    whole_picture(decoder, before);
    try {
      whole_picture(decoder, without_segments(file, kQuantizers));
      check(false, "no quantizers");
    } catch (const DecodeError&) {
    }
  }
}

// Every instruction set gives the same bytes; mirroring and an even area are exact.
void resizing_is_exact(RandomStream& random) {
  Resizer best, plain;
  plain.use_portable();
  ResizeAxis rows, columns;
  for (int round = 0; round < 300; round++) {
    const int height = 1 + below(random, 90), width = 1 + below(random, 90), channels = round % 5 ? 3 : 1;
    const int out_height = 1 + below(random, 60), out_width = 1 + below(random, 60);
    rows.plan(0, height, 0, height, out_height, 0, out_height);
    columns.plan(0, width, 0, width, out_width, 0, out_width);
    for (const ResizeAxis* axis : {&rows, &columns}) {
      for (int i = 0; i < axis->count(); i++) {
        int sum = 0;
        for (int k = 0; k < axis->taps(); k++) sum += axis->weights(i)[k];
        check(sum == 1 << 14, "weights add up to 1");
      }
    }
    Bytes pixels(static_cast<size_t>(height * width * channels));
    const bool even = round % 7 == 0;
    for (auto& value : pixels) value = even ? 200 : static_cast<uint8_t>(random.bits());
    const PixelView image{pixels.data(), height, width, channels, width * channels};
    const auto bytes = static_cast<size_t>(out_height * out_width * channels);
    Bytes a(bytes), b(bytes), mirrored(bytes);
    best.resize(image, rows, columns, false, a.data());
    plain.resize(image, rows, columns, false, b.data());
    best.resize(image, rows, columns, true, mirrored.data());
    check(a == b, "the same bytes on every instruction set");
    for (int y = 0; y < out_height; y++) {
      for (int x = 0; x < out_width; x++) {
        for (int c = 0; c < channels; c++) {
          const int at = (y * out_width + x) * channels + c;
          const int other = (y * out_width + out_width - 1 - x) * channels + c;
          check(a[static_cast<size_t>(at)] == mirrored[static_cast<size_t>(other)],
                "mirrored while it is written");
          if (even) check(a[static_cast<size_t>(at)] == 200, "an even area stays what it is");
        }
      }
    }
  }
}

// Mean share of the area over 20,000 boxes that torchvision's RandomResizedCrop.get_params drew from 200 x
// 300.
constexpr double kMeanArea = 0.391;

void boxes_lie_inside(RandomStream& random) {
  Augment augment;
  double area = 0;
  constexpr int kRounds = 20000;
  for (int round = 0; round < kRounds; round++) {
    const int height = 200, width = 300;
    const Placement box = random_resized_crop(augment, height, width, 64, 64, random);
    check(box.rows.begin >= 0 && box.rows.length >= 1 && box.rows.begin + box.rows.length <= height,
          "rows inside");
    check(
        box.columns.begin >= 0 && box.columns.length >= 1 && box.columns.begin + box.columns.length <= width,
        "columns inside");
    const double ratio = static_cast<double>(box.columns.length) / box.rows.length;
    check(ratio > 0.72 && ratio < 1.38, "aspect ratio between 3/4 and 4/3");
    area += static_cast<double>(box.rows.length) * box.columns.length / (height * width);
  }
  check(std::abs(area / kRounds - kMeanArea) < 0.01, "mean area");
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 500}, {500, 1}, {3, 2}}) {
    const Placement box = random_resized_crop(augment, height, width, 8, 8, random);
    check(box.rows.begin + box.rows.length <= height && box.columns.begin + box.columns.length <= width,
          "tiny pictures");
    const Placement centre = centre_crop(0, height, width, 8, 8);
    check(centre.rows.full >= 8 && centre.columns.full >= 8 && centre.rows.first >= 0 &&
              centre.columns.first >= 0 && centre.rows.first + 8 <= centre.rows.full &&
              centre.columns.first + 8 <= centre.columns.full,
          "the centre lies inside");
  }
  // The long side becomes 4.3 thousand million pixels.
  const Placement narrow = centre_crop(65500, 65500, 1, 32, 32);
  check(narrow.rows.full == int64_t{65500} * 65500 && narrow.columns.full == 65500, "a long narrow picture");
  check(narrow.rows.first == narrow.rows.full / 2 - 16, "the middle of a long narrow picture");
}

}  // namespace

int main() {
  RandomStream random(5, Purpose::test, 0);
  for (const auto& file : jpeg_seeds()) windows_are_parts(file, random);
  for (const auto& file : png_seeds()) windows_are_parts(file, random);
  own_decoder_is_libjpeg(random);
  tables_are_of_the_file();
  resizing_is_exact(random);
  boxes_lie_inside(random);
  std::puts("image_test: ok");
}
