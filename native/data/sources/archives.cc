#include "data/sources/archives.h"

#include "core/error.h"
#include "data/sources/encoded_files.h"

namespace singlepath {
namespace {

constexpr size_t kKeptOpen = 64;

}  // namespace

ArchiveSource::ArchiveSource(std::vector<std::shared_ptr<const RandomFile>> archives, ImageList list,
                             std::vector<MemberPlace> places)
    : list_(std::move(list)), places_(std::move(places)) {
  for (auto& archive : archives) {
    archives_.push_back(
        {archive->path(), archive->stamp(), archives.size() <= kKeptOpen ? archive : nullptr});
  }
}

std::string ArchiveSource::name(int64_t index) const {
  const MemberPlace& place = places_[static_cast<size_t>(index)];
  return archives_[place.archive].path + "!" + std::string(list_.names[index]);
}

std::string ArchiveSource::key(int64_t index) const {
  const std::string& path = archives_[places_[static_cast<size_t>(index)].archive].path;
  return path.substr(path.rfind('/') + 1) + "!" + std::string(list_.names[index]);
}

EncodedImage ArchiveSource::read(int64_t index, std::vector<uint8_t>& buffer) const {
  const MemberPlace& place = places_[static_cast<size_t>(index)];
  const Archive& archive = archives_[place.archive];
  const auto file = archive.open ? archive.open : std::make_shared<const RandomFile>(archive.path);
  if (file->stamp() != archive.stamp) {
    throw Error("INVALID_DATASET",
                "Expected the archive '" + archive.path + "' as it was when it was opened but it has changed",
                "leave the data set alone while it is in use");
  }
  if (!is_image_size(place.size)) throw wrong_image_size(place.size, name(index));
  buffer.resize(static_cast<size_t>(place.size));
  file->read(place.offset, buffer.data(), place.size, "an image");
  EncodedImage image;
  image.data = buffer.data();
  image.size = buffer.size();
  return image;
}

}  // namespace singlepath
