#include "data/sources/inspect.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "data/sources/parallel.h"
#include "data/sources/whole_image.h"

namespace singlepath {
namespace {

struct ImageFacts {
  int height = 0, width = 0;
  int64_t bytes = 0;
  ImageHeader::Format format = ImageHeader::Format::raw;
  bool decoded = false;
  std::array<double, 3> mean = {}, squares = {};  // pixels in 0..1
};

void measure(const PixelView& image, ImageFacts& facts) {
  std::array<uint64_t, 3> sums = {}, squares = {};
  for (int y = 0; y < image.height; y++) {
    const uint8_t* pixel = image.row(y);
    for (int x = 0; x < image.width; x++) {
      for (size_t c = 0; c < 3; c++, pixel++) {
        sums[c] += *pixel;
        squares[c] += uint64_t{*pixel} * *pixel;
      }
    }
  }
  const double count = static_cast<double>(image.height) * image.width;
  for (size_t c = 0; c < 3; c++) {
    facts.mean[c] = static_cast<double>(sums[c]) / count / 255;
    facts.squares[c] = static_cast<double>(squares[c]) / count / (255.0 * 255.0);
  }
  facts.decoded = true;
}

std::array<int, 3> spread_of(std::vector<int>& values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

// Of `decode` images among `images`, evenly spread: is this one of them?
bool is_chosen(int64_t index, int64_t images, int64_t decode) {
  if (decode < 0 || decode >= images) return true;
  return (index + 1) * decode / images > index * decode / images;
}

void summarise(const std::vector<std::optional<ImageFacts>>& facts, InspectReport& report) {
  std::vector<int> heights, widths;
  std::array<double, 3> mean = {}, squares = {};
  for (const auto& fact : facts) {
    if (!fact) continue;
    report.bytes += fact->bytes;
    heights.push_back(fact->height);
    widths.push_back(fact->width);
    using Format = ImageHeader::Format;
    (fact->format == Format::jpeg ? report.jpeg : fact->format == Format::png ? report.png : report.raw)++;
    if (!fact->decoded) continue;
    report.decoded++;
    for (size_t c = 0; c < 3; c++) {
      mean[c] += fact->mean[c];
      squares[c] += fact->squares[c];
    }
  }
  report.height = spread_of(heights);
  report.width = spread_of(widths);
  if (report.decoded == 0) return;
  for (size_t c = 0; c < 3; c++) {
    const double average = mean[c] / static_cast<double>(report.decoded);
    report.mean.push_back(average);
    report.std.push_back(
        std::sqrt(std::max(0.0, squares[c] / static_cast<double>(report.decoded) - average * average)));
  }
}

}  // namespace

InspectReport inspect_images(const SampleSource& source, const InspectOptions& options,
                             const Cancellation& cancel, const std::function<void(int64_t)>& progress) {
  InspectReport report;
  report.images = source.size();
  for (int64_t i = 0; i < source.size(); i++) {
    const auto label = static_cast<size_t>(source.label(i));
    if (label >= report.per_class.size()) report.per_class.resize(label + 1);
    report.per_class[label]++;
  }

  std::vector<std::optional<ImageFacts>> facts(static_cast<size_t>(source.size()));
  std::vector<std::pair<int64_t, ImageProblem>> broken;
  std::mutex mutex;
  const int64_t limit = options.pixel_limit > 0 ? options.pixel_limit : kPixelLimit;
  std::deque<WholeImage> images;
  for (int thread = 0; thread < options.threads; thread++) images.emplace_back(limit);

  const auto note = [&](int64_t index, const std::string& reason) {
    const std::lock_guard lock(mutex);
    broken.push_back({index, {source.name(index), reason}});
  };
  std::atomic<int64_t> done{0};
  for_each_index(
      0, source.size(), options.threads, cancel,
      [&](int64_t index, int thread) {
        WholeImage& image = images[static_cast<size_t>(thread)];
        try {
          image.open(source, index);
          ImageFacts fact;
          fact.height = image.height();
          fact.width = image.width();
          fact.bytes = static_cast<int64_t>(image.encoded().size);
          fact.format = image.format();
          if (is_chosen(index, source.size(), options.decode)) measure(image.decode(), fact);
          facts[static_cast<size_t>(index)] = fact;
        } catch (const DecodeError& error) {
          note(index, error.what());
        } catch (const Error& error) {
          note(index, error.what());
        }
      },
      [&] {
        if (progress) progress(++done);
      });
  std::sort(broken.begin(), broken.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [index, problem] : broken) report.broken.push_back(std::move(problem));
  summarise(facts, report);
  return report;
}

}  // namespace singlepath
