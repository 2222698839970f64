#include "data/image/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs stdio's types before it.
#include <jerror.h>
#include <jpeglib.h>

#include "data/image/jpeg_baseline.h"

namespace singlepath {
namespace {

// Pixels beside a window that smooth chroma upsampling looks at.
constexpr int kMargin = 2;
// Each scan walks the whole picture: a file of a few kilobytes with thousands of them would take minutes.
constexpr int kMostScans = 200;
constexpr int kRowsAtOnce = 8;

// Pillow's formulae, for the inverted values that Adobe's programs write and for plain ones.
inline uint8_t scaled_by(int a, int b) {
  const int product = a * b + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

void cmyk_row(const uint8_t* from, int width, bool inverted, int channels, uint8_t* to) {
  for (int x = 0; x < width; x++, from += 4, to += channels) {
    uint8_t rgb[3];
    const int key = inverted ? from[3] : 255 - from[3];
    for (int c = 0; c < 3; c++) rgb[c] = scaled_by(inverted ? from[c] : 255 - from[c], key);
    if (channels == 1) {
      *to = luma(rgb[0], rgb[1], rgb[2]);
    } else {
      std::copy(rgb, rgb + 3, to);
    }
  }
}

}  // namespace

struct JpegDecoder::State {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape;
  char reason[JMSG_LENGTH_MAX] = "";
  std::vector<uint8_t> cmyk;
  BaselineJpeg baseline;

  static State& of(j_common_ptr info) { return *static_cast<State*>(info->client_data); }

  static void fail(j_common_ptr info) {
    info->err->format_message(info, of(info).reason);
    std::longjmp(of(info).escape, 1);
  }

  // libjpeg fills the rest of a file that ends early with grey: that is no picture to learn from. Other
  // warnings (stray bytes, odd version numbers) are about pictures that everyone else shows.
  static void message(j_common_ptr info, int level) {
    if (level == -1 && info->err->msg_code == JWRN_JPEG_EOF) {
      std::snprintf(of(info).reason, sizeof of(info).reason, "the file is truncated");
      std::longjmp(of(info).escape, 1);
    }
  }

  static void watch(j_common_ptr info) {
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
    std::snprintf(of(info).reason, sizeof of(info).reason, "it has more than %d scans", kMostScans);
    std::longjmp(of(info).escape, 1);
  }

  // No object with a destructor may live in the functions below: longjmp skips it.
  bool read_header(const uint8_t* data, size_t size) {
    if (setjmp(escape)) return false;
    // A decompressor keeps the tables of its last file, which the next one would be decoded with where it
    // lacks its own. Creating keeps `err` and `client_data` alone.
    jpeg_destroy_decompress(&info);
    jpeg_create_decompress(&info);
    info.progress = &progress;
    jpeg_mem_src(&info, data, static_cast<unsigned long>(size));
    jpeg_read_header(&info, TRUE);
    return true;
  }

  bool start(int denominator, int channels) {
    if (setjmp(escape)) return false;
    info.scale_num = 1;
    info.scale_denom = static_cast<unsigned>(denominator);
    info.dct_method = JDCT_ISLOW;
    info.do_fancy_upsampling = TRUE;
    const bool cmyk_file = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = cmyk_file ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&info);
    return true;
  }

  bool crop(JDIMENSION* left, JDIMENSION* width) {
    if (setjmp(escape)) return false;
    jpeg_crop_scanline(&info, left, width);
    return true;
  }

  bool read_rows(int top, int height, int channels, uint8_t* out, size_t stride, uint8_t* cmyk_rows) {
    if (setjmp(escape)) return false;
    if (top > 0) jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(top));
    const bool convert = info.out_color_space == JCS_CMYK;
    const size_t cmyk_stride = static_cast<size_t>(info.output_width) * 4;
    for (int y = 0; y < height;) {
      JSAMPROW rows[kRowsAtOnce];
      const int wanted = std::min(kRowsAtOnce, height - y);
      for (int i = 0; i < wanted; i++) {
        rows[i] = convert ? cmyk_rows + static_cast<size_t>(i) * cmyk_stride
                          : out + static_cast<size_t>(y + i) * stride;
      }
      const auto got = static_cast<int>(jpeg_read_scanlines(&info, rows, static_cast<JDIMENSION>(wanted)));
      for (int i = 0; convert && i < got; i++) {
        cmyk_row(rows[i], static_cast<int>(info.output_width), info.saw_Adobe_marker, channels,
                 out + static_cast<size_t>(y + i) * stride);
      }
      y += got;
    }
    jpeg_abort_decompress(&info);
    return true;
  }

  [[noreturn]] void raise() {
    jpeg_abort_decompress(&info);
    throw DecodeError(reason);
  }
};

JpegDecoder::JpegDecoder() : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.info.err = jpeg_std_error(&state.errors);
  state.errors.error_exit = State::fail;
  state.errors.emit_message = State::message;
  state.errors.output_message = [](j_common_ptr) {};
  state.info.client_data = &state;
  state.progress.progress_monitor = State::watch;
}

JpegDecoder::~JpegDecoder() {
  jpeg_destroy_decompress(&state_->info);
}

JpegHeader JpegDecoder::open(const uint8_t* data, size_t size) {
  if (!state_->read_header(data, size)) state_->raise();
  const auto& info = state_->info;
  return {static_cast<int>(info.image_height), static_cast<int>(info.image_width), info.num_components == 1};
}

PixelView JpegDecoder::decode(const Window& window, int denominator, int channels,
                              std::vector<uint8_t>& buffer) {
  State& state = *state_;
  PixelView view;
  was_own_ = own_ && denominator == 1 && state.baseline.decode(state.info, window, channels, buffer, &view);
  if (was_own_) return view;
  if (!state.start(denominator, channels)) state.raise();
  const int full_width = static_cast<int>(state.info.output_width);
  const int begin = std::max(0, window.left - kMargin),
            end = std::min(full_width, window.left + window.width + kMargin);
  auto left = static_cast<JDIMENSION>(begin), width = static_cast<JDIMENSION>(end - begin);
  if (end - begin < full_width && !state.crop(&left, &width)) state.raise();
  const size_t stride = static_cast<size_t>(state.info.output_width) * static_cast<size_t>(channels);
  uint8_t* out = ensure(buffer, stride * static_cast<size_t>(window.height));
  uint8_t* cmyk = state.info.out_color_space == JCS_CMYK
                      ? ensure(state.cmyk, static_cast<size_t>(state.info.output_width) * 4 * kRowsAtOnce)
                      : nullptr;
  if (!state.read_rows(window.top, window.height, channels, out, stride, cmyk)) state.raise();
  const int offset = window.left - (end - begin < full_width ? static_cast<int>(left) : 0);
  return {out + offset * channels, window.height, window.width, channels, static_cast<ptrdiff_t>(stride)};
}

}  // namespace singlepath
