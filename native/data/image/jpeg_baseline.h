// A decoder of our own for the JPEG files that photographs come in.
#pragma once

#include <vector>

#include "data/image/jpeg_codes.h"
#include "data/image/jpeg_samples.h"
#include "data/image/pixels.h"

struct jpeg_decompress_struct;

namespace singlepath {

// Baseline files with Huffman codes, one scan, grey or YCbCr with chroma of full or half width and height, on
// processors with AVX2. It takes over when libjpeg has read the header and gives the pixels that libjpeg
// would, in about half of the time: codes and their values are looked up together, and outside of the window
// only their lengths matter. Whatever is unusual or damaged it leaves to libjpeg. Keeps its memory; for one
// thread.
class BaselineJpeg {
 public:
  // Decodes `window` at full size to 1 (grey) or 3 (RGB) channels; the view lives in `buffer`. False: this is
  // a file for libjpeg, of which nothing was changed.
  bool decode(const jpeg_decompress_struct& header, const Window& window, int channels,
              std::vector<uint8_t>& buffer, PixelView* view);

 private:
  static constexpr int kMostBlocks = 6;  // of an MCU: 4 of luma
  // Room for what is written beyond the last position, which nobody reads.
  static constexpr int kBlockSize = 64 + 8;

  struct Component {
    int width = 1, height = 1;             // blocks in an MCU
    alignas(32) int16_t factors[64] = {};  // of the coefficients, in natural order
    const JpegCodes *dc = nullptr, *ac = nullptr;
    int predictor = 0;
    std::vector<uint8_t> samples;  // of two rows of MCUs
    ptrdiff_t stride = 0;
  };
  struct Block {
    int component, x, y;
  };

  bool suits(const jpeg_decompress_struct& header);
  bool take_tables(const jpeg_decompress_struct& header, int index);
  void lay_out(const jpeg_decompress_struct& header, const Window& window);
  bool begin_interval();
  bool decode_row(int row);
  bool decode_mcu(int row, int column);
  bool skip_mcu();
  JpegBlock block_at(int index, int row, int column);
  uint8_t* samples_at(Component& component, int y) const;
  void write_lines(int from, int to);
  void chroma_line(int index, int y, uint8_t* line);

  int components_ = 0, channels_ = 0, width_ = 0, height_ = 0;
  int across_ = 0, down_ = 0;  // MCUs
  int interval_ = 0, left_in_interval_ = 0, restarts_ = 0;
  Component component_[3];
  JpegCodes dc_[4], ac_[4];
  Block blocks_[kMostBlocks];
  int block_count_ = 0;
  JpegBits bits_;
  JpegBitReader reader_{nullptr};
  // The window, from an even column on, and the MCUs that it needs.
  int left_ = 0, columns_ = 0, first_row_ = 0, last_row_ = 0, first_column_ = 0, end_column_ = 0;
  int top_ = 0;
  alignas(32) int16_t coefficients_[kMostBlocks][kBlockSize] = {};
  std::vector<uint16_t> sums_;
  std::vector<uint8_t> lines_[2];
  uint8_t* out_ = nullptr;
  ptrdiff_t out_stride_ = 0;
};

}  // namespace singlepath
