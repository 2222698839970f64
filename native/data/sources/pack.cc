#include "data/sources/pack.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "data/image/jpeg_encoder.h"
#include "data/sources/crc32c.h"
#include "data/sources/fingerprint.h"
#include "data/sources/pack_writer.h"
#include "data/sources/parallel.h"
#include "data/sources/whole_image.h"

namespace singlepath {
namespace {

constexpr int64_t kImagesAtOnce = 32;  // a thread
constexpr int kJpegSide = 65'500;      // libjpeg's limit

// An image on its way into the file.
struct PackedImage {
  PackedEntry entry;
  std::vector<uint8_t> bytes;
  std::string broken;  // why it cannot be packed
};

// Training images, then test images, under one number.
class BothSplits {
 public:
  BothSplits(const SampleSource* training, const SampleSource* test) : parts_{training, test} {}

  int64_t training() const { return parts_[0] ? parts_[0]->size() : 0; }
  int64_t size() const { return training() + (parts_[1] ? parts_[1]->size() : 0); }
  std::pair<const SampleSource*, int64_t> at(int64_t index) const {
    return index < training() ? std::pair{parts_[0], index} : std::pair{parts_[1], index - training()};
  }

 private:
  const SampleSource* parts_[2];
};

// Under which name it is found in the packed file: without the folder or archive it came from.
std::string inner_name(const std::string& name, const std::string& root) {
  if (const size_t mark = name.rfind('!'); mark != std::string::npos) return name.substr(mark + 1);
  return !root.empty() && name.compare(0, root.size(), root) == 0 ? name.substr(root.size()) : name;
}

// Sets without names have numbers for them: a packed file knows how many classes there are by their names.
std::vector<std::string> class_names(const std::vector<std::string>& given, const BothSplits& images) {
  if (!given.empty()) return given;
  int64_t most = -1;
  for (int64_t i = 0; i < images.size(); i++) {
    const auto [source, index] = images.at(i);
    most = std::max(most, source->label(index));
  }
  std::vector<std::string> names;
  for (int64_t label = 0; label <= most; label++) names.push_back(std::to_string(label));
  return names;
}

// Of what is packed, and how.
uint64_t pack_fingerprint(const SampleSource* training, const SampleSource* test,
                          const PackOptions& options) {
  const uint64_t all[] = {training ? fingerprint_of(*training) : 0,
                          test ? fingerprint_of(*test) : 0,
                          training ? static_cast<uint64_t>(training->size()) : 0,
                          static_cast<uint64_t>(options.mode),
                          static_cast<uint64_t>(options.short_side),
                          static_cast<uint64_t>(options.quality)};
  return uint64_t{crc32c(all, sizeof all)} << 32 | crc32c(all, sizeof all / 2);
}

void fill(WholeImage& image, const std::string& name, const PackOptions& options, PackedImage& out) {
  using Mode = PackOptions::Mode;
  const EncodedImage& encoded = image.encoded();
  const bool raw_already = encoded.kind == Encoding::raw;
  const bool shrinks = options.short_side > 0 && std::min(image.height(), image.width()) > options.short_side;
  const auto keep = [&](const uint8_t* data, size_t size, bool raw, int height, int width, int channels) {
    out.bytes.assign(data, data + size);
    out.entry.encoding = raw ? 1 : 0;
    out.entry.height = height;
    out.entry.width = width;
    out.entry.channels = static_cast<uint8_t>(channels);
  };
  if (options.mode == Mode::original ||
      (!shrinks && (raw_already || (options.mode == Mode::jpeg && image.upright())))) {
    return keep(encoded.data, encoded.size, raw_already, image.height(), image.width(),
                raw_already ? encoded.channels : 3);
  }
  const PixelView pixels = shrinks ? image.decode_resized(options.short_side) : image.decode();
  const size_t size = static_cast<size_t>(pixels.height) * static_cast<size_t>(pixels.stride);
  if (options.mode == Mode::raw) return keep(pixels.data, size, true, pixels.height, pixels.width, 3);
  if (std::max(pixels.height, pixels.width) > kJpegSide) {
    throw Error("INVALID_DATASET", "Expected sides of at most 65,500 pixels, which a JPEG can have, but '" +
                                       name + "' would be " + std::to_string(pixels.height) + " x " +
                                       std::to_string(pixels.width));
  }
  const auto jpeg = encode_jpeg(pixels.data, pixels.height, pixels.width, options.quality);
  keep(jpeg.data(), jpeg.size(), false, pixels.height, pixels.width, 3);
}

PackedImage packed_image(WholeImage& image, const BothSplits& images, int64_t number,
                         const PackOptions& options) {
  const auto [source, index] = images.at(number);
  PackedImage packed;
  packed.entry.label = static_cast<int32_t>(source->label(index));
  try {
    image.open(*source, index);
    fill(image, source->name(index), options, packed);
  } catch (const DecodeError& error) {
    packed.broken = "Cannot decode '" + source->name(index) + "': " + error.what();
  } catch (const Error& error) {
    if (error.code != "INVALID_DATASET" && error.code != "IO") throw;
    packed.broken = error.what();
  }
  return packed;
}

// Keeps the account of what is left out, and stops where it is too much.
void leave_out(const BothSplits& images, int64_t number, const std::string& reason,
               const PackOptions& options, PackReport& report) {
  const auto [source, index] = images.at(number);
  report.left_out.push_back({source->name(index), reason});
  if (!options.skip) {
    throw Error("INVALID_DATASET", reason,
                "repair or remove the image, or leave broken images out with --policy skip");
  }
  const auto count = static_cast<double>(report.left_out.size());
  if (count > std::max(1.0, options.most_share * static_cast<double>(images.size()))) {
    throw Error("INVALID_DATASET",
                "Expected at most " + std::to_string(options.most_share * 100) +
                    " % broken images but found " + std::to_string(report.left_out.size()) + " of " +
                    std::to_string(images.size()) + "; the last one: " + reason,
                "`singlepath data verify` lists them, --max-broken sets the limit");
  }
}

}  // namespace

PackReport pack_images(const std::string& path, const SampleSource* training, const SampleSource* test,
                       const std::vector<std::string>& classes, const PackOptions& options,
                       const Cancellation& cancel, const std::function<void(int64_t)>& progress) {
  const BothSplits images(training, test);
  PackWriter writer(path, pack_fingerprint(training, test, options), options.resume);
  PackReport report;
  report.resumed = writer.done();
  std::deque<WholeImage> workers;
  for (int thread = 0; thread < options.threads; thread++) {
    workers.emplace_back(options.pixel_limit > 0 ? options.pixel_limit : kPixelLimit);
  }
  for (const int64_t number : writer.left_out()) {  // by the earlier call: once more for the reason
    std::string reason = packed_image(workers[0], images, number, options).broken;
    if (reason.empty()) {
      const auto [source, index] = images.at(number);
      reason = "'" + source->name(index) +
               "' could not be read by the earlier call and can be now: pack without --resume to have it";
    }
    leave_out(images, number, reason, options, report);
  }
  std::vector<PackedImage> chunk;
  while (writer.done() < images.size()) {
    if (progress) progress(writer.done());
    const int64_t begin = writer.done(),
                  end = std::min(images.size(), begin + kImagesAtOnce * options.threads);
    chunk.assign(static_cast<size_t>(end - begin), {});
    for_each_index(begin, end, options.threads, cancel, [&](int64_t number, int thread) {
      chunk[static_cast<size_t>(number - begin)] =
          packed_image(workers[static_cast<size_t>(thread)], images, number, options);
    });
    for (int64_t number = begin; number < end; number++) {
      const PackedImage& image = chunk[static_cast<size_t>(number - begin)];
      if (image.broken.empty()) {
        writer.add(image.bytes.data(), image.bytes.size(), image.entry);
      } else {
        leave_out(images, number, image.broken, options, report);
        writer.leave_out();
      }
    }
  }
  if (progress) progress(writer.done());
  std::vector<std::string> names;
  for (int64_t i = 0; i < images.size(); i++) {
    const auto [source, index] = images.at(i);
    names.push_back(inner_name(source->name(index), options.root));
  }
  writer.finish(names, images.training(), class_names(classes, images), options.notes);
  report.images = images.size() - static_cast<int64_t>(report.left_out.size());
  report.training = writer.training();
  report.bytes = writer.bytes();
  return report;
}

}  // namespace singlepath
