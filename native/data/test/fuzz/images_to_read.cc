#include "data/test/fuzz/images_to_read.h"

#include <cstdio>
// jpeglib.h needs stdio's types before it.
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include <cstring>
#include <memory>

#include "data/encoded_array.h"
#include "data/image_worker.h"

namespace singlepath {
namespace {

constexpr int kHeight = 37, kWidth = 45;  // of PNG files
constexpr int64_t kFuzzPixels = 1 << 16;  // a damaged header must not cost a second

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

uint8_t made_up(int y, int x, int c) {
  return static_cast<uint8_t>(y * 5 + x * 3 + c * 80 + ((x * y) & 16));
}

// EXIF block that says "turn by 90 degrees".
const uint8_t kExif[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
                         3,   0,   0, 0,  1, 0, 6, 0, 0, 0, 0, 0,    0};

void append_chunk(Bytes& file, const char* type, const Bytes& content) {
  const auto number = [&](uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) file.push_back(static_cast<uint8_t>(value >> shift));
  };
  number(static_cast<uint32_t>(content.size()));
  const size_t begin = file.size();
  file.insert(file.end(), type, type + 4);
  file.insert(file.end(), content.begin(), content.end());
  number(static_cast<uint32_t>(crc32(0, file.data() + begin, static_cast<unsigned>(file.size() - begin))));
}

Bytes make_png(int colour, int depth, bool interlaced, bool turned) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  Bytes file;
  png_set_write_fn(
      png, &file,
      [](png_structp to, png_bytep data, size_t size) {
        auto& bytes = *static_cast<Bytes*>(png_get_io_ptr(to));
        bytes.insert(bytes.end(), data, data + size);
      },
      nullptr);
  png_set_IHDR(png, info, kWidth, kHeight, depth, colour,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (colour == PNG_COLOR_TYPE_PALETTE) {
    std::vector<png_color> palette(size_t{1} << depth);
    for (size_t i = 0; i < palette.size(); i++)
      palette[i] = {static_cast<png_byte>(i * 9), 100, static_cast<png_byte>(255 - i)};
    png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  }
  png_write_info(png, info);
  const size_t row_bytes = png_get_rowbytes(png, info);
  std::vector<Bytes> rows(kHeight, Bytes(row_bytes));
  std::vector<png_bytep> pointers;
  for (int y = 0; y < kHeight; y++) {
    for (size_t i = 0; i < row_bytes; i++)
      rows[static_cast<size_t>(y)][i] = made_up(y, static_cast<int>(i), 0);
    pointers.push_back(rows[static_cast<size_t>(y)].data());
  }
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  if (turned) {
    Bytes block;
    append_chunk(block, "eXIf", Bytes(std::begin(kExif), std::end(kExif)));
    file.insert(file.begin() + 33, block.begin(), block.end());  // after the header
  }
  return file;
}

}  // namespace

Bytes make_jpeg(const JpegKind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_height = static_cast<JDIMENSION>(kind.height);
  info.image_width = static_cast<JDIMENSION>(kind.width);
  info.in_color_space = kind.colours == 4 ? JCS_CMYK : kind.colours == 1 ? JCS_GRAYSCALE : JCS_RGB;
  info.input_components = kind.colours;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, kind.quality, TRUE);
  info.comp_info[0].h_samp_factor = kind.wide;
  info.comp_info[0].v_samp_factor = kind.high;
  info.arith_code = kind.arithmetic;
  info.optimize_coding = kind.own_codes;
  info.restart_interval = static_cast<unsigned>(kind.restart);
  if (kind.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  if (kind.turned) {
    Bytes block = {'E', 'x', 'i', 'f', 0, 0};
    block.insert(block.end(), std::begin(kExif), std::end(kExif));
    jpeg_write_marker(&info, JPEG_APP0 + 1, block.data(), static_cast<unsigned>(block.size()));
  }
  RandomStream random(static_cast<uint64_t>(kind.noise), Purpose::test, 1);
  Bytes row(static_cast<size_t>(kind.width * kind.colours));
  for (int y = 0; y < kind.height; y++) {
    for (size_t i = 0; i < row.size(); i++) {
      const int at = static_cast<int>(i);
      row[i] = made_up(y, at / kind.colours, at % kind.colours);
      if (kind.noise > 0)
        row[i] = static_cast<uint8_t>(row[i] + random.integer(static_cast<uint64_t>(kind.noise)));
    }
    JSAMPROW rows[] = {row.data()};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  Bytes file(memory, memory + size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return file;
}

std::vector<Bytes> jpeg_seeds() {
  JpegKind progressive, arithmetic, both;
  progressive.progressive = arithmetic.arithmetic = true;
  both.progressive = both.arithmetic = true;
  both.colours = 4;
  both.wide = both.high = 1;
  return {make_jpeg({}),
          make_jpeg({3, 1, 1, false, false, true}),
          make_jpeg({3, 2, 1, false, false, false, true, 95, 2}),
          make_jpeg({3, 1, 2, false, false, false, false, 40}),
          make_jpeg(progressive),
          make_jpeg(arithmetic),
          make_jpeg({1, 1, 1}),
          make_jpeg({4, 1, 1}),
          make_jpeg(both)};
}

std::vector<Bytes> png_seeds() {
  return {make_png(PNG_COLOR_TYPE_RGB, 8, false, false),
          make_png(PNG_COLOR_TYPE_RGB, 16, true, false),
          make_png(PNG_COLOR_TYPE_GRAY, 1, false, false),
          make_png(PNG_COLOR_TYPE_GRAY, 16, false, true),
          make_png(PNG_COLOR_TYPE_PALETTE, 4, true, false),
          make_png(PNG_COLOR_TYPE_PALETTE, 8, false, false),
          make_png(PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false),
          make_png(PNG_COLOR_TYPE_RGB_ALPHA, 8, true, true)};
}

void repair_png(Bytes& file) {
  for (size_t at = 8; at + 12 <= file.size();) {
    const size_t length = static_cast<size_t>(file[at]) << 24 | static_cast<size_t>(file[at + 1]) << 16 |
                          static_cast<size_t>(file[at + 2]) << 8 | file[at + 3];
    if (length > file.size() - at - 12) return;
    const auto sum = static_cast<uint32_t>(crc32(0, file.data() + at + 4, static_cast<unsigned>(length + 4)));
    for (size_t i = 0; i < 4; i++) file[at + 8 + length + i] = static_cast<uint8_t>(sum >> (24 - 8 * i));
    at += length + 12;
  }
}

void run_image(const Bytes& input) {
  const auto source = std::make_shared<EncodedArray>();
  // A copy of the exact size: the sanitizer sees every byte read beyond it.
  source->files.emplace_back(input.begin(), input.end());
  source->labels = {0};
  DatasetOptions options;
  options.pixel_limit = kFuzzPixels;
  for (const int channels : {3, 1}) {
    options.shape = {channels, 24, 24};
    options.cache_bytes = channels == 1 ? 1 << 20 : 0;  // whole pictures, upright
    ImageWorker worker(std::make_shared<const Dataset>(source, options));
    Augment augment;
    augment.random_resized_crop = channels == 3;
    augment.padding = 2;
    augment.brightness = augment.saturation = 0.4;
    std::vector<uint8_t> out(options.shape.bytes());
    for (uint64_t epoch = 0; epoch < 2; epoch++) worker.prepare(0, augment, input.size(), epoch, out.data());
  }
}

bool decodes_like_libjpeg(const Bytes& input, int windows, RandomStream& random) {
  const Bytes file(input.begin(), input.end());
  JpegDecoder own, plain;
  plain.use_libjpeg();
  std::vector<uint8_t> own_pixels, plain_pixels;
  const auto below = [&](int limit) {
    return static_cast<int>(random.integer(static_cast<uint64_t>(limit)));
  };
  bool all = true;
  for (int i = 0; i <= windows; i++) {
    const int channels = i % 3 == 2 ? 1 : 3;
    Window window;
    PixelView expected, got;
    std::string refused;
    try {
      const JpegHeader header = plain.open(file.data(), file.size());
      if (static_cast<int64_t>(header.height) * header.width > kFuzzPixels) return false;
      window = {0, 0, header.height, header.width};
      if (i > 0) {
        window.top = below(header.height);
        window.left = below(header.width);
        window.height = 1 + below(header.height - window.top);
        window.width = 1 + below(header.width - window.left);
      }
      expected = plain.decode(window, 1, channels, plain_pixels);
    } catch (const DecodeError& error) {
      refused = error.what();
    }
    try {
      own.open(file.data(), file.size());
      got = own.decode(window, 1, channels, own_pixels);
      if (!refused.empty()) fail("libjpeg refuses it: " + refused);
    } catch (const DecodeError& error) {
      if (refused != error.what()) fail(std::string("only our own decoder refuses it: ") + error.what());
      return false;
    }
    all = all && own.was_own();
    for (int y = 0; y < window.height; y++) {
      const auto bytes = static_cast<size_t>(window.width * channels);
      if (std::memcmp(expected.row(y), got.row(y), bytes) != 0) fail("other pixels than libjpeg's");
    }
  }
  return all;
}

void run_jpeg(const Bytes& input) {
  RandomStream random(input.size(), Purpose::test, 0);
  decodes_like_libjpeg(input, 2, random);
  run_image(input);
}

}  // namespace singlepath
