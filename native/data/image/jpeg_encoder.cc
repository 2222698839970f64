#include "data/image/jpeg_encoder.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
// jpeglib.h needs stdio's types before it.
#include <jpeglib.h>

#include "core/error.h"

namespace singlepath {
namespace {

struct EncoderErrors {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void encoder_failed(j_common_ptr info) {
  auto* errors = reinterpret_cast<EncoderErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->back, 1);
}

struct EncodedBytes {
  unsigned char* data = nullptr;
  unsigned long size = 0;
};

// Nothing here may have a destructor: longjmp leaves it. False where libjpeg failed, with its message.
bool compress(const uint8_t* pixels, int height, int width, int quality, EncodedBytes* bytes,
              EncoderErrors* errors) {
  jpeg_compress_struct info;
  info.err = jpeg_std_error(&errors->base);
  errors->base.error_exit = encoder_failed;
  if (setjmp(errors->back)) {
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &bytes->data, &bytes->size);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.dct_method = JDCT_ISLOW;
  info.optimize_coding = TRUE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels) +
                static_cast<size_t>(info.next_scanline) * static_cast<size_t>(width) * 3;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

}  // namespace

std::vector<uint8_t> encode_jpeg(const uint8_t* pixels, int height, int width, int quality) {
  EncodedBytes bytes;
  EncoderErrors errors;
  const bool encoded = compress(pixels, height, width, quality, &bytes, &errors);
  const std::unique_ptr<unsigned char, void (*)(void*)> owned(bytes.data, std::free);
  if (!encoded) throw Error("NATIVE", std::string("Cannot encode a JPEG: ") + errors.message);
  return {bytes.data, bytes.data + bytes.size};
}

}  // namespace singlepath
