// Images that lie in tar archives, read in place.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sample_source.h"
#include "data/sources/listing.h"
#include "data/sources/random_file.h"

namespace singlepath {

// Where the bytes of a member lie.
struct MemberPlace {
  uint32_t archive = 0;
  int64_t offset = 0, size = 0;
};

class ArchiveSource : public SampleSource {
 public:
  // `list` names the members, `places` says where they lie in `archives`.
  ArchiveSource(std::vector<std::shared_ptr<const RandomFile>> archives, ImageList list,
                std::vector<MemberPlace> places);

  int64_t size() const override { return list_.names.size(); }
  int64_t label(int64_t index) const override { return list_.labels[static_cast<size_t>(index)]; }
  std::string name(int64_t index) const override;
  std::string key(int64_t index) const override;
  // Throws INVALID_DATASET also where an archive is no longer the one that was indexed.
  EncodedImage read(int64_t index, std::vector<uint8_t>& buffer) const override;

 private:
  struct Archive {
    std::string path;
    FileStamp stamp;
    std::shared_ptr<const RandomFile> open;  // of few archives; many would meet the limit of open files
  };

  std::vector<Archive> archives_;
  const ImageList list_;
  const std::vector<MemberPlace> places_;
};

}  // namespace singlepath
