#include "data/image/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "data/image/exif.h"

namespace singlepath {
namespace {

// Text and profiles beside the pixels: bounded, as a small file may promise gigabytes of them.
constexpr png_alloc_size_t kMostChunkBytes = 8 << 20;
constexpr png_uint_32 kMostChunks = 1000;
constexpr png_uint_32 kLongestSide = 1000000;

}  // namespace

struct PngDecoder::State {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const uint8_t* data = nullptr;
  size_t left = 0;
  std::jmp_buf escape;
  char reason[200] = "";
  std::vector<uint8_t> row;
  std::vector<png_bytep> rows;

  ~State() { close(); }
  void close() { png_destroy_read_struct(&png, &info, nullptr); }

  static void fail(png_structp png, png_const_charp message) {
    auto& state = *static_cast<State*>(png_get_error_ptr(png));
    std::snprintf(state.reason, sizeof state.reason, "%s", message);
    std::longjmp(state.escape, 1);
  }

  static void give(png_structp png, png_bytep out, size_t bytes) {
    auto& state = *static_cast<State*>(png_get_io_ptr(png));
    if (bytes > state.left) png_error(png, "the file is truncated");
    std::memcpy(out, state.data, bytes);
    state.data += bytes;
    state.left -= bytes;
  }

  // No object with a destructor may live in the functions below: longjmp skips it.
  bool read_header(PngHeader* header) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, [](png_structp, png_const_charp) {});
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) {
      std::snprintf(reason, sizeof reason, "libpng does not start");
      return false;
    }
    if (setjmp(escape)) return false;
    png_set_user_limits(png, kLongestSide, kLongestSide);
    png_set_chunk_malloc_max(png, kMostChunkBytes);
    png_set_chunk_cache_max(png, kMostChunks);
    png_set_read_fn(png, this, give);
    png_read_info(png, info);
    header->height = static_cast<int>(png_get_image_height(png, info));
    header->width = static_cast<int>(png_get_image_width(png, info));
#ifdef PNG_eXIf_SUPPORTED
    png_bytep exif = nullptr;
    png_uint_32 exif_size = 0;
    if (png_get_eXIf_1(png, info, &exif_size, &exif) != 0)
      header->orientation = tiff_orientation(exif, exif_size);
#endif
    return true;
  }

  // Sets the conversions to 8 bits of `channels`; returns the passes of an interlaced file (1: not
  // interlaced).
  bool start(int channels, int* passes) {
    if (setjmp(escape)) return false;
    const int colour = png_get_color_type(png, info);
    png_set_expand(png);  // palettes to RGB, 1, 2 and 4 bits to 8
    png_set_scale_16(png);
    png_set_strip_alpha(png);
    const bool coloured = (colour & PNG_COLOR_MASK_COLOR) != 0;
    if (channels == 3 && !coloured) png_set_gray_to_rgb(png);
    if (channels == 1 && coloured) png_set_rgb_to_gray_fixed(png, PNG_ERROR_ACTION_NONE, 29900, 58700);
    *passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }

  bool read_window(const Window& window, size_t pixel, uint8_t* out) {
    if (setjmp(escape)) return false;
    const size_t bytes = static_cast<size_t>(window.width) * pixel;
    for (int y = 0; y < window.top + window.height; y++) {
      png_read_row(png, row.data(), nullptr);
      if (y < window.top) continue;
      std::memcpy(out + static_cast<size_t>(y - window.top) * bytes,
                  row.data() + static_cast<size_t>(window.left) * pixel, bytes);
    }
    return true;
  }

  bool read_all() {
    if (setjmp(escape)) return false;
    png_read_image(png, rows.data());
    return true;
  }

  [[noreturn]] void raise() {
    close();
    throw DecodeError(reason);
  }
};

PngDecoder::PngDecoder() : state_(std::make_unique<State>()) {}

PngDecoder::~PngDecoder() = default;

PngHeader PngDecoder::open(const uint8_t* data, size_t size) {
  State& state = *state_;
  state.close();
  state.data = data;
  state.left = size;
  PngHeader header;
  if (!state.read_header(&header)) state.raise();
  return header;
}

PixelView PngDecoder::decode(const Window& window, int channels, std::vector<uint8_t>& buffer) {
  State& state = *state_;
  int passes = 1;
  if (!state.start(channels, &passes)) state.raise();
  const size_t row_bytes = png_get_rowbytes(state.png, state.info), pixel = static_cast<size_t>(channels);
  if (row_bytes != png_get_image_width(state.png, state.info) * pixel)
    throw DecodeError("it has an unknown colour type");
  PixelView view{nullptr, window.height, window.width, channels, 0};
  if (passes == 1) {
    ensure(state.row, row_bytes);
    view.stride = static_cast<ptrdiff_t>(pixel) * window.width;
    view.data = ensure(buffer, static_cast<size_t>(view.stride) * static_cast<size_t>(window.height));
    if (!state.read_window(window, pixel, buffer.data())) state.raise();
  } else {
    const auto height = static_cast<size_t>(png_get_image_height(state.png, state.info));
    uint8_t* all = ensure(buffer, row_bytes * height);
    ensure(state.rows, height);
    for (size_t y = 0; y < height; y++) state.rows[y] = all + y * row_bytes;
    if (!state.read_all()) state.raise();
    view.stride = static_cast<ptrdiff_t>(row_bytes);
    view.data = all + static_cast<size_t>(window.top) * row_bytes + static_cast<size_t>(window.left) * pixel;
  }
  state.close();
  return view;
}

}  // namespace singlepath
