#include "data/image/jpeg_baseline.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs stdio's types before it.
#include <jpeglib.h>

#include "data/image/avx2.h"
#include "data/image/jpeg_block.h"

namespace singlepath {
namespace {

constexpr int kBlockSide = DCTSIZE;
// Narrower pictures are upsampled in another way.
constexpr int kLeastWidth = 8;
constexpr uint8_t kEndOfImage = 0xd9;

int rounded_up(int value, int to) {
  return (value + to - 1) / to * to;
}

// Means of blocks beyond this come from damage; the transform could not take them.
constexpr int kMostPredictor = 4095;

}  // namespace

bool BaselineJpeg::decode(const jpeg_decompress_struct& header, const Window& window, int channels,
                          std::vector<uint8_t>& buffer, PixelView* view) {
  channels_ = channels;
  if (!suits(header)) return false;
  lay_out(header, window);
  out_stride_ = static_cast<ptrdiff_t>(rounded_up(columns_, kLineSlack)) * channels;
  out_ = ensure(buffer, static_cast<size_t>(out_stride_) * static_cast<size_t>(window.height));
  for (auto& block : coefficients_) std::fill(std::begin(block), std::end(block), int16_t{0});
  const uint8_t* data = header.src->next_input_byte;
  const size_t size = header.src->bytes_in_buffer;
  // How much of a truncated file can be used is for libjpeg to say, which looks further ahead.
  const bool ended = size >= 2 && data[size - 2] == 0xff && data[size - 1] == kEndOfImage;
  if (!ended && interval_ > 0) return false;
  bits_.start(data, size);
  bits_.more();
  restarts_ = -1;
  if (!begin_interval()) return false;
  const int mcu_height = kBlockSide * component_[0].height, bottom = window.top + window.height;
  // The last line of an MCU row looks at the chroma of the next one.
  const int later = channels == 3 && component_[0].height == 2 ? 1 : 0;
  int written = window.top;
  for (int row = 0; row <= last_row_; row++) {
    if (!decode_row(row)) return false;
    if (row < first_row_) continue;
    const int until = row == last_row_ ? bottom : std::min(bottom, (row + 1) * mcu_height - later);
    write_lines(written, until);
    written = std::max(written, until);
  }
  if (reader_.position() > bits_.end()) return false;
  if (!ended && bits_.cut_off()) return false;
  *view = {out_ + (window.left - left_) * channels, window.height, window.width, channels, out_stride_};
  return true;
}

bool BaselineJpeg::suits(const jpeg_decompress_struct& header) {
  if (!use_avx2() || header.progressive_mode || header.arith_code || header.data_precision != 8 ||
      header.comps_in_scan != header.num_components || header.src->bytes_in_buffer == 0) {
    return false;
  }
  width_ = static_cast<int>(header.image_width);
  height_ = static_cast<int>(header.image_height);
  components_ = header.num_components;
  if (width_ < kLeastWidth) return false;
  const auto* first = header.comp_info;
  if (components_ == 1) {
    if (header.jpeg_color_space != JCS_GRAYSCALE) return false;
    component_[0].width = component_[0].height = 1;  // a scan of one component knows no larger MCU
  } else {
    if (components_ != 3 || header.jpeg_color_space != JCS_YCbCr) return false;
    for (int i = 0; i < 3; i++) {
      const auto& part = header.comp_info[i];
      if (header.cur_comp_info[i] != &part) return false;
      if (i > 0 && (part.h_samp_factor != 1 || part.v_samp_factor != 1)) return false;
      component_[i].width = part.h_samp_factor;
      component_[i].height = part.v_samp_factor;
    }
    if (first->h_samp_factor > 2 || first->v_samp_factor > 2) return false;
  }
  for (int i = 0; i < components_; i++) {
    if (!take_tables(header, i)) return false;
  }
  return true;
}

bool BaselineJpeg::take_tables(const jpeg_decompress_struct& header, int index) {
  const auto& part = header.comp_info[index];
  for (const int number : {part.quant_tbl_no, part.dc_tbl_no, part.ac_tbl_no}) {
    if (number < 0 || number >= 4) return false;
  }
  const JQUANT_TBL* factors = header.quant_tbl_ptrs[part.quant_tbl_no];
  const JHUFF_TBL *dc = header.dc_huff_tbl_ptrs[part.dc_tbl_no],
                  *ac = header.ac_huff_tbl_ptrs[part.ac_tbl_no];
  if (factors == nullptr || dc == nullptr || ac == nullptr) return false;
  if (!dc_[part.dc_tbl_no].build(JpegCodes::Kind::dc, dc->bits + 1, dc->huffval) ||
      !ac_[part.ac_tbl_no].build(JpegCodes::Kind::ac, ac->bits + 1, ac->huffval)) {
    return false;
  }
  Component& component = component_[index];
  component.dc = &dc_[part.dc_tbl_no];
  component.ac = &ac_[part.ac_tbl_no];
  const auto* steps = factors->quantval;
  std::copy(steps, steps + 64, component.factors);
  return std::all_of(steps, steps + 64, [](unsigned step) { return step < 1 << 15; });
}

void BaselineJpeg::lay_out(const jpeg_decompress_struct& header, const Window& window) {
  const Component& luma = component_[0];
  const bool colours = components_ == 3 && channels_ == 3;
  const int mcu_width = kBlockSide * luma.width, mcu_height = kBlockSide * luma.height;
  across_ = (width_ + mcu_width - 1) / mcu_width;
  down_ = (height_ + mcu_height - 1) / mcu_height;
  interval_ = static_cast<int>(header.restart_interval);
  top_ = window.top;
  left_ = window.left & ~1;
  columns_ = window.left + window.width - left_;
  // Upsampling looks one sample of chroma further.
  const int beside = colours && luma.width == 2 ? 2 : 0, above = colours && luma.height == 2 ? 2 : 0;
  const int right = window.left + window.width, bottom = window.top + window.height;
  first_column_ = std::max(0, left_ - beside) / mcu_width;
  end_column_ = std::min(across_, (right - 1 + beside) / mcu_width + 1);
  first_row_ = std::max(0, window.top - above) / mcu_height;
  last_row_ = std::min(down_ - 1, (bottom - 1 + above) / mcu_height);
  block_count_ = 0;
  for (int c = 0; c < components_; c++) {
    Component& component = component_[c];
    for (int y = 0; y < component.height; y++) {
      for (int x = 0; x < component.width; x++) blocks_[block_count_++] = {c, x, y};
    }
    // Slack in front of the first row and behind the last, for lines that begin and end outside.
    component.stride = (end_column_ - first_column_) * kBlockSide * component.width;
    ensure(component.samples,
           static_cast<size_t>(component.stride) * static_cast<size_t>(2 * kBlockSide * component.height) +
               static_cast<size_t>(4 * kLineSlack));
  }
  const auto line = static_cast<size_t>(columns_ + 4 * kLineSlack);
  ensure(sums_, line);
  for (auto& samples : lines_) ensure(samples, line);
}

bool BaselineJpeg::begin_interval() {
  if (restarts_ >= 0 && (reader_.position() > bits_.end() || !bits_.restart(restarts_ % 8))) return false;
  restarts_++;
  reader_ = JpegBitReader(bits_.begin());
  left_in_interval_ = interval_;
  for (auto& component : component_) component.predictor = 0;
  return true;
}

SINGLEPATH_BMI2 bool BaselineJpeg::skip_mcu() {
  JpegBitReader reader = reader_;
  for (int i = 0; i < block_count_; i++) {
    Component& component = component_[blocks_[i].component];
    bool flat;
    if (!read_block<false>(reader, *component.dc, *component.ac, component.predictor, nullptr, &flat))
      return false;
  }
  reader_ = reader;
  return true;
}

SINGLEPATH_BMI2 bool BaselineJpeg::decode_mcu(int row, int column) {
  JpegBitReader reader = reader_;
  bool flat[kMostBlocks];
  const int kept = channels_ == 1 ? component_[0].width * component_[0].height : block_count_;
  for (int i = 0; i < block_count_; i++) {
    Component& component = component_[blocks_[i].component];
    int16_t* block = coefficients_[i];
    const JpegCodes &dc = *component.dc, &ac = *component.ac;
    const bool sound = i < kept ? read_block<true>(reader, dc, ac, component.predictor, block, &flat[i])
                                : read_block<false>(reader, dc, ac, component.predictor, block, &flat[i]);
    if (!sound) return false;
  }
  reader_ = reader;
  for (int i = 0; i < kept; i += 2) {
    const int j = std::min(i + 1, kept - 1);
    const JpegBlock a = block_at(i, row, column), b = block_at(j, row, column);
    if (std::abs(a.coefficients[0]) > kMostPredictor || std::abs(b.coefficients[0]) > kMostPredictor)
      return false;
    if (!(flat[i] && flat[j] ? inverse_dct_flat(a) && (i == j || inverse_dct_flat(b)) : inverse_dct(a, b)))
      return false;
  }
  return true;
}

JpegBlock BaselineJpeg::block_at(int index, int row, int column) {
  const Block& block = blocks_[index];
  Component& component = component_[block.component];
  uint8_t* line = samples_at(component, (row * component.height + block.y) * kBlockSide);
  const int x = ((column - first_column_) * component.width + block.x) * kBlockSide;
  return {coefficients_[index], component.factors, line + x, component.stride};
}

bool BaselineJpeg::decode_row(int row) {
  const bool needed = row >= first_row_;
  for (int column = 0; column < across_; column++) {
    if (interval_ > 0 && left_in_interval_-- == 0) {
      if (!begin_interval()) return false;
      left_in_interval_--;
    }
    if (reader_.fetched() > bits_.low_water() && !bits_.more() && reader_.position() > bits_.end())
      return false;
    const bool inside = needed && column >= first_column_ && column < end_column_;
    if (!(inside ? decode_mcu(row, column) : skip_mcu())) return false;
  }
  return std::all_of(component_, component_ + components_, [](const Component& component) {
    return std::abs(component.predictor) <= kMostPredictor;
  });
}

// Line `y` of a component's samples, at the first decoded column.
uint8_t* BaselineJpeg::samples_at(Component& component, int y) const {
  return component.samples.data() + kLineSlack +
         (y & (2 * kBlockSide * component.height - 1)) * component.stride;
}

void BaselineJpeg::write_lines(int from, int to) {
  Component& luma = component_[0];
  const int origin = first_column_ * kBlockSide * luma.width;
  for (int y = from; y < to; y++) {
    const uint8_t* line = samples_at(luma, y) + left_ - origin;
    uint8_t* out = out_ + (y - top_) * out_stride_;
    if (channels_ == 1) {
      std::copy(line, line + columns_, out);
    } else if (components_ == 1) {
      for (int x = 0; x < columns_; x++, out += 3) out[0] = out[1] = out[2] = line[x];
    } else {
      for (int c = 1; c < 3; c++) chroma_line(c, y, lines_[c - 1].data());
      to_rgb(line, lines_[0].data(), lines_[1].data(), columns_, out);
    }
  }
}

// Chroma of line `y`, one sample for each pixel of the window.
void BaselineJpeg::chroma_line(int index, int y, uint8_t* line) {
  Component& chroma = component_[index];
  const int wide = component_[0].width, high = component_[0].height;
  const int width = (width_ + wide - 1) / wide, height = (height_ + high - 1) / high;
  const int begin = left_ / wide, count = (columns_ + wide - 1) / wide;
  const int near = y / high, far = std::clamp(y % 2 == 0 ? near - 1 : near + 1, 0, height - 1);
  const ptrdiff_t offset = begin - first_column_ * kBlockSide;
  const ChromaRows rows{samples_at(chroma, near) + offset,
                        high == 2 ? samples_at(chroma, far) + offset : nullptr};
  if (wide == 2) {
    widen_chroma(rows, count, begin == 0, begin + count == width, sums_.data(), line);
  } else if (high == 2) {
    between_chroma(rows, count, y % 2 == 1, line);
  } else {
    std::copy(rows.near, rows.near + count, line);
  }
}

}  // namespace singlepath
