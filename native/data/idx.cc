#include "data/idx.h"

#include <cstdio>

#include "core/error.h"
#include "data/file.h"

namespace singlepath {
namespace {

constexpr uint32_t kImages = 0x00000803;
constexpr uint32_t kLabels = 0x00000801;
constexpr int64_t kLargestSide = 1 << 14;

std::string hex(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

uint32_t read_number(InputFile& file) {
  const auto bytes = file.read(4, "an IDX header");
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | uint32_t{bytes[3]};
}

void expect_magic(InputFile& file, uint32_t magic, const std::string& what) {
  const uint32_t got = read_number(file);
  if (got == magic) return;
  std::string hint = "this is no IDX file, packed or not: download it again";
  if (got == kImages) hint = "this is an IDX file of images";
  if (got == kLabels) hint = "this is an IDX file of labels";
  throw Error("INVALID_DATASET",
              "Expected an IDX file of " + what + " (magic " + hex(magic) + ") at '" + file.path() +
                  "' but received magic " + hex(got),
              hint);
}

}  // namespace

PixelArray read_idx(const std::string& images_path, const std::string& labels_path) {
  PixelArray dataset;
  dataset.channels = 1;

  InputFile images(images_path);
  expect_magic(images, kImages, "images");
  dataset.count = read_number(images);
  dataset.height = read_number(images);
  dataset.width = read_number(images);
  const std::string shape = std::to_string(dataset.count) + " images of " + std::to_string(dataset.height) +
                            "x" + std::to_string(dataset.width);
  if (dataset.count == 0 || dataset.height == 0 || dataset.width == 0 || dataset.height > kLargestSide ||
      dataset.width > kLargestSide) {
    throw Error("INVALID_DATASET",
                "Expected at least one image of sides 1 to " + std::to_string(kLargestSide) + " in '" +
                    images_path + "' but received " + shape,
                "the file is damaged, or not a set of images");
  }
  // At most 2^32 images of 2^14 x 2^14 pixels: the product fits, and memory grows with what is there.
  dataset.pixels = images.read(dataset.count * dataset.image_bytes(), "pixels (" + shape + ")");
  images.expect_end(shape);

  InputFile labels(labels_path);
  expect_magic(labels, kLabels, "labels");
  const int64_t count = read_number(labels);
  if (count != dataset.count) {
    throw Error("INVALID_DATASET",
                "Expected " + std::to_string(dataset.count) + " labels in '" + labels_path +
                    "', one for each image of '" + images_path + "', but received " + std::to_string(count),
                "the two files are of different sets or splits");
  }
  const auto bytes = labels.read(count, "labels");
  labels.expect_end(std::to_string(count) + " labels");
  dataset.labels.assign(bytes.begin(), bytes.end());
  return dataset;
}

}  // namespace singlepath
