// Encoding JPEG with libjpeg-turbo.
#pragma once

#include <cstdint>
#include <vector>

namespace singlepath {

// Encodes height x width RGB pixels, rows without gaps: baseline, 4:2:0, without restart markers, which would
// keep libjpeg-turbo from its fast way of decoding. `quality` is libjpeg's, 1 to 100.
std::vector<uint8_t> encode_jpeg(const uint8_t* pixels, int height, int width, int quality);

}  // namespace singlepath
